"""Raised codes with what proves them, for those who look into them."""
