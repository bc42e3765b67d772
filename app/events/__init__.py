"""Activity events: received, judged, stored."""
