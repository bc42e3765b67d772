"""What judging all that is stored costs, as a multiple of reading it."""
