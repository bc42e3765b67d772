"""Watches the service: asks for its health all the time and records how long each answer took."""

import http.client
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Event, Thread

PATHS = ("/health/live", "/health/ready")
PAUSE = 0.1  # seconds between two questions
MAX_WAIT = 10  # seconds that an answer is waited for


class Watch:
    """Opens a new connection for each probe, as an orchestrator does."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stop = Event()
        self.longest = 0.0  # seconds until an answer of any status
        self.answers = 0
        self.statuses: set[tuple[str, int]] = set()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch as long as the block lasts."""
        threads = [Thread(target=self._ask_on, args=[path]) for path in PATHS]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _ask_on(self, path: str) -> None:
        while not self._stop.wait(PAUSE):
            began = time.monotonic()
            status = self._ask(path)
            if status:
                self.answers += 1
                self.statuses.add((path, status))
                self.longest = max(self.longest, time.monotonic() - began)

    def _ask(self, path: str) -> int:
        """Return the status; 0 if the connection is refused or broken, as during a restart."""
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=MAX_WAIT)) as connection:
            try:
                connection.request("GET", path)
                return connection.getresponse().status
            except TimeoutError:
                self.longest = max(self.longest, MAX_WAIT)
            except (OSError, http.client.HTTPException):
                pass
        return 0
