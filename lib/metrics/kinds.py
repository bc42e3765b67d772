"""The kinds of metrics, of prometheus_client, whose numbers the workers of a server can share.

To be imported from here only. A server makes its workers by fork or by spawn, so metrics may be made long before
their process is a worker, or in one that never will be (a command, a test). There a number is its process's own,
until `share_numbers` moves it to where the other workers find it.
"""

import os
from pathlib import Path
from typing import Any

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics, values

from lib.metrics.folder import VARIABLE
from lib.metrics.slots import take_slot

__all__ = ["Counter", "Gauge", "Histogram", "share_numbers", "shared_in"]


class Number(values.MutexValue):
    """A number of this process that remembers how it was made, so that it can be made again elsewhere."""

    def __init__(self, *form: Any, **more: Any) -> None:  # noqa: ANN401  # prometheus_client's own
        super().__init__(*form, **more)  # type: ignore[no-untyped-call]
        self.form, self.more = form, more
        _numbers.append(self)


_numbers: list[Number] = []
shared_in: Path | None = None  # the folder, in a process that is one of several


def share_numbers() -> None:
    """Move all numbers of this worker into the shared folder, if there is one.

    Raises `OSError` when that cannot be; then nobody sees them.
    """
    global shared_in  # noqa: PLW0603  # as prometheus_client has it: numbers are the process's
    if named := os.environ.get(VARIABLE):
        shared_in = Path(named)
        slot = take_slot(shared_in)
        values.ValueClass = values.MultiProcessValue(process_identifier=lambda: slot)  # type: ignore[no-untyped-call]
        for number in _numbers:
            _move(number)
        _numbers.clear()


def _move(number: Number) -> None:
    """Let a number live elsewhere: whoever holds it must not notice, and it must not cost a detour."""
    there = values.ValueClass(*number.form, **number.more)
    there.inc(number.get())  # type: ignore[no-untyped-call]
    vars(number).update(inc=there.inc, set=there.set, get=there.get)


values.ValueClass = Number
disable_created_metrics()  # type: ignore[no-untyped-call]  # several processes do not share these moments
