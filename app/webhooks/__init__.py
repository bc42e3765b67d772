"""Telling other systems what became known: endpoints, deliveries to them, and the sender."""
