"""Metrics of a web service for Prometheus, added up over all its worker processes."""
