"""Each example in the OpenAPI document is what the running service answers."""

from collections.abc import Callable, Sequence

import httpx
import pytest

from testkit.documented import Example, assert_true, examples_in, way_of
from testkit.occasion import Occasion
from testkit.occasions import ELSEWHERE, WAYS
from testkit.service import Customer


@pytest.fixture(scope="module")
def examples(client: httpx.Client) -> Sequence[Example]:
    return list(examples_in(client.get("/openapi.json").json()))


def test_there_is_a_way_to_every_example(examples: Sequence[Example]) -> None:
    without = [str(example) for example in examples if not way_of(example, WAYS) and example.name not in ELSEWHERE]
    assert without == [], "say in testkit/occasions.py how it comes about"


@pytest.mark.parametrize(("operation", "name"), WAYS, ids=lambda part: part or "any")
def test_an_example_is_what_the_service_answers(
    examples: Sequence[Example], new_customer: Callable[[], Customer], operation: str, name: str
) -> None:
    meant = [each for each in examples if way_of(each, WAYS) == (operation, name)]
    assert meant, "no operation has this example"
    for example in meant:
        customer = new_customer()
        answer = WAYS[operation, name](Occasion(example=example, customer=customer))
        text = answer.text.replace(str(customer.user_id), "1")
        assert_true(example, answer.status_code, dict(answer.headers), text)
