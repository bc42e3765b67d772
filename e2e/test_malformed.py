"""Thousands of malformed requests: none causes a defect, and no refused one leaves a trace.

Which of them are events after all is decided by a reader of our own. Their player then plays on, and every answer is
that of a model which has seen the events only.
"""

from collections.abc import Callable

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from e2e.fuzz_bodies import FUZZ_BODIES, FuzzBody
from e2e.hypothesis_settings import BOUNDED
from e2e.model_user import ModelUser
from testkit.service import SEED, Player

TOGETHER = 10  # requests to one player, before a look at what is left of them
EXAMPLES = 22


@pytest.mark.parametrize("requests", FUZZ_BODIES.values(), ids=FUZZ_BODIES.keys())
def test_a_malformed_request_leaves_no_trace(
    new_player: Callable[[], Player], requests: st.SearchStrategy[FuzzBody]
) -> None:
    @seed(SEED)
    @settings(BOUNDED, max_examples=EXAMPLES)
    @given(st.lists(requests, min_size=TOGETHER, max_size=TOGETHER))
    def nothing_is_left(fuzz_bodies: list[FuzzBody]) -> None:
        model_user = ModelUser(player=new_player())
        for fuzz_body in fuzz_bodies:
            model_user.expose_to(fuzz_body.for_user(model_user.player.user_id), fuzz_body.content_type)
        model_user.play_on()

    nothing_is_left()
