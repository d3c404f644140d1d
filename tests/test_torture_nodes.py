"""The two nodes of the torture suite in small: one of them is killed whole, and comes back."""

import random
from pathlib import Path

import pytest

from tests.torture.nodes import Placed, Size, harm

SMALL = Size(agents=1, per_s=0.6, live=1, before_s=1.0, away_s=5.0, front_away_s=0.0, after_s=0.0)
"""One call at least on the node that is killed, two or three while it is away."""


@pytest.mark.sip
@pytest.mark.broker
@pytest.mark.peer
async def test_node_that_is_killed_costs_no_message_and_the_other_answers(tmp_path: Path) -> None:
    rows = await harm(SMALL, random.Random(1), tmp_path)
    # How long callers wait on a busy machine is measured by `make cluster-demo`, not here.
    assert [] == [row for row in rows if not row.whole]
    assert 6 == len(rows)


@pytest.mark.parametrize(
    ("over_at", "cut_at", "accepted"),
    [(13.0, None, True), (12.9, None, False), (15.0, 12.9, False), (None, 13.0, True)],
    ids=["hung up after 2 s", "hung up before", "cut before", "cut after 2 s"],
)
def test_message_to_a_node_is_accepted_after_two_seconds_of_speech(
    over_at: float | None, cut_at: float | None, *, accepted: bool
) -> None:
    placed = Placed(caller="c", began_at=9.0, answered_at=9.5, speaking_at=11.0, over_at=over_at)
    assert accepted == placed.is_accepted(cut_at)
