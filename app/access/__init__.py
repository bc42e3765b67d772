"""Keys for machines: who may do what."""
