"""Thousands of malformed requests: none causes a defect, and no refused one leaves a trace.

Which of them are events after all is decided by a reader of our own. Their user then plays on, and every answer is
that of a model which has seen the events only.
"""

from collections.abc import Callable

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from e2e.drawing import BOUNDED
from e2e.wild_bodies import WILD, Wild
from e2e.witness import Witness
from testkit.service import SEED, Customer

TOGETHER = 10  # requests to one user, before a look at what is left of them
EXAMPLES = 22


@pytest.mark.parametrize("requests", WILD.values(), ids=WILD.keys())
def test_of_a_malformed_request_nothing_is_left(
    new_customer: Callable[[], Customer], requests: st.SearchStrategy[Wild]
) -> None:
    @seed(SEED)
    @settings(BOUNDED, max_examples=EXAMPLES)
    @given(st.lists(requests, min_size=TOGETHER, max_size=TOGETHER))
    def nothing_is_left(wilds: list[Wild]) -> None:
        witness = Witness(customer=new_customer())
        for wild in wilds:
            witness.expose_to(wild.for_user(witness.customer.user_id), wild.content_type)
        witness.play_on()

    nothing_is_left()
