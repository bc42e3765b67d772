"""Many events in one request: `POST /events`."""
