"""Runs the service and a private PostgreSQL on one machine, without containers or anything installed."""
