"""What applications of the tests share is what each would make by itself."""

import pytest
from apiflask import APIFlask
from werkzeug.routing import Rule

from tests.integration.conftest import AppWith
from tests.integration.made_once import routes_compiled_once


def addresses(app: APIFlask) -> dict[str, object]:
    """Return for each route the address that it builds, with a value too many."""
    return {
        f"{rule.endpoint} {rule.rule}": rule.build({**dict.fromkeys(rule.arguments, 7), "more": "a b"})
        for rule in app.url_map.iter_rules()
    }


def test_routes_build_the_addresses_that_they_build_alone(app_with: AppWith, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = [addresses(app_with()) for _ in range(2)]
    compiled = Rule._compile_builder.__closure__  # noqa: SLF001  # to find the one that is wrapped
    assert compiled is not None
    [alone] = [each.cell_contents for each in compiled if callable(each.cell_contents)]
    monkeypatch.setattr(Rule, "_compile_builder", alone)
    assert shared == [addresses(app_with())] * 2


def test_a_rule_with_other_defaults_is_another() -> None:
    with routes_compiled_once():
        built = []
        for n in (1, 2):
            app = APIFlask(__name__)
            app.add_url_rule("/a/<int:n>", "a", defaults={"n": n})
            [rule] = [each for each in app.url_map.iter_rules() if each.endpoint == "a"]
            built.append(rule.build({"n": n}))
    assert built == [("", "/a/1"), ("", "/a/2")]
