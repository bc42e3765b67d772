"""The four rules of the contract, each on both sides of its edge."""

from collections.abc import Callable

import pytest

from testkit.service import Player

FAR = 1_000  # seconds; events this far apart share no window of 30 seconds


def edge(amount: str, codes: list[int], name: str) -> object:
    return pytest.param(amount, codes, id=name)


@pytest.mark.parametrize(
    ("amount", "codes"),
    [
        edge("0.01", [], "the least amount is not above 100"),
        edge("100.00", [], "100.00 is not above 100"),
        edge("100", [], "100 is not above 100"),
        edge("100.01", [1100], "100.01 is above 100"),
        edge("999999999999.99", [1100], "the greatest amount is above 100"),
    ],
)
def test_1100_a_withdrawal_above_100(player: Player, amount: str, codes: list[int]) -> None:
    assert player.withdraw(amount, t=1) == codes


def test_1100_considers_withdrawals_only(player: Player) -> None:
    assert player.deposit("150.00", t=1) == []


def test_1100_considers_this_event_only(player: Player) -> None:
    assert player.withdraw("150.00", t=1) == [1100]
    assert player.deposit("1.00", t=2) == []
    assert player.withdraw("1.00", t=3) == []


def test_30_starts_at_the_third_withdrawal_and_goes_on(player: Player) -> None:
    codes = [player.withdraw("5.00", t=t) for t in range(1, 6)]
    assert codes == [[], [], [30], [30], [30]]


def test_30_counts_events_not_seconds(player: Player) -> None:
    assert [player.withdraw("5.00", t=t * 10**9) for t in (1, 2, 3)] == [[], [], [30]]


def test_30_starts_again_after_a_deposit_in_between(player: Player) -> None:
    assert player.withdraw("5.00", t=1) == []
    assert player.withdraw("5.00", t=2) == []
    assert player.deposit("5.00", t=3) == []
    assert [player.withdraw("5.00", t=t) for t in (4, 5, 6)] == [[], [], [30]]


def test_30_ends_with_a_deposit(player: Player) -> None:
    assert [player.withdraw("5.00", t=t) for t in (1, 2, 3)] == [[], [], [30]]
    assert player.deposit("5.00", t=4) == []


@pytest.mark.parametrize(
    ("amounts", "codes"),
    [
        pytest.param(["10.00", "20.00"], [], id="two deposits are too few"),
        pytest.param(["10.00", "10.01", "10.02"], [300], id="a cent more each time is a rise"),
        pytest.param(["10.00", "20.00", "20.00"], [], id="equal at the end is no rise"),
        pytest.param(["10.00", "10", "20.00"], [], id="equal by value at the start is no rise"),
        pytest.param(["10.00", "20.00", "19.99"], [], id="a fall at the end is no rise"),
        pytest.param(["20.00", "10.00", "30.00"], [], id="a fall at the start is no rise"),
        pytest.param(["9.00", "10.00", "11.00"], [300], id="numbers rise, not their letters"),
        pytest.param(["30.00", "10.00", "20.00", "30.00"], [300], id="only the last three matter"),
        pytest.param(["10.00", "20.00", "30.00", "30.00"], [], id="a fourth equal deposit ends it"),
        pytest.param(["10.00", "20.00", "30.00", "40.00"], [300], id="a fourth rise reports again"),
        pytest.param(["1.00", "2.00", "3.00", "4.00", "5.00"], [300], id="a fifth rise reports again"),
    ],
)
def test_300_the_last_three_deposits_rise(player: Player, amounts: list[str], codes: list[int]) -> None:
    answers = [player.deposit(amount, t=n * FAR) for n, amount in enumerate(amounts, start=1)]
    assert answers[-1] == codes


def test_300_ignores_withdrawals_in_between(player: Player) -> None:
    assert player.deposit("10.00", t=1 * FAR) == []
    assert player.withdraw("99.00", t=2 * FAR) == []
    assert player.deposit("20.00", t=3 * FAR) == []
    assert player.withdraw("1.00", t=4 * FAR) == []
    assert player.deposit("30.00", t=5 * FAR) == [300]


def test_300_is_met_on_a_withdrawal_after_the_rise_too(player: Player) -> None:
    answers = [player.deposit(amount, t=n * FAR) for n, amount in enumerate(["10", "20", "30"], start=1)]
    assert answers == [[], [], [300]]
    assert player.withdraw("5.00", t=4 * FAR) == [300]


@pytest.mark.parametrize(
    ("amount", "codes"),
    [
        edge("200.00", [], "200.00 is not above 200"),
        edge("200.01", [123], "200.01 is above 200"),
    ],
)
def test_123_a_single_deposit_can_fill_the_window(player: Player, amount: str, codes: list[int]) -> None:
    assert player.deposit(amount, t=1) == codes


@pytest.mark.parametrize(
    ("second", "codes"),
    [
        edge("99.90", [], "100.10 and 99.90 are not above 200"),
        edge("99.91", [123], "100.10 and 99.91 are above 200"),
    ],
)
def test_123_adds_up_to_the_cent(player: Player, second: str, codes: list[int]) -> None:
    assert player.deposit("100.10", t=1) == []
    assert player.deposit(second, t=2) == codes


@pytest.mark.parametrize(
    ("apart", "codes"),
    [
        pytest.param(1, [123], id="1 s apart counts"),
        pytest.param(29, [123], id="29 s apart counts"),
        pytest.param(30, [123], id="exactly 30 s apart counts"),
        pytest.param(31, [], id="31 s apart does not"),
    ],
)
@pytest.mark.parametrize("start", [0, 1, 1_700_000_000])
def test_123_the_window_is_30_seconds(player: Player, start: int, apart: int, codes: list[int]) -> None:
    assert player.deposit("150.00", t=start) == []
    assert player.deposit("50.01", t=start + apart) == codes


def test_123_adds_up_in_decimals(player: Player) -> None:
    amounts = ["68.90", "66.33", "36.70", "17.67", "10.40"]
    assert sum(float(amount) for amount in amounts) > 200, "in binary they would be above"
    codes = [player.deposit(amount, t=t) for t, amount in enumerate(amounts)]
    assert codes[-1] == [], "they are 200.00"


def test_123_does_not_add_withdrawals(player: Player) -> None:
    assert player.deposit("150.00", t=1) == []
    assert player.withdraw("90.00", t=2) == []


def test_123_does_not_subtract_withdrawals(player: Player) -> None:
    assert player.deposit("150.00", t=1) == []
    assert player.withdraw("90.00", t=2) == []
    assert player.deposit("50.01", t=3) == [123]


def test_123_adds_up_many_small_deposits(player: Player) -> None:
    answers = [player.deposit("6.46", t=t) for t in range(32)]
    assert answers[30] == [123], "31 deposits of 6.46 in a closed window of 30 s are 200.26"
    assert answers[29] == [], "30 of them are 193.80"
    assert answers[31] == [123], "the first has left, the last has come"


def test_123_is_met_on_a_withdrawal_until_the_window_has_passed(player: Player) -> None:
    assert player.deposit("200.01", t=100) == [123]
    assert player.withdraw("5.00", t=130) == [123]
    assert player.withdraw("5.00", t=131) == []


def test_30_and_123_meet_on_the_third_withdrawal(player: Player) -> None:
    assert player.deposit("250.00", t=1) == [123]
    assert [player.withdraw("5.00", t=t) for t in (2, 3, 4)] == [[123], [123], [30, 123]]


def test_all_codes_at_once_come_in_ascending_order(player: Player) -> None:
    amounts = ["60.00", "70.00", "80.00"]
    assert [player.deposit(amount, t=t) for t, amount in enumerate(amounts)] == [[], [], [123, 300]]
    assert [player.withdraw("5.00", t=t) for t in (3, 4)] == [[123, 300], [123, 300]]
    assert player.withdraw("100.01", t=5) == [30, 123, 300, 1100]


def test_the_events_of_other_players_do_not_count(new_player: Callable[[], Player]) -> None:
    one, other = new_player(), new_player()
    assert [one.withdraw("5.00", t=1), one.withdraw("5.00", t=2)] == [[], []]
    assert other.withdraw("5.00", t=3) == []
    assert one.deposit("150.00", t=4) == []
    assert other.deposit("150.00", t=4) == []
    assert other.withdraw("5.00", t=5) == []


def test_each_player_has_a_clock_of_their_own(new_player: Callable[[], Player]) -> None:
    assert new_player().deposit("5.00", t=10**15) == []
    assert new_player().deposit("5.00", t=0) == []
