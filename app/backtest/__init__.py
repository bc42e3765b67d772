"""Rules on all that is stored: what an edition would have raised, and whether the past is judged the same again."""
