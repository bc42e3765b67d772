"""What the commands refuse with."""


class LocalError(Exception):
    """One line for the person at the terminal: what is wrong, and what to do next."""
