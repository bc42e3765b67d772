"""Code with no business word in it: what any service of this kind could use."""
