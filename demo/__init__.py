"""Fills an instance of the service with a month of play and the work of a team, for people who look at it first.

Everything comes in by the service's own ways: events in batches over HTTP, all else through the controllers. Nothing is
written into tables, so what pages show is what the service makes of it; whatever is done is done now.
"""
