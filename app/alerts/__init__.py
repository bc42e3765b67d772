"""Raised codes with their evidence, for those who investigate them."""
