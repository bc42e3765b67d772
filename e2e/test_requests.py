"""The forms in which the service accepts an event."""

import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from e2e.problems import invalid_fields, problem_in
from testkit.bodies import MAX_BODY_BYTES, MAX_INTEGER, event_text, padded
from testkit.service import REPLAY_HEADER, URL, Player, codes_in


def in_chunks(body: bytes, size: int) -> Iterator[bytes]:
    """Yield pieces of a body; a client that is given an iterator sends no Content-Length."""
    for start in range(0, len(body), size):
        yield body[start : start + size]


def test_the_answer_to_an_ordinary_event(player: Player) -> None:
    response = player.send("deposit", "42.00", t=10)
    assert response.json() == {"alert": False, "alert_codes": [], "user_id": player.user_id}
    assert REPLAY_HEADER not in response.headers


def test_the_answer_to_an_event_that_raises_an_alert(player: Player) -> None:
    response = player.send("withdraw", "142.00", t=10)
    assert response.json() == {"alert": True, "alert_codes": [1100], "user_id": player.user_id}


@pytest.mark.parametrize("path", ["/event", "/event/", "/api/events"])
def test_the_endpoint_has_three_names(player: Player, path: str) -> None:
    assert codes_in(player.send_text(event_text(player.user_id), path=path), player.user_id) == []


def test_all_names_of_the_endpoint_share_their_events(player: Player) -> None:
    codes = []
    for t, path in enumerate(["/event", "/event/", "/api/events"]):
        response = player.send_text(event_text(player.user_id, t=str(t)), path=path)
        codes.append(codes_in(response, player.user_id))
    assert codes == [[], [], [30]]


def test_time_is_another_name_for_t(player: Player) -> None:
    text = event_text(player.user_id, t=None, time="5")
    assert codes_in(player.send_text(text), player.user_id) == []
    problem = problem_in(player.send("deposit", "1.00", t=4), 400, "out-of-order")
    assert "5" in str(problem["detail"])


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'APPLICATION/JSON;charset="UTF-8"',
        "application/json ; note=anything",
    ],
)
def test_the_media_type_is_read_without_case_and_with_parameters(player: Player, media_type: str) -> None:
    body = event_text(player.user_id)
    response = player.client.post("/event", content=body, headers={"Content-Type": media_type})
    assert codes_in(response, player.user_id) == []


@pytest.mark.parametrize(
    ("literal", "same"),
    [
        ("42", "42.00"),
        ("42.0", "42.00"),
        ("42.00", "42"),
        ("0.29", "0.29"),
        ("0.01", "0.01"),
        ("100.1", "100.10"),
        ("123456789012.34", "123456789012.34"),
        ("999999999999.99", "999999999999.99"),
        ("999999999999", "999999999999.00"),
        ('"7"', "7.00"),
        ('"7.5"', "7.50"),
        ('"007.50"', "7.5"),
        ('"000000000042"', "42"),
        ('"999999999999.99"', "999999999999.99"),
    ],
)
def test_an_amount_is_read_exactly_as_written(player: Player, literal: str, same: str) -> None:
    codes_in(player.send_text(event_text(player.user_id, amount=literal)), player.user_id)
    assert player.send("withdraw", same, t=1).headers[REPLAY_HEADER] == "true"


def test_an_amount_a_cent_away_is_another_amount(player: Player) -> None:
    codes_in(player.send_text(event_text(player.user_id, amount="999999999999.99")), player.user_id)
    problem_in(player.send("withdraw", "999999999999.98", t=1), 409, "duplicate-event")


@pytest.mark.parametrize(("literal", "codes"), [("100.00", []), ("100.01", [1100])])
def test_a_number_literal_meets_the_edge_as_a_string_does(player: Player, literal: str, codes: list[int]) -> None:
    text = event_text(player.user_id, amount=literal)
    assert codes_in(player.send_text(text), player.user_id) == codes


@pytest.mark.parametrize("t", [0, 1, 2**31, 2**32, 2**53 + 1, MAX_INTEGER])
def test_t_may_use_63_bits(player: Player, t: int) -> None:
    assert player.deposit("1.00", t=t) == []
    assert player.send("deposit", "1.00", t=t).headers[REPLAY_HEADER] == "true"


def test_the_two_greatest_t_are_distinct(player: Player) -> None:
    assert player.deposit("200.00", t=MAX_INTEGER - 1) == []
    assert player.deposit("0.01", t=MAX_INTEGER) == [123]


def test_the_greatest_user_id(client: httpx.Client) -> None:
    """All runs share this player, so the clock of the machine gives a t that rises from run to run."""
    player = Player(client=client, user_id=MAX_INTEGER)
    assert player.deposit("1.00", t=time.time_ns()) == []


@pytest.mark.parametrize("user_id", [1, MAX_INTEGER])
def test_the_smallest_and_greatest_user_ids_are_valid(player: Player, user_id: int) -> None:
    """Use a refusal for another member, so that nothing is stored for ids that may be in use."""
    response = player.send_text(event_text(user_id, type='"bet"'))
    assert invalid_fields(problem_in(response, 400, "invalid-event")) == {"type"}


@pytest.mark.parametrize("size", [1, 7, 1024])
def test_a_body_may_come_in_chunks(player: Player, size: int) -> None:
    chunks = in_chunks(event_text(player.user_id).encode(), size)
    response = player.client.post("/event", content=chunks, headers={"Content-Type": "application/json"})
    assert codes_in(response, player.user_id) == []


def test_a_body_of_exactly_16_kib_is_read(player: Player) -> None:
    body = padded(event_text(player.user_id), MAX_BODY_BYTES)
    assert codes_in(player.send_text(body), player.user_id) == []


def test_a_body_of_exactly_16_kib_is_read_in_chunks(player: Player) -> None:
    chunks = in_chunks(padded(event_text(player.user_id), MAX_BODY_BYTES), 1000)
    response = player.client.post("/event", content=chunks, headers={"Content-Type": "application/json"})
    assert codes_in(response, player.user_id) == []


def test_members_come_in_any_order_and_with_any_white_space(player: Player) -> None:
    body = f'\r\n{{"t":1,\t"user_id" : {player.user_id},\n"amount":"1.00","type":"deposit"}} '
    assert codes_in(player.send_text(body), player.user_id) == []


def test_characters_may_be_escaped(player: Player) -> None:
    text = event_text(player.user_id, type='"\\u0077ithdraw"', amount='"\\u0031\\u00300.01"')
    assert codes_in(player.send_text(text), player.user_id) == [1100]


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
def test_a_body_sent_in_pieces_is_read_completely(player: Player, chunked: bool) -> None:  # noqa: FBT001
    body = event_text(player.user_id).encode()
    head = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
    address = httpx.URL(URL)
    host = f"Host: {address.netloc.decode()}"
    with socket.create_connection((address.host, address.port or 80), timeout=10) as connection:
        request = ("POST /event HTTP/1.1", host, "Content-Type: application/json", head, "", "")
        connection.sendall("\r\n".join(request).encode())
        for piece in in_chunks(body, 20):
            time.sleep(0.02)
            connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        connection.sendall(b"0\r\n\r\n" if chunked else b"")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
