"""The broker's part of the fault injection at a small scale, and whether it can fail."""

import json
import random
from pathlib import Path

import pytest

from sipbot.outbox import _Lane
from tests.torture import broker, broker_rounds
from tests.torture.broker_rounds import SITES, Site
from tests.torture.operators import Compared, Event, Journal, compare, disorder
from tests.torture.promise import Promise, Scale

SEED = 1
NAMES = [site.name for site in SITES]
MEMO_TOPIC = "sipbot/1/test/client/desk/memo/m1"
FEED_TOPIC = "sipbot/1/test/client/desk/feed"


def memo(rev: int = 1, words: str = "") -> bytes:
    call = {"id": "c1", "from": "sip:desk-1@127.0.0.1"}
    return json.dumps(
        {"id": "m1", "rev": rev, "client": "desk", "call": call, "text": words}
    ).encode()


def event(seq: int = 1, rev: int = 1) -> bytes:
    return json.dumps({"type": "new", "memo": "m1", "rev": rev, "seq": seq}).encode()


def broken(rows: list[Promise]) -> list[str]:
    """Name the promises that were not kept, with their figures."""
    return [
        f"{row.harm}: {row.promise}: lost {row.lost}, duplicated {row.duplicated} of {row.tries}, "
        f"worst {row.worst}; {row.note}"
        for row in rows
        if not row.whole
    ]


# -- the comparison --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "shown", "found"),
    [
        (["a", "b"], ["b", "a"], Compared(lost=0, duplicated=0)),
        (["a", "b"], ["a"], Compared(lost=1, duplicated=0)),
        (["a"], ["a", "a", "a"], Compared(lost=0, duplicated=2)),
        (["a", "b"], ["a", "a"], Compared(lost=1, duplicated=1)),
    ],
)
def test_comparison_counts_what_is_missing_and_what_is_there_twice(
    accepted: list[str], shown: list[str], found: Compared
) -> None:
    assert found == compare(accepted, shown)


@pytest.mark.parametrize(
    ("seqs", "breaks"), [([], 0), ([1, 2, 3], 0), ([2, 3], 1), ([1, 3], 1), ([1, 3, 2, 3], 2)]
)
def test_disorder_counts_gaps_and_falls_from_the_first_event_on(
    seqs: list[int], breaks: int
) -> None:
    assert breaks == disorder(seqs)


def test_journal_drops_a_known_revision_and_keeps_the_highest() -> None:
    journal = Journal()
    for payload in (memo(1), memo(2), memo(2), memo(1)):
        journal.take(MEMO_TOPIC, payload)

    assert ({"m1": 2}, 2, [], ["desk-1"]) == (
        journal.revs(),
        journal.repeated,
        journal.contradictions,
        journal.users(),
    )


def test_journal_finds_a_known_revision_with_other_words() -> None:
    journal = Journal()
    journal.take(MEMO_TOPIC, memo(1, "one"))
    journal.take(MEMO_TOPIC, memo(1, "two"))

    assert ["m1"] == journal.contradictions


def test_journal_drops_a_known_event_and_finds_one_before_its_memo() -> None:
    journal = Journal()
    journal.take(MEMO_TOPIC, memo(1))
    for payload in (event(1, rev=1), event(1, rev=1), event(2, rev=2)):
        journal.take(FEED_TOPIC, payload)

    assert [1, 2] == [one.seq for one in journal.events["desk"]]
    assert [Event(type="new", memo="m1", rev=2, seq=2)] == journal.early


# -- the harm, small -------------------------------------------------------------------------------


@pytest.mark.sip
@pytest.mark.broker
@pytest.mark.peer
async def test_messages_taken_while_the_broker_is_away_are_all_shown_in_order(
    tmp_path: Path,
) -> None:
    rows = await broker.outage(Scale(rounds=4), random.Random(SEED), tmp_path / "bot")

    assert (6, []) == (len(rows), broken(rows))


@pytest.mark.sip
@pytest.mark.broker
@pytest.mark.peer
async def test_messages_taken_while_the_bots_own_broker_is_killed_are_all_shown(
    tmp_path: Path,
) -> None:
    rows = await broker.own_broker(Scale(rounds=4), random.Random(SEED), tmp_path / "bot")

    assert (3, []) == (len(rows), broken(rows))


@pytest.mark.broker
@pytest.mark.peer
@pytest.mark.parametrize("site", SITES, ids=NAMES)
async def test_memos_published_while_the_broker_is_killed_are_all_shown_once(
    tmp_path: Path, site: Site
) -> None:
    rows = await broker_rounds.kills(site, Scale(rounds=12), random.Random(SEED), tmp_path / "site")

    assert (2, []) == (len(rows), broken(rows))


@pytest.mark.broker
@pytest.mark.peer
@pytest.mark.parametrize("site", SITES, ids=NAMES)
async def test_memos_published_while_operators_are_away_are_all_shown_on_return(
    tmp_path: Path, site: Site
) -> None:
    rows = await broker_rounds.away(site, Scale(rounds=8), random.Random(SEED), tmp_path / "site")

    assert (2, []) == (len(rows), broken(rows))


@pytest.mark.broker
@pytest.mark.peer
async def test_an_outbox_that_says_nothing_again_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The harness must be able to fail: Mosquitto comes back empty."""

    async def say_nothing(lane: _Lane) -> bool:
        lane._session = lane._publisher.session
        return True

    monkeypatch.setattr(_Lane, "_restate", say_nothing)
    monkeypatch.setattr("tests.torture.broker_rounds.SHOWN_WITHIN_S", 5.0)
    monkeypatch.setattr("tests.torture.operators.QUIET_S", 0.5)
    rows = await broker_rounds.kills(
        SITES[0], Scale(rounds=4), random.Random(SEED), tmp_path / "site"
    )

    assert ["retained open list complete at the end"] == [
        row.promise for row in rows if not row.whole
    ]
    assert broker_rounds.PER_KILL == rows[1].lost
