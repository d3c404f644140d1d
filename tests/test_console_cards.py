"""Rows of the console's list: which are in it, in which order, and what a masked account gets."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.console.cards import (
    VIEWS,
    Card,
    View,
    Wanted,
    card_of,
    card_of_memo,
    is_in,
    is_key,
    tally,
    veiled,
)
from sipbot.ledger_lists import Body
from sipbot.memo import Stage, Status
from tests.consoles import a_morning

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def card(identifier: str = "a", **fields: Any) -> Card:
    values: dict[str, Any] = {
        "id": identifier,
        "rev": 1,
        "client": "yamato",
        "status": Status.OPEN,
        "stage": Stage.TRANSCRIBED,
        "urgent": False,
        "category": None,
        "at": NOW - timedelta(minutes=5),
        "due": None,
        "holder": None,
        "held_until": None,
        "snoozed_until": None,
        "name": "田中",
        "company": "ひかり電機",
        "number": "03-5550-1234",
        "confirmed": False,
        "anonymous": False,
        "text": "お湯が出ません",
        "cut_off": False,
        "result": None,
        **fields,
    }
    return Card(**values)


def order(*cards: Card) -> list[str]:
    return [one.id for one in sorted(cards, key=lambda one: one.key(NOW))]


def test_urgent_memo_comes_before_one_that_waits_longer() -> None:
    old = card("old", at=NOW - timedelta(hours=5))
    assert ["urgent", "old"] == order(old, card("urgent", urgent=True))


def test_memo_that_is_due_earlier_comes_first() -> None:
    soon = card("soon", due=NOW + timedelta(minutes=1))
    assert ["soon", "later"] == order(card("later", due=NOW + timedelta(hours=1)), soon)


def test_memo_without_time_is_due_when_its_call_came() -> None:
    due = card("due", due=NOW - timedelta(minutes=1))
    assert ["waits", "due"] == order(due, card("waits", at=NOW - timedelta(minutes=2)))


def test_memo_that_was_put_off_comes_last_until_its_time() -> None:
    later = card("later", urgent=True, snoozed_until=NOW + timedelta(seconds=1))
    over = card("over", urgent=True, snoozed_until=NOW)
    assert ["over", "calm", "later"] == order(later, card("calm"), over)


@given(st.integers(0, 9_999_999_999), st.booleans())
def test_key_is_one_that_a_browser_may_send_back(at_s: int, urgent: bool) -> None:
    assert is_key(card(at=datetime.fromtimestamp(at_s, UTC), urgent=urgent).key(NOW))


@given(st.text(max_size=80))
def test_key_of_a_browser_never_holds_more_than_small_letters_figures_and_dashes(text: str) -> None:
    assert not is_key(text) or set(text) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@pytest.mark.parametrize(
    ("fields", "views"),
    [
        ({}, {"todo", "free"}),
        ({"snoozed_until": NOW + timedelta(hours=1)}, {"todo", "later"}),
        ({"snoozed_until": NOW - timedelta(hours=1)}, {"todo", "free"}),
        ({"status": Status.CLAIMED, "holder": "hanako"}, {"todo", "mine"}),
        ({"status": Status.CLAIMED, "holder": "taro"}, {"todo"}),
        ({"status": Status.DONE}, {"done"}),
    ],
)
def test_memo_is_in_the_views_that_its_state_says(fields: dict[str, Any], views: set[View]) -> None:
    assert views == {view for view in VIEWS if is_in(card(**fields), view, "hanako", NOW)}


def test_row_of_the_ledgers_text_is_the_row_of_the_memo() -> None:
    for memo in a_morning():
        body = Body(
            id=memo.id,
            rev=memo.rev,
            client=memo.client,
            status=memo.status.value,
            body=memo.model_dump_json(),
        )
        assert card_of_memo(memo) == card_of(body)


def test_row_of_what_is_no_memo_is_none() -> None:
    assert None is card_of(Body(id="a", rev=1, client="yamato", status="open", body="{}"))


def test_veiled_row_holds_nothing_of_what_callers_are_or_said() -> None:
    shown = repr(veiled(card(holder="taro", status=Status.CLAIMED)))
    assert [] == [
        word for word in ("田中", "ひかり電機", "03-5550-1234", "お湯", "taro") if word in shown
    ]


def test_counts_are_of_the_clients_that_one_may_see() -> None:
    cards = {
        "a": card("a", urgent=True),
        "b": card("b", status=Status.CLAIMED, holder="hanako"),
        "c": card("c", client="wakaba-law", urgent=True),
        "d": card("d", snoozed_until=NOW + timedelta(hours=1)),
    }
    figures = tally(cards, ("yamato",), Wanted(), NOW).of("hanako")
    assert {"todo": 3, "free": 1, "mine": 1, "later": 1, "urgent": 1} == figures
