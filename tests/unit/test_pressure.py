"""When a shadow is shed (A47): under pressure of which it causes a notable part, and for long enough."""

import pytest

from app.rulebook.shedding import LOOKS, Pressure, Reading

Look = tuple[float, float, float]  # of 10 events: how many took the last thread; of a second of CPU time: the shadow's
PRESSED: Look = (6, 0.4, 10)
CALM: Look = (0, 0.4, 10)


def sheds(*looks: Look) -> bool:
    pressure, shown = Pressure(), False
    events = waits = shadow = cpu = 1000.0  # what was counted before is no pressure
    pressure.strain(Reading(events=events, waits=waits, shadow=shadow, cpu=cpu))
    for waited, of_shadow, happened in looks:
        events, waits, shadow, cpu = events + happened, waits + waited, shadow + of_shadow, cpu + 1
        shown = shown or pressure.strain(Reading(events=events, waits=waits, shadow=shadow, cpu=cpu)) is not None
    return shown


def test_a_costly_shadow_is_shed_when_events_wait_long() -> None:
    assert sheds(*[PRESSED] * LOOKS)
    assert not sheds(*[PRESSED] * (LOOKS - 1))


@pytest.mark.parametrize(
    "look",
    [CALM, (4.9, 0.9, 10), (10, 0.24, 10), (50, 0, 10), (50, 0.9, 0)],
    ids=["no pressure", "little pressure", "a small shadow", "a shadow of nothing", "no event was stored"],
)
def test_the_shadow_stays_otherwise(look: Look) -> None:
    assert not sheds(*[look] * 100)


def test_occasional_bursts_do_not_shed_the_shadow() -> None:
    assert not sheds(*[PRESSED, PRESSED, CALM, CALM] * 50)


def test_a_calm_moment_only_delays_shedding() -> None:
    assert sheds(*[PRESSED, PRESSED, CALM] * LOOKS)


def test_another_shadow_starts_a_new_measurement() -> None:
    pressure = Pressure()
    for number in range(LOOKS):
        pressure.strain(Reading(events=number * 10, waits=number * 9, shadow=number * 0.9, cpu=number))
    pressure.forget()
    assert pressure.strain(Reading(events=1000, waits=900, shadow=90, cpu=100)) is None


def test_the_reason_for_shedding_is_given_in_shares() -> None:
    pressure = Pressure()
    readings = [Reading(events=n * 10, waits=n * 30, shadow=n * 0.5, cpu=n) for n in range(LOOKS + 1)]
    *_, strain = [pressure.strain(each) for each in readings]
    assert str(strain) == "100% of the events took the last free thread, and the shadow took 50% of the CPU time"
