"""Whether publishing takes two people: a rule of the database, not of the person who types a command (A46)."""
