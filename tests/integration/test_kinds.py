"""Each kind of rule goes its whole way over HTTP: drafted, documented, compared, met, shown with its evidence."""

from itertools import count

from flask.testing import FlaskClient

from app.rulebook.forms import parse_rules
from app.rules.kinds import KINDS
from tests.integration.clients import codes, send
from tests.rules_of_kinds import changes, given, written

CODES = dict(zip(KINDS, count(9001), strict=False))
RULES = [written(kind, code) for kind, code in CODES.items()]
STRICTER = [written(kind, code, **changes(kind)) for kind, code in CODES.items()]
PLAYED = ["deposit"] * 5 + ["withdraw"] * 5  # of amounts that rise, a second apart


def test_every_kind_works_from_draft_to_evidence(client: FlaskClient) -> None:
    described = client.get("/openapi.json").get_json()["components"]["schemas"]
    assert described["Rule"]["discriminator"]["mapping"].keys() == KINDS.keys()
    for rules in (RULES, STRICTER):
        answer = client.post("/rules", json={"rules": rules})
        assert (answer.status_code, answer.get_json()["rules"]) == (201, rules)
    body = client.get("/rules/1/diff/2").get_json()["differences"]
    assert [f"{rule.code} is new: {rule.terms}" for rule in parse_rules(RULES)] == body[-len(RULES) :]
    changed = client.get("/rules/2/diff/3").get_json()["differences"]
    assert len(changed) == sum(len(given(kind)) for kind in KINDS)

    assert client.post("/rules/2/publish").status_code == 200
    answered = {code for t, kind in enumerate(PLAYED, start=1) for code in codes(send(client, kind, str(t), t))}
    assert answered == set(CODES.values())
    alerts = client.get("/alerts?limit=200").get_json()["alerts"]
    assert {each["code"] for each in alerts} == answered
    for each in alerts:
        evidence = each["evidence"]
        assert len(evidence["moments"]) == evidence["count"] >= 1
        assert evidence["value"] in evidence["sentence"]
        assert evidence["threshold"] in evidence["sentence"]
