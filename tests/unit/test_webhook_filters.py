"""Which codes pass the filter of an endpoint."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.meaning import Strength
from app.webhooks.domain import Filter, Topic
from app.webhooks.filtering import Told, codes_that_pass, wants

ALERTS = (Topic.RAISED, Topic.FOUND_LATE, Topic.RETRACTED)
TOLD = [
    Told(code=1, fresh=True, strength=Strength.NORMAL),
    Told(code=2, fresh=False, strength=Strength.STRONG),
    Told(code=3, fresh=None, strength=None),
]


@pytest.mark.parametrize(
    ("chosen", "topic", "groups", "passing"),
    [
        (Filter(), Topic.RAISED, (), (1, 2, 3)),
        (Filter(topics=[Topic.RETRACTED]), Topic.RAISED, (), ()),
        (Filter(topics=[Topic.RAISED]), Topic.RAISED, (), (1, 2, 3)),
        (Filter(codes=[2, 9]), Topic.RAISED, (), (2,)),
        (Filter(strength=Strength.STRONG), Topic.RAISED, (), (2,)),
        (Filter(strength=Strength.NORMAL), Topic.RAISED, (), (1,)),
        (Filter(groups=["vip", "new"]), Topic.RAISED, ("new",), (1, 2, 3)),
        (Filter(groups=["vip"]), Topic.RAISED, ("new",), ()),
        (Filter(groups=["vip"]), Topic.RAISED, (), ()),
        (Filter(only_fresh=True), Topic.RAISED, (), (1, 3)),
        (Filter(only_fresh=True), Topic.FOUND_LATE, (), (1, 2, 3)),
        (Filter(only_fresh=True), Topic.RETRACTED, (), (1, 2, 3)),
        (Filter(only_fresh=True, codes=[1, 2]), Topic.RAISED, (), (1,)),
    ],
)
def test_a_code_passes_if_every_part_of_the_filter_lets_it(
    chosen: Filter, topic: Topic, groups: tuple[str, ...], passing: tuple[int, ...]
) -> None:
    assert codes_that_pass(chosen, topic, TOLD, groups) == passing


def test_without_topics_all_but_tests_are_wanted() -> None:
    assert [topic for topic in Topic if wants(Filter(), topic)] == [*ALERTS, Topic.PUBLISHED]


@given(
    st.builds(
        Filter,
        topics=st.sets(st.sampled_from([*ALERTS, Topic.PUBLISHED])),
        codes=st.sets(st.integers(1, 4)),
        strength=st.sampled_from([None, *Strength]),
        groups=st.sets(st.sampled_from("abc")),
        only_fresh=st.booleans(),
    ),
    st.sampled_from(ALERTS),
    st.sets(st.sampled_from("abc")),
)
def test_a_narrower_filter_never_lets_more_pass(chosen: Filter, topic: Topic, groups: set[str]) -> None:
    passing = set(codes_that_pass(chosen, topic, TOLD, groups))
    assert passing <= set(codes_that_pass(Filter(topics=chosen.topics), topic, TOLD, groups))
    assert not (chosen.codes and passing - set(chosen.codes))
