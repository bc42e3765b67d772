"""The migrations, and how filled tables are changed while the service runs."""
