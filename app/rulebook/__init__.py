"""The rule book: which rules judge, in numbered editions that never change."""
