"""Secrets that are kept in files, one in each."""

from pathlib import Path

MAX_SECRET = 65_536  # bytes; a larger file is not the one that was meant


class UnreadableSecret(ValueError):
    """A file holds no readable secret; the text says why, without quoting the file."""


def read_secret(file: Path) -> str:
    """Return the text of a file without trailing line breaks; raises `UnreadableSecret`."""
    try:
        with file.open("rb") as opened:
            text = opened.read(MAX_SECRET + 1).decode().rstrip("\r\n")
    except OSError as error:
        raise UnreadableSecret(f"The file cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UnreadableSecret("The file is not written in UTF-8") from None
    if not text:
        raise UnreadableSecret("The file is empty")
    if len(text) > MAX_SECRET:
        raise UnreadableSecret("The file holds more than any setting does")
    return text
