"""lib.install: the locked packages and nothing else, and a plain word when that fails."""
