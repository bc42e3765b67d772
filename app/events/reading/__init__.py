"""Reading back: which events were stored, what was answered to them, and what a user's add up to."""
