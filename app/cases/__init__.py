"""Cases: what people do about alerts, one open case a player."""
