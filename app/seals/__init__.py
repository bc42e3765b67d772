"""Seals over all that is stored: what makes it known later that something is gone or was changed."""
