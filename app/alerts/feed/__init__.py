"""The feed: all that was raised, found late or retracted, in the order in which it was numbered, without gaps."""
