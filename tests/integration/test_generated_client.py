"""A client generated from the served document, without manual changes, is complete and typed, and it works."""

import importlib
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from app.access.controllers import create_key
from app.access.domain import Access, Scope
from tests.integration.conftest import AppWith
from tests.integration.servers import MAX_WAIT, Serve
from tests.integration.wiring import wiring

GENERATE = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"]
NAME = "generated_client"


def served_document(address: str) -> bytes:
    deadline = time.monotonic() + MAX_WAIT
    while True:
        try:
            with urllib.request.urlopen(f"{address}/openapi.json", timeout=MAX_WAIT) as answer:  # noqa: S310  # http
                return bytes(answer.read())
        except urllib.error.HTTPError:
            raise
        except OSError:
            assert time.monotonic() < deadline, "the service does not come up"
            time.sleep(0.1)


@pytest.fixture
def address(serve: Serve, port: int) -> str:
    """The address of a service that requires keys; its page and document are public."""
    serve(ACCESS="keys")
    return f"http://127.0.0.1:{port}"


@pytest.fixture
def generated(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The package that was generated; a warning of the generator, about anything that it leaves out, ends the test."""
    document = tmp_path / "openapi.json"
    document.write_bytes(served_document(address))
    command = [*GENERATE, "--path", str(document), "--output-path", str(tmp_path / NAME)]
    scripts = str(Path(sys.executable).parent)  # the folder of the formatter, which the generator runs
    done = subprocess.run(  # noqa: S603  # the generator of the lock
        command, env={"PATH": scripts}, capture_output=True, text=True, check=False, timeout=MAX_WAIT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in (done.stdout + done.stderr).lower()
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module(NAME)
    for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[name]


WITHOUT_BODY = ["delete_edition", "delete_endpoint"]  # the generator types the missing body of a 204 as Any


def untyped(generated: ModuleType) -> list[str]:
    """Name the calls that take or answer anything at all: what a generator cannot understand it makes `Any`."""
    calls = [path for path in (Path(next(iter(generated.__path__))) / "api").glob("*/*.py") if path.stem != "__init__"]
    assert len(calls) > 10
    signatures = {path.stem: path.read_text(encoding="utf-8").partition("def sync(")[2] for path in calls}
    return [name for name, signature in signatures.items() if not signature or "Any" in signature.partition('"""')[0]]


def test_a_generated_client_sends_events_and_gets_typed_answers_and_problems(
    app_with: AppWith, address: str, generated: ModuleType
) -> None:
    assert untyped(generated) == WITHOUT_BODY
    models = importlib.import_module(f"{NAME}.models")
    receive_event = importlib.import_module(f"{NAME}.api.events.receive_event").sync
    key = create_key(wiring(app_with(access=Access.KEYS)).database, "a client", [Scope.EVENTS_WRITE], None)
    deposit = models.Event(type_=models.EventType.DEPOSIT, amount="42.00", user_id=1, t=10)
    withdrawal = models.Event(type_=models.EventType.WITHDRAW, amount="150.00", user_id=1, time=20)
    late = models.Event(type_=models.EventType.DEPOSIT, amount="42.00", user_id=1, t=9)
    nothing = models.Event(type_=models.EventType.DEPOSIT, amount="0", user_id=1, t=30)

    with generated.Client(base_url=address) as stranger:
        refused = receive_event(client=stranger, body=deposit)
    assert (type(refused), refused.status) == (models.Problem, 401)
    with generated.AuthenticatedClient(base_url=address, token=key) as client:
        answers = [receive_event(client=client, body=event) for event in (deposit, withdrawal, late, nothing)]
    assert answers[:2] == [
        models.Decision(alert=False, alert_codes=[], user_id=1),
        models.Decision(alert=True, alert_codes=[1100], user_id=1),
    ]
    assert type(answers[2]) is models.Problem
    assert answers[2].type_ == "urn:problem-type:out-of-order"
    assert type(answers[3]) is models.ValidationProblem
    assert answers[3].errors.additional_properties == {"amount": ["Must be above zero."]}
