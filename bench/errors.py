"""What ends a run early."""


class BenchError(Exception):
    """Something failed or answered wrongly; one line says what."""


class ToolMissing(BenchError):
    """A program that the measurement needs is not installed; the line says how to get it."""
