"""Calls back: who may be called, what an end means, and what of it is in memo and ledger."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sipbot import callback, toll
from sipbot.call_back import (
    HELD,
    RANG_S,
    REACHED_S,
    End,
    Ended,
    going,
    interrupted,
    told,
)
from sipbot.call_decision import Phones
from sipbot.command import LEASE_S
from sipbot.decision import Verdict, decide
from sipbot.ledger import Ledger
from sipbot.ledger_invariants import examine
from sipbot.masked_memo import masked
from sipbot.masking import MASK, mask_of
from sipbot.memo import Memo, Status
from sipbot.memo_history import SYSTEM, Outcome
from sipbot.sip import wire
from sipbot.understanding import ClientFacts
from tests.call_back_samples import PHONES, asked_for, stored, sure
from tests.commands import a_request
from tests.memo_samples import AT, a_memo

NUMBER, OTHER = "+81355501234", "+819012345678"


def asked(memo: Memo, phones: Phones = PHONES, **fields: Any) -> Verdict:
    return decide(memo, a_request("call", **fields), AT, phones)


# -- who may be called ---------------------------------------------------------------------------


def test_call_claims_the_memo_for_as_long_as_it_may_take_and_says_whom() -> None:
    memo = asked(sure()).memo
    assert memo is not None
    entry = memo.history[-1]
    assert entry.call_back is not None
    assert (Status.CLAIMED, "hanako", AT + HELD) == (memo.status, memo.holder, memo.held_until)
    assert ("calling", "hanako", NUMBER, None) == (
        entry.what,
        entry.by,
        entry.call_back.number,
        entry.call_back.ended,
    )


def test_second_operator_who_wants_to_call_is_told_who_does() -> None:
    memo = asked(sure()).memo
    assert memo is not None
    answer = asked(memo, PHONES, by="taro", extension="301").answer
    assert ("conflict", "claimed", "hanako") == (answer.status, answer.code, answer.holder)


def test_second_call_while_one_goes_on_is_a_conflict() -> None:
    memo = asked(sure()).memo
    assert memo is not None
    assert going(memo, AT)
    answer = asked(memo, req="r2").answer
    assert ("conflict", "calling") == (answer.status, answer.code)


@pytest.mark.parametrize("verb", ["release", "snooze", "done"])
def test_memo_stays_with_its_operator_while_sipbot_calls(verb: str) -> None:
    memo = asked(sure()).memo
    assert memo is not None
    fields = {"until": (AT + timedelta(hours=1)).isoformat()} if verb == "snooze" else {}
    answer = decide(memo, a_request(verb, req="r2", **fields), AT, PHONES).answer
    assert ("conflict", "calling") == (answer.status, answer.code)


def test_memo_whose_call_never_ended_in_the_ledger_is_kept_by_it_for_hours_only() -> None:
    memo = asked(sure()).memo
    assert memo is not None
    late = AT + HELD + timedelta(seconds=1)
    request = a_request("done", req="r2", ts=late)
    assert "accepted" == decide(memo, request, late, PHONES).answer.status


def test_claim_during_a_call_does_not_end_in_the_middle_of_it() -> None:
    memo = asked(sure()).memo
    assert memo is not None
    after = decide(memo, a_request("claim", req="r2"), AT, PHONES).memo
    assert after is not None
    assert AT + HELD == after.held_until


def test_number_that_is_not_confirmed_must_be_named() -> None:
    answer = asked(a_memo()).answer
    assert ("rejected", "unconfirmed") == (answer.status, answer.code)
    assert NUMBER in (answer.problem or "")
    assert "accepted" == asked(a_memo(), number="03-5550-1234").answer.status


def test_number_that_is_not_the_memos_is_refused() -> None:
    answer = asked(sure(), number=OTHER).answer
    assert ("rejected", "bad_field") == (answer.status, answer.code)


def test_number_that_the_caller_said_not_to_call_is_refused() -> None:
    spoken = callback.Spoken(number=OTHER, valid=False)
    evidence = callback.heard([spoken], "vosk", "JP")
    memo = a_memo()
    memo = memo.model_copy(
        update={"callback": callback.decide((*memo.callback.evidence, *evidence), read_back=False)}
    )
    assert "bad_field" == asked(memo, number=OTHER).answer.code


def test_memo_without_a_number_calls_nobody() -> None:
    assert "no_number" == asked(a_memo(None)).answer.code


@pytest.mark.parametrize(
    ("by", "extension", "code"),
    [
        ("hanako", None, None),
        ("hanako", "201", None),
        ("taro", "301", None),
        ("taro", "sip:desk@pbx.example", None),
        ("taro", None, "no_extension"),
        ("taro", "201", "bad_field"),
        ("hanako", "0990123456", "bad_field"),
        ("hanako", "sip:desk@elsewhere.example", "bad_field"),
        ("hanako", "sip:desk@pbx.example;maddr=elsewhere", "bad_field"),
    ],
)
def test_telephone_is_the_operators_or_one_that_is_allowed(
    by: str, extension: str | None, code: str | None
) -> None:
    more = {} if extension is None else {"extension": extension}
    assert code == asked(sure(), PHONES, by=by, **more).answer.code


def test_nobody_is_called_where_nothing_is_set_up() -> None:
    assert "no_extension" == asked(sure(), Phones(region="JP")).answer.code


@pytest.mark.parametrize(
    ("number", "beginnings", "allowed"),
    [
        (NUMBER, (), True),
        ("+12025550143", (), False),
        ("+12025550143", ("+1", "+81"), True),
        ("+81990504567", (), False),
        ("117", (), False),
        ("+8135550123", (), False),
    ],
)
def test_numbers_of_the_country_that_cost_nothing_extra_are_called(
    number: str, beginnings: tuple[str, ...], allowed: bool
) -> None:
    assert allowed == (toll.flaw(number, beginnings, "JP") == "")


@pytest.mark.parametrize(
    ("region", "number"),
    [
        ("US", "+12025550143"),
        ("US", "+18005551234"),
        ("CA", "+14165550123"),
        ("CA", "+18005551234"),
        ("GB", "+442079460000"),
        ("GB", "+447400123456"),
        ("GB", "+448081570123"),
        ("JE", "+441534712345"),
        ("JP", "+81312345678"),
        ("JP", "+819012345678"),
        ("JP", "+815012345678"),
        ("JP", "+81120123456"),
        ("JP", "+818001234567"),
        ("KR", "+82212345678"),
        ("KR", "+821012345678"),
        ("KR", "+827012345678"),
        ("KR", "+82801234567"),
    ],
)
def test_ordinary_and_toll_free_numbers_of_the_region_are_called(region: str, number: str) -> None:
    assert "" == toll.flaw(number, (), region)


@pytest.mark.parametrize(
    ("region", "number"),
    [
        pytest.param("US", "+18765550123", id="jamaica"),
        pytest.param("US", "+18095550123", id="dominican-republic"),
        pytest.param("US", "+14734031234", id="grenada"),
        pytest.param("US", "+14165550123", id="canada"),
        pytest.param("GB", "+441534712345", id="jersey"),
        pytest.param("GB", "+441624712345", id="man"),
        pytest.param("GB", "+447624123456", id="man-mobile"),
        pytest.param("GB", "+447911123456", id="guernsey-mobile"),
    ],
)
def test_numbers_abroad_with_the_regions_dialling_code_are_not_called(
    region: str, number: str
) -> None:
    assert toll.flaw(number, (), region).startswith(f"is no number of {region} ")


@pytest.mark.parametrize(
    ("region", "number"),
    [
        pytest.param("US", "+19005551234", id="us-premium"),
        pytest.param("US", "+15005550100", id="us-personal"),
        pytest.param("GB", "+449012345678", id="gb-premium"),
        pytest.param("GB", "+447012345678", id="gb-personal"),
        pytest.param("GB", "+447640123456", id="gb-pager"),
        pytest.param("GB", "+445512345678", id="gb-uan"),
        pytest.param("JP", "+81990123456", id="jp-premium"),
        pytest.param("JP", "+81570012345", id="jp-0570"),
        pytest.param("KR", "+82605123456", id="kr-premium"),
        pytest.param("KR", "+825012345678", id="kr-personal"),
        pytest.param("KR", "+8215441234", id="kr-uan"),
        pytest.param("DE", "+491801234567", id="de-shared-cost"),
    ],
)
@pytest.mark.parametrize("any_beginning", [False, True])
def test_kinds_of_number_that_may_cost_extra_are_never_called(
    region: str, number: str, any_beginning: bool
) -> None:
    beginnings = (number[:3],) if any_beginning else ()
    assert "may cost extra" == toll.flaw(number, beginnings, region)


def test_number_abroad_is_refused_with_the_setting_that_would_allow_it() -> None:
    answer = asked(sure(a_memo("+12025550143"))).answer
    assert ("rejected", "number_not_allowed") == (answer.status, answer.code)
    assert "call_back.numbers" in (answer.problem or "")


# -- what an end means ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "by", "code", "rang_s", "talk_s", "end", "outcome"),
    [
        ("line", "sipbot", 486, None, None, End.NO_LINE, None),
        ("phone", "operator", 486, None, None, End.OPERATOR_AWAY, None),
        ("phone", "sipbot", 480, None, None, End.OPERATOR_AWAY, None),
        ("number", "called", 486, 1.0, None, End.BUSY, Outcome.BUSY),
        ("number", "called", 603, 3.0, None, End.BUSY, Outcome.BUSY),
        ("number", "called", 480, None, None, End.NO_ANSWER, Outcome.NO_ANSWER),
        ("number", "called", 408, 20.0, None, End.NO_ANSWER, Outcome.NO_ANSWER),
        ("number", "called", 408, None, None, End.FAILED, None),
        ("number", "sipbot", 408, None, None, End.FAILED, None),
        ("number", "sipbot", 480, 44.0, None, End.NO_ANSWER, Outcome.NO_ANSWER),
        ("number", "called", 404, None, None, End.FAILED, None),
        ("number", "sipbot", 503, None, None, End.FAILED, None),
        ("number", "operator", 200, RANG_S, None, End.OPERATOR_LEFT, Outcome.NO_ANSWER),
        ("number", "operator", 200, 2.0, None, End.OPERATOR_LEFT, None),
        ("talk", "called", 200, 4.0, REACHED_S, End.TALKED, Outcome.REACHED),
        ("talk", "operator", 200, 4.0, 1.0, End.TALKED, None),
    ],
)
def test_end_says_what_came_of_it_where_a_machine_can_know(
    where: wire.CallBackWhere,
    by: wire.CallBackBy,
    code: int,
    rang_s: float | None,
    talk_s: float | None,
    end: End,
    outcome: Outcome | None,
) -> None:
    event = wire.CallBackEnded(
        call="cb",
        where=where,
        by=by,
        code=code,
        reason="",
        at=AT,
        rang_s=rang_s,
        talk_s=talk_s,
    )
    assert (end, outcome) == (told(event).end, told(event).outcome)


def test_talk_that_a_crash_has_ended_had_reached_somebody() -> None:
    later = AT + timedelta(minutes=1)
    assert Outcome.REACHED == interrupted(later, AT).outcome
    assert None is interrupted(later).outcome


# -- the ledger ----------------------------------------------------------------------------------


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as opened:
        yield opened


async def test_accepted_call_is_a_row_with_operator_number_and_the_clients_number(
    ledger: Ledger,
) -> None:
    told: list[str] = []
    ledger.commands.on_call = told.append
    memo = await asked_for(ledger, AT)
    (entry,) = await ledger.calls_back.going()
    assert [entry.id] == told
    assert (memo.id, "yamato", "hanako", "201", NUMBER, "+81312345678") == (
        entry.memo,
        entry.client,
        entry.by,
        entry.extension,
        entry.number,
        entry.shown,
    )


async def test_end_is_written_once_with_times_outcome_and_an_ordinary_claim(
    ledger: Ledger, tmp_path: Path
) -> None:
    memo = await asked_for(ledger, AT)
    (entry,) = await ledger.calls_back.going()
    answered, over = AT + timedelta(seconds=20), AT + timedelta(seconds=80)
    how = Ended(
        end=End.TALKED, outcome=Outcome.REACHED, at=over, connected_at=answered, talk_s=60.0
    )
    for _ in range(2):
        await ledger.calls_back.ended(entry.id, how, over)
    after = await stored(ledger, memo)
    assert [
        ("recorded", SYSTEM, AT, None),
        ("calling", "hanako", AT, None),
        ("call_connected", SYSTEM, answered, None),
        ("call_ended", SYSTEM, over, Outcome.REACHED),
    ] == [(one.what, one.by, one.at, one.outcome) for one in after.history]
    last = after.history[-1].call_back
    assert last is not None
    assert (NUMBER, "talked", 60.0) == (last.number, last.ended, last.talk_s)
    assert (Outcome.REACHED, over + timedelta(seconds=LEASE_S)) == (after.result, after.held_until)
    assert not going(after, over)
    assert [] == await ledger.calls_back.going()
    assert () == examine(tmp_path / "sipbot.sqlite3", None).problems
    assert 1 == sum((await ledger.counts(over, AT)).calls.values())


async def test_end_that_nobody_can_judge_leaves_the_result_to_the_operator(ledger: Ledger) -> None:
    memo = await asked_for(ledger, AT)
    (entry,) = await ledger.calls_back.going()
    await ledger.commands.obey(a_request("callback", req="r2", memo=memo.id, outcome="busy"), AT)
    await ledger.calls_back.ended(entry.id, Ended(end=End.FAILED, outcome=None, at=AT), AT)
    assert Outcome.BUSY == (await stored(ledger, memo)).result


async def test_result_that_the_operator_says_during_the_talk_stands(ledger: Ledger) -> None:
    memo = await asked_for(ledger, AT)
    (entry,) = await ledger.calls_back.going()
    said = a_request("callback", req="r2", memo=memo.id, outcome="wrong_number")
    await ledger.commands.obey(said, AT)
    how = Ended(end=End.TALKED, outcome=Outcome.REACHED, at=AT, connected_at=AT, talk_s=9.0)
    await ledger.calls_back.ended(entry.id, how, AT)
    assert Outcome.WRONG_NUMBER == (await stored(ledger, memo)).result


def test_masked_memo_does_not_say_who_was_called() -> None:
    memo = asked(sure()).memo
    assert memo is not None
    shown = masked(memo, mask_of(memo, ClientFacts(), None)).history[-1]
    assert shown.call_back is not None
    assert (MASK, "calling") == (shown.call_back.number, shown.what)


def test_number_of_a_client_which_sipbot_would_answer_itself_is_refused() -> None:
    phones = replace(PHONES, answered_here={NUMBER}.__contains__)
    answer = asked(sure(), phones).answer
    assert ("rejected", "number_not_allowed") == (answer.status, answer.code)
