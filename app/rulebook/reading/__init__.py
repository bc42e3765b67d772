"""Reading the rule book: editions, their differences, and the audit of steps."""
