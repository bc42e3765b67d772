"""Reading back: stored events, the answers to them, and each player's totals."""
