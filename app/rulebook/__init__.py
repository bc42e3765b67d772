"""The rule book: which rules are evaluated, in numbered editions that never change."""
