"""Every refusal of the contract: its problem, and that it leaves no trace."""

import gzip
import http.client
from collections.abc import Callable, Iterator
from contextlib import closing

import httpx
import pytest

from e2e.invalid_values import MALFORMED, MALFORMED_EVENTS
from e2e.problems import problem_in
from testkit.bodies import MAX_BODY_BYTES, event_text, padded
from testkit.service import URL, Player

JSON = {"Content-Type": "application/json"}
PATHS = ["/event", "/event/", "/api/events"]


def in_chunks(size: int) -> Iterator[bytes]:
    """Yield white space in pieces of 1 KiB, so that no Content-Length tells the size."""
    for _ in range(size // 1024):
        yield b" " * 1024


def assert_nothing_happened(player: Player) -> None:
    """Play on as if the refused withdrawal at t = 1 had never been sent.

    Were it stored, it would stand in the way of the first of these; were it counted, they would end a streak.
    """
    assert player.withdraw("7.00", t=1) == []
    assert player.withdraw("7.00", t=2) == []


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_json(player: Player, body: bytes) -> None:
    problem = problem_in(player.send_text(body), 400, "malformed-json")
    assert "errors" not in problem, "no field can be at fault where there is no object"


@pytest.mark.parametrize("body", MALFORMED_EVENTS.values(), ids=MALFORMED_EVENTS.keys())
def test_an_event_in_malformed_json_leaves_no_trace(player: Player, body: bytes) -> None:
    written = body.replace(b"@", str(player.user_id).encode())
    problem_in(player.send_text(written), 400, "malformed-json")
    assert_nothing_happened(player)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_only_utf_8_json_is_accepted(player: Player, encoding: str) -> None:
    problem_in(player.send_text(event_text(player.user_id).encode(encoding)), 400, "malformed-json")
    assert_nothing_happened(player)


@pytest.mark.parametrize("path", ["/nowhere", "/event/1", "/Event", "/api/event", "/event%00"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_path_is_not_found(client: httpx.Client, method: str, path: str) -> None:
    problem_in(client.request(method, path), 404, "not-found")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_a_method_that_an_event_does_not_have(client: httpx.Client, method: str, path: str) -> None:
    response = client.request(method, path)
    problem_in(response, 405, "method-not-allowed")
    assert "POST" in response.headers["Allow"].replace(" ", "").split(",")


@pytest.mark.parametrize("t", [0, 9])
def test_a_t_below_the_latest_is_out_of_order(player: Player, t: int) -> None:
    assert player.withdraw("5.00", t=10) == []
    problem = problem_in(player.send("withdraw", "5.00", t=t), 400, "out-of-order")
    assert "10" in str(problem["detail"]), "the detail names the latest t"
    assert player.withdraw("5.00", t=11) == [], "the late withdraw does not count"


def test_a_t_between_two_stored_events_is_out_of_order(player: Player) -> None:
    assert [player.withdraw("5.00", t=t) for t in (10, 20)] == [[], []]
    problem = problem_in(player.send("deposit", "5.00", t=15), 400, "out-of-order")
    assert "20" in str(problem["detail"])
    assert player.withdraw("5.00", t=21) == [30], "the late deposit does not count"


@pytest.mark.parametrize(
    ("event_type", "amount"),
    [
        pytest.param("withdraw", "150.01", id="another amount"),
        pytest.param("deposit", "150.00", id="another type"),
    ],
)
def test_a_different_event_at_a_known_t_conflicts(player: Player, event_type: str, amount: str) -> None:
    player.withdraw("150.00", t=1)
    text = event_text(player.user_id, type=f'"{event_type}"', amount=f'"{amount}"')
    problem_in(player.send_text(text), 409, "duplicate-event")
    assert player.deposit("50.01", t=2) == [], "the refused deposit does not count"


def test_a_different_event_at_an_old_t_conflicts(player: Player) -> None:
    assert [player.withdraw("5.00", t=t) for t in (1, 2)] == [[], []]
    problem_in(player.send("deposit", "5.00", t=1), 409, "duplicate-event")
    assert player.withdraw("5.00", t=3) == [30]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "size",
    [
        pytest.param(MAX_BODY_BYTES + 1, id="a byte above 16 KiB"),
        pytest.param(17 * 1024, id="17 KiB"),
        pytest.param(1024 * 1024, id="1 MiB"),
    ],
)
def test_a_body_above_16_kib(player: Player, size: int, path: str) -> None:
    body = padded(event_text(player.user_id), size)
    response = player.client.post(path, content=body, headers=JSON)
    problem_in(response, 413, "too-large")
    assert_nothing_happened(player)


@pytest.mark.parametrize("kib", [17, 1024])
def test_a_body_above_16_kib_in_chunks(player: Player, kib: int) -> None:
    def event_and_padding() -> Iterator[bytes]:
        yield event_text(player.user_id).encode()
        yield from in_chunks(kib * 1024)

    response = player.client.post("/event", content=event_and_padding(), headers=JSON)
    problem_in(response, 413, "too-large")
    assert_nothing_happened(player)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="none given"),
        pytest.param({"Content-Type": ""}, id="empty"),
        pytest.param({"Content-Type": "text/plain"}, id="text"),
        pytest.param({"Content-Type": "application/x-www-form-urlencoded"}, id="a form"),
        pytest.param({"Content-Type": "multipart/form-data; boundary=x"}, id="a form of many parts"),
        pytest.param({"Content-Type": "application/jsonp"}, id="a longer name"),
        pytest.param({"Content-Type": "json"}, id="half a name"),
        pytest.param({"Content-Type": "text/plain; a=application/json"}, id="JSON as a parameter only"),
    ],
)
def test_a_media_type_that_is_not_json(player: Player, headers: dict[str, str]) -> None:
    response = player.client.post("/event", content=event_text(player.user_id), headers=headers)
    problem_in(response, 415, "unsupported-media-type")
    assert_nothing_happened(player)


@pytest.mark.parametrize("coding", ["gzip", "br", "nonsense"])
def test_a_compressed_body_is_refused_with_the_accepted_encodings(player: Player, coding: str) -> None:
    packed = gzip.compress(event_text(player.user_id).encode())
    response = player.client.post("/event", content=packed, headers={**JSON, "Content-Encoding": coding})
    problem_in(response, 415, "unsupported-media-type")
    assert response.headers["Accept-Encoding"] == "identity"
    assert_nothing_happened(player)


def test_refused_withdrawals_of_every_kind_do_not_make_a_streak(player: Player) -> None:
    assert player.withdraw("5.00", t=10) == []
    refused = [player.send("withdraw", amount, t=20) for amount in ("0", "1.234", "-5")]
    refused += [player.send("withdraw", "5.00", t=9), player.send("withdraw", "6.00", t=10)]
    assert [response.status_code for response in refused] == [400, 400, 400, 400, 409]
    assert [player.withdraw("5.00", t=t) for t in (11, 12)] == [[], [30]]


def test_a_problem_has_a_request_id_of_its_own(new_player: Callable[[], Player]) -> None:
    problems = [problem_in(new_player().send_text("[]"), 400, "malformed-json") for _ in range(3)]
    assert len({str(problem["request_id"]) for problem in problems}) == 3


EARLY = {
    "another media type": ("/event", "text/plain", b"x" * 2000),
    "an unknown address": ("/nowhere", "application/json", b"x" * 2000),
    "too large": ("/event", "application/json", b" " * 200_000),
}


@pytest.mark.parametrize(("path", "media_type", "body"), EARLY.values(), ids=EARLY.keys())
def test_a_connection_stays_usable_or_announces_its_close(path: str, media_type: str, body: bytes) -> None:
    """A refusal may come before the body was read; the client's next request must not get lost."""
    for _ in range(20):
        connection = http.client.HTTPConnection(httpx.URL(URL).netloc.decode(), timeout=5)
        with closing(connection):
            connection.request("POST", path, body, {"Content-Type": media_type})
            refusal = connection.getresponse()
            refusal.read()
            if refusal.getheader("Connection") != "close":
                connection.request("GET", "/nowhere")
                assert connection.getresponse().status == 404
