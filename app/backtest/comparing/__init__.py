"""Live against shadow: what two editions raised at the events that both judged, from the stored alerts (A60)."""
