"""Each example in the OpenAPI document is what the running service answers."""

from collections.abc import Callable, Sequence

import httpx
import pytest

from testkit.openapi_document import Example, assert_matches_example, examples_in, key_of_example
from testkit.openapi_example import ExampleCase
from testkit.openapi_examples import REPRODUCED_ELSEWHERE, REPRODUCTIONS
from testkit.service import Player


@pytest.fixture(scope="module")
def examples(client: httpx.Client) -> Sequence[Example]:
    return list(examples_in(client.get("/openapi.json").json()))


def test_every_example_can_be_reproduced(examples: Sequence[Example]) -> None:
    without = [
        str(example)
        for example in examples
        if not key_of_example(example, REPRODUCTIONS) and example.name not in REPRODUCED_ELSEWHERE
    ]
    assert without == [], "say in testkit/openapi_examples.py how it comes about"


@pytest.mark.parametrize(("operation", "name"), REPRODUCTIONS, ids=lambda part: part or "any")
def test_an_example_is_what_the_service_answers(
    examples: Sequence[Example], new_player: Callable[[], Player], operation: str, name: str
) -> None:
    meant = [each for each in examples if key_of_example(each, REPRODUCTIONS) == (operation, name)]
    assert meant, "no operation has this example"
    for example in meant:
        player = new_player()
        answer = REPRODUCTIONS[operation, name](ExampleCase(example=example, player=player))
        text = answer.text.replace(str(player.user_id), "1")
        assert_matches_example(example, answer.status_code, dict(answer.headers), text)
