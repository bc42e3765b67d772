"""How long connections may take, and how many requests a worker holds (docs/settings.md)."""

from lib.connections import Bounds

# Seconds. A request must have arrived, header and body, HEADER after its first byte; a connection without one closes
# after IDLE. The server has one setting for both, so lib.connections enforces the shorter.
HEADER = 10
IDLE = 20
# A client that reads no byte of its response for UNREAD is gone. QUIET is above IDLE: nobody waits for a connection
# that is still open then.
UNREAD = 30
QUIET = 25
# The service answers within 5 s, whatever its database does. If a setting allows more, hanging up waits for it.
WORK = 5
BOUNDS = Bounds(request=HEADER, quiet=QUIET, unread=UNREAD, work=WORK)

# Threads of a worker: they start when needed, take 60 KB each, and end after half a minute without work. In this server
# a request holds a thread while its body arrives, so there are more threads than anybody uses up by accident. Up to
# REQUESTS are in progress: most wait for a body or in a queue, WEB_THREADS are at work (lib.concurrency). LINGERING
# read what follows a refusal. SPARE are for health and metrics, and to say that all others are taken.
REQUESTS = 1280
LINGERING = 128
SPARE = 64
THREADS = REQUESTS + LINGERING + SPARE
