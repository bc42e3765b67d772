"""What the service counts and measures, shown to whoever watches it."""
