"""An example of a comparison in the API documentation; tests check it against the service."""

from typing import Any

from app.rulebook.examples import CONTRACT, DIFFERENCES, MOMENT

NONE = {"alerts": 0, "players": 0}
NOTHING: dict[str, Any] = {"live": NONE, "shadow": NONE, "common": NONE, "gained": NONE, "lost": NONE}
ONE = {"alerts": 1, "players": 1}
GAINED: dict[str, Any] = {**NOTHING, "live": ONE, "shadow": {"alerts": 2, "players": 1}, "common": ONE, "gained": ONE}
NO_SAMPLES: dict[str, Any] = {"common": [], "gained": [], "lost": []}


def _sample(t: int, amount: str) -> dict[str, Any]:
    sentence = f"{amount} withdrawn at once (threshold 80.00)"
    return {"user_id": 1, "t": t, "n": 0, "event_id": None, "sentence": sentence}


SAMPLES = {"common": [_sample(10, "150.00")], "gained": [_sample(20, "90.00")], "lost": []}
CODES = [{"code": each["code"], "name": each["name"], **NOTHING, "samples": NO_SAMPLES} for each in CONTRACT[:3]]
COMPARED: dict[str, dict[str, Any]] = {
    "compared": {
        "summary": "a lower threshold raised one alert more",
        "value": {
            "summary": "Edition 2 in the shadow raised 1 alert more and none fewer than the live edition 1: 2 instead "
            "of 1; players with alerts: 1 either way.",
            "edition": 2,
            "live": [1],
            "changes": DIFFERENCES["changed"]["value"]["differences"],
            "stretches": [{"live": [1], "began_at": MOMENT, "ended_at": None}],
            "since": 0,
            "until": None,
            "all_codes": GAINED,
            "codes": [*CODES, {"code": 1100, "name": CONTRACT[3]["name"], **GAINED, "samples": SAMPLES}],
            "periods": [{"name": "day 0", "first_t": 0, **GAINED}],
            "players": [{"user_id": 1, "live": 1, "shadow": 2, "common": 1, "gained": 1, "lost": 0}],
            "differing_players": 1,
        },
    }
}
