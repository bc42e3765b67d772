"""The judge of `make faults` over what receivers of webhooks got: it sees each kind of broken promise."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook

from e2e.faults.audience import Listener
from e2e.faults.receiver import MOODS, Mood, Receiver, Reception, is_signed

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"  # noqa: S105  # of nobody
FEED = [(1, 7, 5, 0, "raised", 0, 30), (2, 7, 5, 0, "raised", 0, 1100), (3, 7, 5, 0, "retracted", 1, 30)]


def reception(*alerts: tuple[int, int], message_id: str = "alert_7_5_0_raised_0", signed: bool = True) -> Reception:
    told = [{"number": number, "code": code} for number, code in alerts]
    body = json.dumps({"data": {"user_id": 7, "t": 5, "n": 0, "kind": "raised", "alerts": told}}).encode()
    return Reception(id=message_id, body=body, signed=signed, mood=Mood.HEALTHY)


def complaints(receptions: Sequence[Reception], codes: Sequence[int] = ()) -> list[str]:
    receiver = Receiver(port=1, receptions=[*receptions])
    found = Listener(receiver=receiver, kinds=["raised"], codes=codes).complaints(FEED)
    return [each.removeprefix("receiver of raised: ") for each in found]


def test_all_that_the_filter_lets_pass_may_come_again() -> None:
    assert complaints([reception((1, 30), (2, 1100))] * 2) == []
    assert complaints([reception((2, 1100))], codes=[1100]) == []
    assert complaints([], codes=[123]) == []


@pytest.mark.parametrize(
    ("receptions", "said"),
    [
        ([], ["1 messages never came"]),
        ([reception((1, 30))], ["1 messages do not tell what the feed has"]),
        ([reception((1, 30), (2, 1100)), reception((1, 30))], ["1 messages do not tell what the feed has"]),
        ([reception((1, 30), (2, 1100), (3, 1100))], ["1 messages do not tell what the feed has"]),
        ([reception((1, 30), (2, 1100), signed=False)], ["1 signatures were wrong"]),
        (
            [reception((1, 30), (2, 1100)), reception((1, 30), message_id="alert_7_5_0_raised_9")],
            ["1 messages do not tell what the feed has", "1 alerts came under several ids"],
        ),
    ],
)
def test_what_is_missing_changed_doubled_or_unsigned_is_told(receptions: list[Reception], said: list[str]) -> None:
    assert complaints(receptions) == said


def test_a_receiver_is_of_every_mood_and_notes_also_when_it_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {*MOODS} == {*Mood}
    receiver = Receiver(port=1, secret=SECRET)
    monkeypatch.setattr(Receiver, "mood", lambda _: Mood.LYING)
    assert {receiver.take({"webhook-id": "a"}, b"{}") for _ in range(2)} == {None, 500}
    assert [(each.id, each.signed, each.mood) for each in receiver.receptions] == [("a", False, Mood.LYING)] * 2


def test_a_signature_is_checked_with_the_time() -> None:
    now = datetime.now(UTC)
    headers = {
        "webhook-id": "a",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("a", now, "{}"),
    }
    assert is_signed(SECRET, headers, b"{}")
    assert not is_signed(SECRET, headers, b"{ }")
    old = {**headers, "webhook-timestamp": str(int(now.timestamp()) - 600)}
    assert not is_signed(SECRET, old, b"{}")
