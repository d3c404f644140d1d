"""How long a caller and a person stay connected when nobody hangs up."""

from collections.abc import Iterator

import pytest

from sipbot.sip.transfer import CONNECTED_MAX_S, IDLE_S, LOOK_EVERY_S, ONE_SIDE_IDLE_S, Patience

CONNECTED_AT = 1000.0


def looks() -> Iterator[float]:
    """The seconds since the connection at which packets are looked at."""
    return (number * LOOK_EVERY_S for number in range(10_000))


def parted_after_s(caller_until_s: float, person_until_s: float) -> float:
    """Return when two are parted who send packets until then."""
    patience = Patience(CONNECTED_AT)
    return next(
        passed_s
        for passed_s in looks()
        if patience.over(
            CONNECTED_AT + passed_s,
            (int(50 * min(passed_s, caller_until_s)), int(50 * min(passed_s, person_until_s))),
        )
    )


@pytest.mark.parametrize(
    ("caller_until_s", "person_until_s", "parted"),
    [
        (1e9, 1e9, CONNECTED_MAX_S),
        (0.0, 0.0, IDLE_S),
        (100.0, 100.0, 100.0 + IDLE_S),
        (1e9, 100.0, 100.0 + ONE_SIDE_IDLE_S),
        (0.0, 1e9, ONE_SIDE_IDLE_S),
        (100.0, 300.0, 300.0 + IDLE_S),
    ],
)
def test_connected_pair_is_parted_when_gone_or_after_the_longest_time(
    caller_until_s: float, person_until_s: float, parted: float
) -> None:
    assert parted == parted_after_s(caller_until_s, person_until_s)


def test_side_that_holds_the_line_for_a_while_is_not_parted() -> None:
    patience = Patience(CONNECTED_AT)
    held_s = ONE_SIDE_IDLE_S - LOOK_EVERY_S
    counts = [(passed_s, int(max(0.0, passed_s - held_s))) for passed_s in looks()]
    early = [one for one in counts if one[0] < CONNECTED_MAX_S]
    assert not any(
        patience.over(CONNECTED_AT + passed_s, (int(50 * passed_s), person))
        for passed_s, person in early
    )
