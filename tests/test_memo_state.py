"""What people have done with a memo, in words: the day where it is not today, who, until when."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from sipbot.call_back import End
from sipbot.escalation import NOBODY
from sipbot.labels import LABELS
from sipbot.memo import Memo, Status, Urgency
from sipbot.memo_history import CalledBack, Escalated, HistoryEntry, Outcome
from sipbot.memo_state import about, due, moment, number, people_did, state, step, who
from sipbot.sip.on_call_wire import OnCallEnd
from tests.memo_samples import AT, a_memo

EN = LABELS["en"]
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (3, "15:00"),
        (-12, "00:00"),
        (12, "tomorrow 00:00"),
        (-13, "yesterday 23:00"),
        (48, "11-22 12:00"),
        (24 * 60, "2027-01-19 12:00"),
    ],
)
def test_moment_names_the_day_where_it_is_not_today(hours: int, words: str) -> None:
    assert words == moment(NOON + timedelta(hours=hours), NOON, EN)


def changed(**fields: object) -> Memo:
    return a_memo().model_copy(update=fields)


def test_state_of_a_claimed_memo_says_who_has_it_and_until_when() -> None:
    memo = changed(status=Status.CLAIMED, holder="hanako", held_until=NOON + timedelta(minutes=15))

    assert "claimed by hanako until 12:15" == state(memo, NOON, EN)
    assert "hanako → 12:15" == state(memo, NOON, EN, brief=True)


def test_state_of_a_memo_that_is_put_off_says_until_when_and_then_it_is_open() -> None:
    until = NOON + timedelta(hours=21)
    memo = changed(snoozed_until=until, due_at=until)

    assert ("put off until tomorrow 09:00", "") == (state(memo, NOON, EN), due(memo, NOON, EN))
    assert "open" == state(memo, until, EN)


def test_memo_whose_time_has_come_is_due_since_then() -> None:
    memo = changed(due_at=NOON)

    assert ("due since 12:00", "due 12:00") == (
        due(memo, NOON, EN),
        due(memo, NOON - timedelta(seconds=1), EN),
    )


def test_urgency_category_and_what_was_not_said_stand_together() -> None:
    memo = changed(urgency=Urgency.URGENT, category="leak", missing=("number", "company"))

    assert ["URGENT", "leak", "not said: number, company"] == about(memo, EN)


@pytest.mark.parametrize(("confirmed", "mark"), [(True, "✓"), (False, "?")])
def test_number_says_whether_it_is_sure(confirmed: bool, mark: str) -> None:
    callback = a_memo().callback.model_copy(
        update={"shown": "03-5550-1234", "confirmed": confirmed}
    )

    assert f"03-5550-1234 {mark}" == number(changed(callback=callback), EN)


def test_caller_is_named_by_what_was_said_and_else_not_by_the_number_twice() -> None:
    named = changed(answers={"name": "Yamada", "company": "Yamato"})

    assert ("Yamada / Yamato", "") == (who(named, EN), who(a_memo(), EN))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"what": "claimed", "until": NOON}, "hanako took it until 12:00"),
        ({"what": "note", "text": "rang"}, "hanako noted: rang"),
        ({"what": "called_back", "outcome": Outcome.BUSY}, "hanako called back (busy)"),
        ({"what": "of a later release"}, "hanako: of a later release"),
        ({"what": "note", "text": "a\x1b[2Jb"}, "hanako noted: a·[2Jb"),
    ],
)
def test_step_says_who_did_what(fields: dict[str, object], words: str) -> None:
    entry = HistoryEntry.model_validate({"rev": 2, "at": AT, "by": "hanako", **fields})

    assert words == step(entry, NOON, EN)


@pytest.mark.parametrize("lang", LABELS)
@pytest.mark.parametrize(
    "what",
    [
        *("claimed", "prolonged", "released", "note", "snoozed", "called_back", "done"),
        *("reopened", "lease_over", "calling", "call_connected", "call_ended"),
        *("escalated", "on_call_called"),
    ],
)
def test_every_step_has_its_sentence_in_every_language(lang: str, what: str) -> None:
    entry = HistoryEntry(rev=2, at=AT, what=what, by="hanako")

    assert f"hanako: {what}" != step(entry, NOON, LABELS[lang])


@pytest.mark.parametrize("end", End)
@pytest.mark.parametrize("lang", LABELS)
def test_end_of_a_call_back_is_told_in_words(end: End, lang: str) -> None:
    called = CalledBack(number="+81355501234", ended=end.value)
    entry = HistoryEntry(rev=2, at=AT, what="call_ended", by="sipbot", call_back=called)

    assert "end_" not in step(entry, NOON, LABELS[lang])


# A memo has "failed" in place of "unreachable".
@pytest.mark.parametrize("end", sorted({*get_args(OnCallEnd), NOBODY} - {"unreachable"}))
@pytest.mark.parametrize("lang", LABELS)
def test_end_of_a_call_to_those_on_call_is_told_in_words(end: str, lang: str) -> None:
    told = Escalated(kind="phone", target="rota", person="sato", end=end)
    entry = HistoryEntry(rev=2, at=AT, what="on_call_called", by="sipbot", escalated=told)

    assert "end_" not in step(entry, NOON, LABELS[lang])


@pytest.mark.parametrize(
    ("expected", "lang", "why"),
    [
        ("lead is told: unclaimed for 15 min", "en", "unclaimed for 15 min"),
        ("lead is told: at once, urgent, category claim", "en", "at once (urgent, category claim)"),
        ("lead に知らせました(15分間対応なし)", "ja", "unclaimed for 15 min"),
        (
            "lead に知らせました(ただちに, 至急, 分類 claim)",
            "ja",
            "at once (urgent, category claim)",
        ),
        ("lead に知らせました(of a later release)", "ja", "of a later release"),
    ],
)
def test_reason_of_an_escalation_is_told_in_the_readers_language(
    expected: str, lang: str, why: str
) -> None:
    told = Escalated(kind="to", target="lead", why=why)
    entry = HistoryEntry(rev=2, at=AT, what="escalated", by="sipbot", escalated=told)

    assert expected == step(entry, NOON, LABELS[lang])


def test_what_machines_did_is_no_step_of_people() -> None:
    assert [] == people_did(a_memo())
