"""Why a request has no answer, in words for an operator.

Of a URL they name the host at most, because the rest may be secret, and of what a server sent nothing.
"""


class Refused(Exception):
    """The request was not sent because it may not be; the message says what is wrong and what to do."""


class Failed(Exception):
    """The request was attempted, and no answer came; the message is a short reason."""
