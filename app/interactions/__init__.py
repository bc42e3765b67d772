"""Interactions with players, automated actions and evaluations, as records."""
