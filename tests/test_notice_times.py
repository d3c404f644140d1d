"""When people are told: once, at a time that their channel asked for."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.hours import Hours, compile_hours
from sipbot.hours_form import HoursForm
from sipbot.memo import LIVE_EAR, SECOND_EAR, Urgency, with_transcript
from sipbot.notice_form import NotifyForm
from sipbot.notice_times import TEXT_WAIT, channels_for, due_until, is_ready
from tests.memo_samples import a_memo, a_transcript

ZONES = st.sampled_from(["Asia/Tokyo", "Europe/London", "America/New_York", "Australia/Lord_Howe"])
TIMES = st.lists(st.times().map(lambda one: f"{one:%H:%M}"), min_size=1, max_size=5, unique=True)
INSTANTS = st.integers(0, 730 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
WAITS = st.timedeltas(timedelta(0), timedelta(days=10))


def always(zone: str) -> Hours:
    return compile_hours(HoursForm(tz=zone, open="24/7", holidays=""), region="GB")


def a_digest(*at: str, hours: tuple[str, ...] = ()) -> NotifyForm:
    return NotifyForm(name="mail", target="mail", when="digest", at=at, hours=hours)


@given(at=TIMES, zone=ZONES, since=INSTANTS, wait=WAITS)
def test_digest_is_due_at_one_of_its_times_between_keeping_and_now(
    at: list[str], zone: str, since: datetime, wait: timedelta
) -> None:
    due = due_until(a_digest(*at), always(zone), since, since + wait)
    known = {
        datetime.combine(day, time.fromisoformat(one), ZoneInfo(zone)).astimezone(UTC)
        for days in range(-1, 13)
        for day in [(since + timedelta(days=days)).astimezone(ZoneInfo(zone)).date()]
        for one in at
    }
    expected = max((one for one in known if since < one <= since + wait), default=None)
    assert expected == due


@given(at=TIMES, zone=ZONES, since=INSTANTS)
def test_digest_keeps_nothing_for_longer_than_a_day_and_a_change_of_clocks(
    at: list[str], zone: str, since: datetime
) -> None:
    assert due_until(a_digest(*at), always(zone), since, since + timedelta(hours=25)) is not None


@given(at=TIMES, zone=ZONES, since=INSTANTS, wait=WAITS, more=WAITS)
def test_what_is_due_of_a_digest_stays_due(
    at: list[str], zone: str, since: datetime, wait: timedelta, more: timedelta
) -> None:
    early = due_until(a_digest(*at), always(zone), since, since + wait)
    late = due_until(a_digest(*at), always(zone), since, since + wait + more)
    assert early is None or (late is not None and early <= late)


def test_digest_of_a_closed_day_comes_at_the_first_time_of_an_open_one() -> None:
    hours = compile_hours(HoursForm(open="Mo-Fr 08:00-18:00"), region="JP")
    friday_night = datetime(2026, 11, 20, 20, tzinfo=ZoneInfo("Asia/Tokyo")).astimezone(UTC)
    tuesday = datetime(2026, 11, 24, 9, tzinfo=ZoneInfo("Asia/Tokyo"))  # Monday is a holiday
    channel = a_digest("09:00", hours=("open",))
    ends = [tuesday.astimezone(UTC) - timedelta(minutes=1), tuesday.astimezone(UTC)]
    assert [None, tuesday] == [due_until(channel, hours, friday_night, end) for end in ends]


@pytest.mark.parametrize(("hour", "expected"), [(7, False), (8, True)])
def test_channel_with_hours_is_told_while_they_hold(hour: int, expected: bool) -> None:
    hours = compile_hours(HoursForm(open="Mo-Fr 08:00-18:00"), region="JP")
    channel = NotifyForm(name="mail", target="mail", hours=("open",))
    now = datetime(2026, 11, 20, hour, tzinfo=ZoneInfo("Asia/Tokyo")).astimezone(UTC)
    since = now - timedelta(hours=1)
    assert (now if expected else None) == due_until(channel, hours, since, now)


def test_memo_is_ready_when_its_last_ear_has_read_it() -> None:
    memo = a_memo(ears=(LIVE_EAR, SECOND_EAR))
    now = memo.call.ended_at
    live = with_transcript(memo, a_transcript("もしもし"), now)
    assert live is not None
    both = with_transcript(live, a_transcript("もしもし はい", SECOND_EAR), now)
    assert both is not None
    assert [False, False, True] == [is_ready(one, now) for one in (memo, live, both)]


def test_memo_without_a_text_is_ready_after_a_bounded_wait() -> None:
    memo = a_memo()
    ends = [memo.call.ended_at + TEXT_WAIT + timedelta(seconds=s) for s in (-1, 0)]
    assert [False, True] == [is_ready(memo, end) for end in ends]


@pytest.mark.parametrize(
    ("urgency", "expected"),
    [(Urgency.NORMAL, ("all", "daily")), (Urgency.URGENT, ("all", "urgent", "daily"))],
)
def test_channels_are_told_of_what_they_ask_for(
    urgency: Urgency, expected: tuple[str, ...]
) -> None:
    channels = [
        NotifyForm(name="all", target="x"),
        NotifyForm(name="urgent", target="x", when="urgent"),
        NotifyForm(name="daily", target="x", when="digest", at=("09:00",)),
        NotifyForm(name="escalation", target="x", when="asked"),
    ]
    memo = a_memo().model_copy(update={"urgency": urgency})
    assert expected == channels_for(memo, channels)
