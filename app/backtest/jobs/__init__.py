"""Backtests that people ask for in the console, and the worker runs."""
