"""People who sign in: accounts, sessions, what they may do."""
