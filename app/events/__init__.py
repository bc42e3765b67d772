"""Activity events: received, evaluated, stored."""
