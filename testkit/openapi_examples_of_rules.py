"""How to reproduce the document's examples of the rule book without changing the live edition."""

from collections.abc import Callable

import httpx

from testkit.openapi_document import ANY
from testkit.openapi_example import ExampleCase

MAX_BOOK_BYTES = 48 * 1024
UNKNOWN_EDITION = 2**31 - 1
READING = ("read_edition", "read_differences", "export_edition", "compare_edition")
STEPS = ("shadow_edition", "publish_edition", "retire_edition")


def of_edition(number: int) -> Callable[[ExampleCase], httpx.Response]:
    return lambda at: at.send(path=at.example.path.replace("/rules/1", f"/rules/{number}"))


def with_an_empty_window(at: ExampleCase) -> httpx.Response:
    rule = {"code": 123, "kind": "window_total", "name": "a", "description": "b", "type": "deposit"}
    return at.player.client.post("/rules", json={"rules": [{**rule, "above": "200", "seconds": 0}]})


REPRODUCTIONS: dict[tuple[str, str], Callable[[ExampleCase], httpx.Response]] = {
    (ANY, "unknown-edition"): of_edition(UNKNOWN_EDITION),
    ("export_edition", "toml"): lambda at: at.send(),
    ("read_editions", "invalid-request"): lambda at: at.send(parameters={"limit": "0"}),
    ("read_audit", "invalid-request"): lambda at: at.send(parameters={"limit": "0"}),
    ("read_templates", "templates"): lambda at: at.send(),
    ("read_templates", "invalid-request"): lambda at: at.send(parameters={"limit": "1"}),
    ("compare_edition", "never-in-shadow"): lambda at: at.send(),
    ("draft_edition", "invalid-request"): lambda at: at.send(b"{}"),
    ("draft_edition", "invalid-rules"): with_an_empty_window,
    ("draft_edition", "unknown-edition"): lambda at: at.send(b'{"edition": %d}' % UNKNOWN_EDITION),
    ("draft_edition", "too-large"): lambda at: at.send(b" " * (MAX_BOOK_BYTES + 1)),
}
REPRODUCTIONS["delete_edition", "wrong-step"] = lambda at: at.send()
REPRODUCTIONS["change_policy", "invalid-request"] = lambda at: at.send(b'{"on": "yes"}')
for operation in (*READING, *STEPS, "delete_edition"):
    REPRODUCTIONS[operation, "not-found"] = of_edition(0)
for operation in (*READING, "delete_edition", "read_policy"):
    REPRODUCTIONS[operation, "invalid-request"] = lambda at: at.send(parameters={"limit": "1"})
REPRODUCTIONS["compare_edition", "invalid-request"] = lambda at: at.send(parameters={"limit": "0"})
for operation in STEPS:
    REPRODUCTIONS[operation, "invalid-request"] = lambda at: at.send(b'{"note": 1}')
    REPRODUCTIONS[operation, "wrong-step"] = lambda at: at.send()
