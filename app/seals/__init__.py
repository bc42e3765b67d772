"""Seals over all that is stored, which reveal later changes and deletions."""
