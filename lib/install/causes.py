"""Explains from its output why a step failed, and what to do about it."""

import re

from lib.install.steps import LOG, InstallError, last_output

NEEDED_MB = 400

DISK, HASH, PLATFORM, OTHER = "disk", "hash", "platform", "other"
_NETWORK = (
    r"name or service not known|name resolution|dns error|failed to lookup|getaddrinfo|nodename nor servname|"
    r"connection refused|unreachable|timed out|connection broken|connection reset|error sending request|proxyerror|"
    r"failed to establish a new connection"
)
_CHANGED = (
    "a package is not the one that was locked: its hash differs, so it was not installed ({log} names it). Run this "
    "again; if that does not help, find out what modifies packages between you and the package index"
)
_UNREACHABLE = (
    "no network, or no way to the package index, while {what}: connect this machine, or name your mirror in "
    "PIP_INDEX_URL or your proxy in HTTPS_PROXY, and run this again"
)
# The first match is the cause: a full disk may break a download, but a broken download does not fill a disk.
_CAUSES = [
    (
        DISK,
        re.compile(r"no space left|disk quota exceeded|(?:errno|os error) (?:28|122)\b", re.IGNORECASE),
        f"disk full while {{what}}: free about {NEEDED_MB} MB and run this again",
    ),
    (
        HASH,
        re.compile(r"hash mismatch|do not match the hashes", re.IGNORECASE),
        _CHANGED,
    ),
    (
        "certificate",
        re.compile(r"certificate.?verify|invalid peer certificate|unknownissuer|sslerror", re.IGNORECASE),
        "the certificate of the package index is not trusted, seen while {what}: name your CA file in PIP_CERT",
    ),
    (
        "access",
        re.compile(r"\b(?:401|403|407) (?:client error|unauthorized|forbidden|proxy auth)", re.IGNORECASE),
        "the package index, or a proxy in front of it, denies access, seen while {what}: {log} has its answer",
    ),
    (
        "network",
        re.compile(_NETWORK, re.IGNORECASE),
        _UNREACHABLE,
    ),
    (
        PLATFORM,
        re.compile(r"no wheels with a matching|not a supported wheel|no matching distribution", re.IGNORECASE),
        "the package index has no build of a locked package for this machine, seen while {what}: {log} names it",
    ),
]
_UNKNOWN = "failed while {what}: see {log}, then run this again"


def cause() -> str:
    """Return the cause of the last step's failure; OTHER if its output matches none."""
    return _match()[0]


def failure(what: str) -> InstallError:
    """Return a one-line explanation of the last step's failure; `what` is what the step was doing."""
    return InstallError(_match()[1].format(what=what, log=LOG))


def _match() -> "tuple[str, str]":
    output = last_output()
    for name, pattern, text in _CAUSES:
        if pattern.search(output):
            return name, text
    return OTHER, _UNKNOWN
