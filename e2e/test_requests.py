"""The forms in which the service accepts an event."""

import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from e2e.problems import invalid_fields, problem_in
from testkit.bodies import MAX_BODY_BYTES, MAX_INTEGER, event_text, padded
from testkit.service import REPLAY_HEADER, URL, Customer, codes_in


def in_chunks(body: bytes, size: int) -> Iterator[bytes]:
    """Yield pieces of a body; a client that is given an iterator sends no Content-Length."""
    for start in range(0, len(body), size):
        yield body[start : start + size]


def test_the_answer_to_an_ordinary_event(customer: Customer) -> None:
    response = customer.send("deposit", "42.00", t=10)
    assert response.json() == {"alert": False, "alert_codes": [], "user_id": customer.user_id}
    assert REPLAY_HEADER not in response.headers


def test_the_answer_to_an_event_that_raises_an_alert(customer: Customer) -> None:
    response = customer.send("withdraw", "142.00", t=10)
    assert response.json() == {"alert": True, "alert_codes": [1100], "user_id": customer.user_id}


@pytest.mark.parametrize("path", ["/event", "/event/", "/api/events"])
def test_the_endpoint_has_three_names(customer: Customer, path: str) -> None:
    assert codes_in(customer.send_text(event_text(customer.user_id), path=path), customer.user_id) == []


def test_all_names_of_the_endpoint_share_their_events(customer: Customer) -> None:
    codes = []
    for t, path in enumerate(["/event", "/event/", "/api/events"]):
        response = customer.send_text(event_text(customer.user_id, t=str(t)), path=path)
        codes.append(codes_in(response, customer.user_id))
    assert codes == [[], [], [30]]


def test_time_is_another_name_for_t(customer: Customer) -> None:
    text = event_text(customer.user_id, t=None, time="5")
    assert codes_in(customer.send_text(text), customer.user_id) == []
    problem = problem_in(customer.send("deposit", "1.00", t=4), 400, "out-of-order")
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
def test_the_media_type_is_read_without_case_and_with_parameters(customer: Customer, media_type: str) -> None:
    body = event_text(customer.user_id)
    response = customer.client.post("/event", content=body, headers={"Content-Type": media_type})
    assert codes_in(response, customer.user_id) == []


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
def test_an_amount_is_read_exactly_as_written(customer: Customer, literal: str, same: str) -> None:
    codes_in(customer.send_text(event_text(customer.user_id, amount=literal)), customer.user_id)
    assert customer.send("withdraw", same, t=1).headers[REPLAY_HEADER] == "true"


def test_an_amount_a_cent_away_is_another_amount(customer: Customer) -> None:
    codes_in(customer.send_text(event_text(customer.user_id, amount="999999999999.99")), customer.user_id)
    problem_in(customer.send("withdraw", "999999999999.98", t=1), 409, "duplicate-event")


@pytest.mark.parametrize(("literal", "codes"), [("100.00", []), ("100.01", [1100])])
def test_a_number_literal_meets_the_edge_as_a_string_does(customer: Customer, literal: str, codes: list[int]) -> None:
    text = event_text(customer.user_id, amount=literal)
    assert codes_in(customer.send_text(text), customer.user_id) == codes


@pytest.mark.parametrize("t", [0, 1, 2**31, 2**32, 2**53 + 1, MAX_INTEGER])
def test_t_may_use_63_bits(customer: Customer, t: int) -> None:
    assert customer.deposit("1.00", t=t) == []
    assert customer.send("deposit", "1.00", t=t).headers[REPLAY_HEADER] == "true"


def test_the_two_greatest_t_are_distinct(customer: Customer) -> None:
    assert customer.deposit("200.00", t=MAX_INTEGER - 1) == []
    assert customer.deposit("0.01", t=MAX_INTEGER) == [123]


def test_the_greatest_user_id(client: httpx.Client) -> None:
    """All runs share this user, so the clock of the machine gives a t that rises from run to run."""
    customer = Customer(client=client, user_id=MAX_INTEGER)
    assert customer.deposit("1.00", t=time.time_ns()) == []


@pytest.mark.parametrize("user_id", [1, MAX_INTEGER])
def test_the_smallest_and_greatest_user_ids_are_valid(customer: Customer, user_id: int) -> None:
    """Use a refusal for another member, so that nothing is stored for ids that may be in use."""
    response = customer.send_text(event_text(user_id, type='"bet"'))
    assert invalid_fields(problem_in(response, 400, "invalid-event")) == {"type"}


@pytest.mark.parametrize("size", [1, 7, 1024])
def test_a_body_may_come_in_chunks(customer: Customer, size: int) -> None:
    chunks = in_chunks(event_text(customer.user_id).encode(), size)
    response = customer.client.post("/event", content=chunks, headers={"Content-Type": "application/json"})
    assert codes_in(response, customer.user_id) == []


def test_a_body_of_exactly_16_kib_is_read(customer: Customer) -> None:
    body = padded(event_text(customer.user_id), MAX_BODY_BYTES)
    assert codes_in(customer.send_text(body), customer.user_id) == []


def test_a_body_of_exactly_16_kib_is_read_in_chunks(customer: Customer) -> None:
    chunks = in_chunks(padded(event_text(customer.user_id), MAX_BODY_BYTES), 1000)
    response = customer.client.post("/event", content=chunks, headers={"Content-Type": "application/json"})
    assert codes_in(response, customer.user_id) == []


def test_members_come_in_any_order_and_with_any_white_space(customer: Customer) -> None:
    body = f'\r\n{{"t":1,\t"user_id" : {customer.user_id},\n"amount":"1.00","type":"deposit"}} '
    assert codes_in(customer.send_text(body), customer.user_id) == []


def test_characters_may_be_escaped(customer: Customer) -> None:
    text = event_text(customer.user_id, type='"\\u0077ithdraw"', amount='"\\u0031\\u00300.01"')
    assert codes_in(customer.send_text(text), customer.user_id) == [1100]


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
def test_a_body_sent_in_pieces_is_read_completely(customer: Customer, chunked: bool) -> None:  # noqa: FBT001
    body = event_text(customer.user_id).encode()
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
