"""What every application of the tests would make again, made once: it is the same each time, and most of their start.

Both reach into libraries whose versions the lock fixes; `test_made_once` compares routes with those made alone.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine
from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


@contextmanager
def routes_compiled_once() -> Iterator[None]:
    """Let equal routes share the function that builds their addresses, which is compiled from its source."""
    compiled: dict[object, Builder] = {}
    compile_builder = Rule._compile_builder  # noqa: SLF001  # see above

    def shared(rule: Rule, append_unknown: bool = True) -> Builder:  # noqa: FBT001, FBT002  # its signature
        key = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)  # noqa: SLF001  # all that it reads
        if key not in compiled:
            compiled[key] = compile_builder(rule, append_unknown)
        return compiled[key]

    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(Rule, "_compile_builder", shared)
        yield


def share_statements(first: Engine, engine: Engine) -> None:
    """Let an engine use the statements that another one on the same server has compiled."""
    engine.dialect = first.dialect
    engine._compiled_cache = first._compiled_cache  # noqa: SLF001  # see above
