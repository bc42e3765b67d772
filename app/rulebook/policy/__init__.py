"""Whether an edition takes two people: a rule of the database, not of whoever types a command (A46)."""
