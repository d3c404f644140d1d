"""A client's figures: what each is measured on, what is not measured, and when a target is kept."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.kpi import (
    AGAIN_WITHIN,
    MISSED,
    SERVED,
    CallFact,
    Facts,
    Figures,
    Later,
    MemoFact,
    QuotaFact,
    Terms,
    figures,
)
from sipbot.kpi_definitions import BY_KEY, DEFINITIONS
from sipbot.records import EndState
from sipbot.targets_form import TargetsForm
from tests.kpi_page import PLACES, page

SINCE = datetime(2026, 10, 1, tzinfo=UTC)
UNTIL = datetime(2026, 11, 1, tzinfo=UTC)
MUCH_LATER = UNTIL + timedelta(days=60)
CALLER = "+819012345678"


def call(
    number: int = 1,
    state: EndState | None = EndState.MEMO,
    *,
    rang_s: float | None = 3.0,
    memo: MemoFact | None = None,
    at_h: float = 0.0,
) -> CallFact:
    received = SINCE + timedelta(hours=at_h)
    return CallFact(
        call=f"c{number}",
        received_at=received,
        caller=CALLER,
        answered_at=None if rang_s is None else received + timedelta(seconds=rang_s),
        ended_at=None if state is None else received + timedelta(seconds=60),
        state=state,
        memo=memo,
    )


MONTH = QuotaFact(limit=None, before=0, within=0)


def made(
    *calls: CallFact,
    terms: Terms | None = None,
    quota: tuple[QuotaFact, ...] = (MONTH,),
    now: datetime = MUCH_LATER,
) -> Figures:
    later = [
        Later(
            call=one.call,
            received_at=one.received_at,
            caller=one.caller,
            category=one.memo.category if one.memo else None,
        )
        for one in calls
        if one.caller is not None
    ]
    facts = Facts(
        client="sato",
        tz="Asia/Tokyo",
        since=SINCE,
        until=UNTIL,
        calls=calls,
        later=later,
        quota=quota,
        terms=terms or Terms(),
    )
    return figures(facts, now)


def value(figures: Figures, key: str) -> float | None:
    return figures[key].value


def test_figures_of_no_call_measure_no_share_and_no_mean() -> None:
    found = made()
    counts = {one.key for one in DEFINITIONS if one.unit == "calls"} - {"quota_over"}
    assert dict.fromkeys(counts, 0) == {key: value(found, key) for key in counts}
    assert {None} == {value(found, key) for key in BY_KEY.keys() - counts}


def test_call_that_the_clients_file_refuses_was_not_offered() -> None:
    found = made(call(1), call(2, EndState.REFUSED_BLOCKED, rang_s=None))
    assert [2, 1, 100] == [value(found, key) for key in ("received", "offered", "answer_rate")]


def test_call_that_still_lasts_is_received_and_not_offered() -> None:
    found = made(call(1), call(2, None))
    assert [2, 1] == [value(found, key) for key in ("received", "offered")]


def test_missed_calls_are_counted_by_kind() -> None:
    found = made(call(1), call(2, EndState.NO_MESSAGE), call(3, EndState.REFUSED_CAPACITY))
    assert 2 == value(found, "missed")
    assert {"no_message": 1, "refused_capacity": 1} == {k: n for k, n in found.missed.items() if n}


@pytest.mark.parametrize(("rang_s", "expected"), [(19.9, 100), (20.0, 100), (20.1, 0)])
def test_service_level_counts_the_limit_as_within(rang_s: float, expected: float) -> None:
    assert expected == value(made(call(rang_s=rang_s)), "service_level")


def test_service_level_is_of_the_calls_offered_not_of_those_answered() -> None:
    found = made(call(1), call(2, EndState.ABANDONED_RINGING, rang_s=None))
    assert 50 == value(found, "service_level")
    assert 3 == value(found, "answer_time")


def test_handling_is_the_talk_and_the_work_on_the_message() -> None:
    claimed = SINCE + timedelta(seconds=360)
    memo = MemoFact(
        claimed_at=claimed,
        called_back_at=claimed + timedelta(seconds=60),
        calls_back=1,
        reached_first=True,
        done_at=claimed + timedelta(seconds=120),
    )
    found = made(call(memo=memo))
    keys = ("claim_time", "call_back_time", "handle_time", "fcr_by_result")
    assert [300, 360, 57 + 120, 100] == [value(found, key) for key in keys]


@pytest.mark.parametrize(
    ("again_h", "categories", "expected"),
    [
        (24.0, ("repair", "repair"), 50),
        (24.0, ("repair", None), 50),
        (24.0, ("repair", "order"), 100),
        (24 * 7 + 1, ("repair", "repair"), 100),
    ],
)
def test_first_call_resolved_unless_the_caller_calls_again_on_the_matter(
    again_h: float, categories: tuple[str | None, str | None], expected: float
) -> None:
    first, second = (MemoFact(category=one) for one in categories)
    found = made(call(1, memo=first), call(2, memo=second, at_h=again_h))
    assert expected == value(found, "fcr")


def test_first_call_is_not_judged_before_its_seven_days_are_over() -> None:
    one = call()
    assert one.ended_at is not None
    early = made(one, now=one.ended_at + AGAIN_WITHIN - timedelta(seconds=1))
    assert (None, 0) == (early["fcr"].value, early["fcr"].n)
    assert 100 == value(made(one, now=one.ended_at + AGAIN_WITHIN), "fcr")


def test_recommendation_is_promoters_minus_detractors() -> None:
    asked = frozenset({"nps"})
    memos = [MemoFact(asked=asked, rated={"nps": key}) for key in "998706"]
    calls = [call(place, memo=memo) for place, memo in enumerate(memos)]
    found = made(*calls, call(9, memo=MemoFact(asked=asked)))
    assert 0 == value(found, "nps")
    assert 100 * 6 / 7 == value(found, "nps_response")


def test_quota_is_over_only_by_the_calls_that_came_after_it_was_used_up() -> None:
    months = (
        QuotaFact(limit=10, before=8, within=5),
        QuotaFact(limit=10, before=12, within=2),
        QuotaFact(limit=None, before=99, within=1),
    )
    found = made(quota=months)
    assert [8, 5] == [value(found, "quota_used"), value(found, "quota_over")]


def test_quota_is_not_measured_where_nobody_knows_what_counts() -> None:
    found = made(call(1), quota=())
    assert [None, None] == [value(found, "quota_used"), value(found, "quota_over")]


def test_target_is_kept_from_below_or_from_above_as_the_figure_means() -> None:
    form = TargetsForm(answer_rate=100, answer_s=3, claim_min=15, missed_rate=0)
    found = made(call(1), call(2, EndState.NO_MESSAGE), terms=Terms(limits=form.limits()))
    keys = ("answer_rate", "answer_time", "claim_time", "missed_rate", "fcr")
    assert [True, True, None, False, None] == [found[key].met for key in keys]
    assert 900 == found["claim_time"].target


@given(
    st.lists(
        st.tuples(st.sampled_from([*EndState, None]), st.none() | st.floats(0, 60)), max_size=30
    )
)
def test_every_offered_call_is_served_or_missed(
    drawn: list[tuple[EndState | None, float | None]],
) -> None:
    found = made(*(call(n, state, rang_s=s) for n, (state, s) in enumerate(drawn)))
    served = sum(state in SERVED for state, _ in drawn)
    assert found["offered"].value == served + sum(found.missed.values())
    assert [kind.value for kind in MISSED] == list(found.missed)
    shares = [found[one.key].value for one in DEFINITIONS if one.unit == "percent"]
    assert all(share is None or 0 <= share <= 100 for share in shares)


@pytest.mark.parametrize("language", PLACES)
def test_page_of_the_definitions_is_up_to_date(language: str) -> None:
    assert page(language) == PLACES[language].read_text(encoding="utf-8")


def test_figures_tell_no_price() -> None:
    found = made(call(1), terms=Terms(price={"currency": "JPY"}))
    assert b"price" not in msgspec.json.encode(found)
