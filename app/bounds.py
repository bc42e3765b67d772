"""How long a connection may take for what, and how many requests a worker holds (docs/settings.md)."""

from lib.connections import Bounds

# Seconds. A request has to be here, header and body, HEADER after it began; a connection without one ends after IDLE.
# The server knows one bound, for both; the shorter one is kept by lib.connections.
HEADER = 10
IDLE = 20
# A client that takes no byte of its answer for UNTAKEN is gone. QUIET is above IDLE: what is left then, no one awaits.
UNTAKEN = 30
QUIET = 25
# The service answers within 5 s whatever its database does. Where a setting allows more, hanging up waits for it.
WORK = 5
BOUNDS = Bounds(request=HEADER, quiet=QUIET, untaken=UNTAKEN, work=WORK)

# Threads of a worker; they begin when they are needed, 60 KB each, and end after half a minute without work. A thread
# is held by whoever waits for a body, and the server has no other way; so there are more than anybody opens by chance.
# Up to REQUESTS are inside: most of them wait for a body or for their turn, WEB_THREADS are at work (lib.admission).
# LINGERING read what follows a refusal. SPARE are for health and metrics, and to say that all others are taken.
REQUESTS = 1280
LINGERING = 128
SPARE = 64
THREADS = REQUESTS + LINGERING + SPARE
