"""A night in which nobody claims a memo: who is told when, each once, whatever dies meanwhile.

Ledger, dialplans and calls' rows are real; the clock is set, and the agent is the test.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from copy import copy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sipbot import escalation_watch, on_call
from sipbot.command import LEASE_MAX_S
from sipbot.dialplan import Dialplans
from sipbot.errors import LedgerError
from sipbot.escalation_watch import EscalationWatch
from sipbot.ledger import Ledger
from sipbot.memo import Memo, Status, Urgency
from sipbot.memo_history import next_revision
from sipbot.on_call import OnCallPhones, call_of, parts_of
from sipbot.on_call_words import announcement
from sipbot.recordings import Recordings
from sipbot.records import EndedBy, EndState
from sipbot.sip import wire
from sipbot.sip.on_call_wire import CallOnCall, OnCallEnd, OnCallEnded
from tests.clients import client
from tests.memo_samples import AT, MEMO_ID, a_memo, a_memo_of, an_offer

MINUTE = timedelta(minutes=1)
BOOK = """
[[escalate]]
after_min = 15
to = "lead"

[[escalate]]
after_min = 30
phone = "rota"

[[escalate]]
after_min = 60
notify = "client"

[[notify]]
name = "client"
target = "sato-mail"
when = "asked"

[[rota]]
name = "mori"
number = "sip:mori@10.0.0.5"
hours = "Mo-Fr 00:00-09:00"

[[rota]]
name = "sato"
number = "sip:sato@10.0.0.5"

[[rota]]
name = "boss"
number = "sip:boss@10.0.0.5"
last_resort = true
"""


class Phones(OnCallPhones):
    """Real ones that say nothing: what a voice says has tests of its own."""

    async def _said(self, call: str, language: str, words: str) -> list[Path]:
        return []


class Telephone:
    """An agent at whose other end the test presses the keys, or does not."""

    serving = True
    pong = None

    def __init__(self) -> None:
        self.called: list[str] = []
        self.prompts: tuple[str, ...] = ()
        """Of the latest call."""
        self.written: list[str] = []
        self.hung_up: list[str] = []

    def send(self, command: wire.Command) -> None:
        if isinstance(command, CallOnCall):
            self.called.append(command.call)
            self.prompts = command.prompts
        elif isinstance(command, wire.Written):
            self.written.append(command.call)
        elif isinstance(command, wire.HangUp):
            self.hung_up.append(command.call)


class Outside:
    """Who is told by notifications; keeps each message once, as the ledger does."""

    def __init__(self) -> None:
        self.told: dict[str, str] = {}

    async def tell(
        self, client: str, channel: str, subject: str, body: str, *, once: str = ""
    ) -> bool:
        raise AssertionError("escalations tell of a memo")

    async def tell_of(self, channel: str, memo: Memo, why: str, *, once: str = "") -> bool:
        self.told.setdefault(once, f"{channel}: {why}")
        return True


class Night:
    """A site, and a clock that can be set."""

    def __init__(self, ledger: Ledger, dialplans: Dialplans, folder: Path) -> None:
        self.ledger, self.dialplans, self.folder = ledger, dialplans, folder
        self.now = AT
        self.alerts: dict[str, str | None] = {}
        self.telephone, self.outside = Telephone(), Outside()
        self.memo = a_memo_of(an_offer(), client="sato")
        self.watch = self.start_again()

    def start_again(self, phones: type[OnCallPhones] = Phones) -> EscalationWatch:
        """Return what a new main process would have."""
        self.watch = EscalationWatch(
            ledger=self.ledger.escalations,
            revisions=self.ledger.console,
            plans=lambda: self.dialplans,
            trouble=self._trouble,
            clock=lambda: self.now,
        )
        self.watch.notify = self.outside
        self.watch.phones = self.phones = phones(
            agents=lambda: [self.telephone],
            recordings=Recordings(self.folder),
            folder=self.folder / "on-call",
            ended=self.watch.ended,
            trouble=self._trouble,
        )
        return self.watch

    def _trouble(self, alert: str, problem: str | None, remedy: str) -> None:
        self.alerts[alert] = problem

    async def store(self) -> None:
        await self.ledger.add_call(an_offer(self.memo.call.id), "sato", "request-uri", "sato")
        await self.ledger.end_call(
            self.memo.call.id, EndState.MEMO, AT, EndedBy.CALLER, 200, self.memo
        )

    async def at(self, minutes: float) -> None:
        """Look at the site so many minutes after the call."""
        self.now = self.memo.call.ended_at + minutes * MINUTE
        await self.look()

    async def look(self) -> None:
        """Look at the site, and place the calls that this has led to."""
        await self.watch.look()
        while self.watch.placing:
            await self.watch.place()

    async def hangs_up(self, person: str, end: OnCallEnd) -> None:
        """The telephone of somebody on call tells how it ended."""
        self.says_that_it_ended(person, end)
        await self.look()

    def says_that_it_ended(self, person: str, end: OnCallEnd) -> None:
        call = call_of(self.memo.id, person)
        event = OnCallEnded(call=call, end=end, reason="", at=self.now)
        self.phones.hear(self.telephone, event)

    async def is_claimed_by(self, name: str) -> None:
        claimed = {"status": Status.CLAIMED, "holder": name, "held_until": AT + 300 * MINUTE}
        await self.ledger.revise_memo(
            self.memo.id, lambda memo: next_revision(memo, AT, claimed, what="claimed", by=name)
        )

    async def stored(self) -> Memo:
        found = await self.ledger.memo(self.memo.id)
        assert found is not None
        return found

    async def steps(self) -> list[str]:
        """What the memo's history tells of the night."""
        entries = [one.escalated for one in (await self.stored()).history]
        return [f"{e.person or e.target} {e.end or e.why}" for e in entries if e is not None]

    def called(self) -> list[str]:
        return [parts_of(call)[1] for call in self.telephone.called]


@pytest.fixture
async def night(tmp_path: Path) -> AsyncIterator[Night]:
    (tmp_path / "dialplans").mkdir()
    dialplans = Dialplans((client(tmp_path / "dialplans", BOOK),), "JP")
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        one = Night(ledger, dialplans, tmp_path)
        await one.store()
        yield one


async def test_a_night_that_nobody_watches_takes_each_step_once(night: Night) -> None:
    for minute in range(120):
        await night.at(minute)
        for person in ("sato", "boss"):
            if night.phones.going(night.memo.id) and night.called()[-1] == person:
                await night.hangs_up(person, "no_answer")
    assert [
        "lead unclaimed for 15 min",
        "rota unclaimed for 30 min",
        "sato no_answer",
        "boss no_answer",
        "rota nobody",
        "client unclaimed for 60 min",
    ] == await night.steps()
    assert ["sato", "boss"] == night.called()
    assert ["client: unclaimed for 60 min"] == list(night.outside.told.values())
    assert night.alerts["escalation"] is not None


async def test_whoever_presses_the_key_holds_the_memo_and_nobody_else_is_told(
    night: Night,
) -> None:
    for minute in (15, 30, 30.5):
        await night.at(minute)
    await night.hangs_up("sato", "taken")
    for minute in range(31, 90):
        await night.at(minute)
    memo = await night.stored()
    assert (Status.CLAIMED, "sato") == (memo.status, memo.holder)
    assert memo.held_until is not None
    assert timedelta(seconds=LEASE_MAX_S) <= memo.held_until - AT
    assert (["sato"], {}) == (night.called(), night.outside.told)
    assert [call_of(night.memo.id, "sato")] == night.telephone.written


async def test_a_memo_that_was_claimed_in_time_goes_no_further(night: Night) -> None:
    await night.at(14)
    await night.is_claimed_by("alice")
    for minute in range(15, 90):
        await night.at(minute)
    assert [] == await night.steps()


async def test_a_restart_at_any_minute_repeats_no_step(night: Night) -> None:
    for minute in range(90):
        night.start_again()
        await night.at(minute)
        if minute == 40:
            await night.hangs_up("sato", "busy")
            await night.hangs_up("boss", "declined")
    assert [
        "lead unclaimed for 15 min",
        "rota unclaimed for 30 min",
        "sato busy",
        "boss declined",
        "rota nobody",
        "client unclaimed for 60 min",
    ] == await night.steps()


async def test_the_end_of_a_call_that_outlived_its_main_process_counts(night: Night) -> None:
    for minute in (15, 30, 30.5):
        await night.at(minute)
    night.start_again()
    going = (call_of(night.memo.id, "sato"),)
    night.phones.hear(
        night.telephone,
        wire.Hello(pid=1, pjsip="", address="", lines=4, fingerprint="", calls_back=going),
    )
    await night.at(31)
    await night.hangs_up("sato", "taken")
    assert ["sato"] == night.called()
    assert "sato" == (await night.stored()).holder


async def test_a_call_for_which_no_line_was_free_is_tried_again(night: Night) -> None:
    for minute in (15, 30, 30.5):
        await night.at(minute)
    await night.hangs_up("sato", "no_line")
    await night.at(31)
    assert ["sato", "sato"] == night.called()


async def test_a_person_is_called_about_one_memo_at_a_time(night: Night) -> None:
    first, night.memo = night.memo, a_memo_of(an_offer(), client="sato")
    await night.store()
    for minute in (15, 30, 30.5, 31):
        await night.at(minute)
    assert ["sato"] == night.called()
    night.memo = first if call_of(first.id, "sato") in night.telephone.called else night.memo
    await night.hangs_up("sato", "taken")
    await night.at(32)
    assert ["sato", "sato"] == night.called()


async def test_the_alert_ends_when_somebody_claims_what_nobody_took(night: Night) -> None:
    for minute in (15, 30, 30.5):
        await night.at(minute)
    await night.hangs_up("sato", "busy")
    await night.hangs_up("boss", "busy")
    for _ in range(3):
        await night.look()
    raised = night.alerts["escalation"]
    await night.ledger.revise_memo(
        night.memo.id,
        lambda memo: next_revision(memo, AT, {"status": Status.DONE}, what="done", by="alice"),
    )
    await night.look()
    assert raised is not None
    assert night.alerts["escalation"] is None


async def test_a_step_to_a_channel_that_is_not_there_is_told_as_an_alert(night: Night) -> None:
    night.watch.notify = None
    night.watch.phones = None
    plan = night.dialplans.all[0]
    only = (plan.escalation.steps[2],)
    object.__setattr__(plan.escalation, "steps", only)

    await night.at(60)

    assert ["client unclaimed for 60 min"] == await night.steps()
    assert night.alerts["escalation-channel"] is not None


@pytest.mark.parametrize(
    ("expected", "language"),
    [
        ("There is a message for Sato Law.", "en"),
        ("Sato Law宛ての伝言が届いています。", "ja"),
        ("Sato Law 앞으로 온 메시지가 있습니다.", "ko"),
    ],
)
def test_who_is_called_hears_for_whom_and_how_long_and_which_key(
    expected: str, language: str
) -> None:
    memo = a_memo().model_copy(
        update={"urgency": Urgency.URGENT, "answers": {"name": "Mori", "company": "Kita"}}
    )

    said = announcement(memo, "Sato Law", language, memo.call.ended_at + 30 * MINUTE)

    assert said.startswith(expected)
    assert ("30" in said, "Kita Mori" in said, "1" in said) == (True, True, True)


def test_the_id_of_a_call_tells_memo_and_person() -> None:
    assert (MEMO_ID, "sato-2") == parts_of(call_of(MEMO_ID, "sato-2"))


async def test_a_folder_for_announcements_that_is_a_file_keeps_nobody_from_being_called(
    night: Night,
) -> None:
    night.start_again(phones=OnCallPhones)
    (night.folder / "on-call").write_text("")
    for minute in (15, 30, 30.5):
        await night.at(minute)
    assert ["sato"] == night.called()
    assert night.alerts["on-call-voice"] is not None


async def test_an_announcement_that_cannot_be_removed_does_not_undo_the_key(night: Night) -> None:
    for minute in (15, 30, 30.5):
        await night.at(minute)
    (night.folder / "on-call" / f"{call_of(night.memo.id, 'sato')}.wav").mkdir(parents=True)
    await night.hangs_up("sato", "taken")
    assert "sato" == (await night.stored()).holder


async def test_a_mistake_about_one_memo_does_not_keep_others_from_being_told(night: Night) -> None:
    first, night.memo = night.memo, a_memo_of(an_offer(), client="sato")
    await night.store()

    class Clumsy(Phones):
        async def _said(self, call: str, language: str, words: str) -> list[Path]:
            if first.id in call:
                raise OSError("no more processes")
            return []

    night.start_again(phones=Clumsy)
    for minute in (15, 30, 30.5, 31):
        await night.at(minute)
    assert [call_of(night.memo.id, "sato")] == night.telephone.called


async def test_a_ledger_that_refuses_once_loses_no_step(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    await night.at(14)
    with monkeypatch.context() as patched:
        patched.setattr(night.ledger.escalations, "memo", refuses)
        with pytest.raises(LedgerError, match="locked"):
            await night.at(15)
    await night.at(16)
    assert ["lead unclaimed for 15 min"] == await night.steps()


async def refuses(memo: str) -> Memo | None:
    """Stand for a ledger whose file somebody else holds."""
    raise LedgerError("database is locked")


async def test_the_end_of_a_call_about_a_memo_that_nobody_can_read_stops_no_other(
    night: Night,
) -> None:
    for minute in (15, 30, 30.5):
        await night.at(minute)
    first, night.memo = night.memo, a_memo_of(an_offer(), client="sato")
    await night.store()
    spoil(night.folder / "sipbot.sqlite3", first.id)
    event = OnCallEnded(call=call_of(first.id, "sato"), end="taken", reason="", at=night.now)
    night.phones.hear(night.telephone, event)
    await night.at(46)
    assert ["lead unclaimed for 15 min"] == await night.steps()
    assert [call_of(first.id, "sato")] == night.telephone.written


def spoil(ledger: Path, memo: str) -> None:
    """Edit a memo so that it is none."""
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute("UPDATE memos SET body = '{}' WHERE id = ?", (memo,))


async def test_a_call_that_ends_while_the_ledger_is_read_is_not_repeated(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    for minute in (15, 30, 30.5):
        await night.at(minute)
    read = night.ledger.escalations.memo

    async def slow(identifier: str) -> Memo | None:
        memo = await read(identifier)
        night.says_that_it_ended("sato", "declined")
        return memo

    with monkeypatch.context() as patched:
        patched.setattr(night.ledger.escalations, "memo", slow)
        await night.at(31)
    await night.at(31.5)
    assert ["sato", "boss"] == night.called()


@pytest.mark.parametrize("ended", [True, False])
async def test_a_call_that_is_heard_of_while_words_are_spoken_is_not_repeated(
    night: Night, ended: bool
) -> None:
    for minute in (15, 30, 30.5):
        await night.at(minute)
    going = (call_of(night.memo.id, "sato"),)

    class Slow(Phones):
        async def _said(self, call: str, language: str, words: str) -> list[Path]:
            hello = wire.Hello(
                pid=1, pjsip="", address="", lines=4, fingerprint="", calls_back=going
            )
            self.hear(night.telephone, hello)
            if ended:
                night.says_that_it_ended("sato", "taken")
            return []

    night.start_again(phones=Slow)
    for minute in (31, 32):
        await night.at(minute)
    assert ["sato"] == night.called()


async def test_a_memo_that_somebody_claims_while_words_are_spoken_rings_nobody(
    night: Night,
) -> None:
    class Slow(Phones):
        async def _said(self, call: str, language: str, words: str) -> list[Path]:
            await night.is_claimed_by("hanako")
            return []

    night.start_again(phones=Slow)
    for minute in (15, 30, 30.5, 31):
        await night.at(minute)
    assert [] == night.called()


async def test_a_call_about_a_memo_that_somebody_claims_is_ended(night: Night) -> None:
    for minute in (15, 30, 30.5):
        await night.at(minute)
    await night.is_claimed_by("hanako")
    await night.at(31)
    assert [call_of(night.memo.id, "sato")] == night.telephone.hung_up


async def test_a_call_is_ended_when_its_client_has_no_steps_any_more_and_somebody_claims(
    night: Night,
) -> None:
    for minute in (15, 30, 30.5):
        await night.at(minute)
    night.dialplans = night.dialplans.changed({"sato": None})
    await night.at(30.6)
    await night.is_claimed_by("hanako")
    await night.at(30.7)
    assert [call_of(night.memo.id, "sato")] == night.telephone.hung_up


async def test_a_later_step_is_in_time_while_people_are_called(night: Night) -> None:
    for minute in (15, 30, 30.5, 59.95):
        await night.at(minute)
    await night.at(60)
    assert "client unclaimed for 60 min" == (await night.steps())[-1]


def hello(*going: str) -> wire.Hello:
    return wire.Hello(pid=1, pjsip="", address="", lines=4, fingerprint="", calls_back=going)


async def test_a_call_of_an_agent_that_only_let_go_of_its_parent_goes_on(night: Night) -> None:
    for minute in (15, 30, 30.5):
        await night.at(minute)
    said = night.folder / "on-call" / f"{call_of(night.memo.id, 'sato')}.wav"
    said.parent.mkdir()
    said.write_bytes(b"")
    night.phones.agent_gone(night.telephone)
    await night.at(31)
    night.phones.hear(night.telephone, hello(call_of(night.memo.id, "sato")))
    there = said.exists()
    await night.hangs_up("sato", "taken")
    assert (["sato"], "sato", True, False) == (
        night.called(),
        (await night.stored()).holder,
        there,
        said.exists(),
    )


async def test_a_call_that_an_agent_does_not_know_any_more_is_placed_again(night: Night) -> None:
    for minute in (15, 30, 30.5):
        await night.at(minute)
    night.phones.agent_gone(night.telephone)
    night.phones.hear(night.telephone, hello())
    await night.at(31)
    assert ["sato", "sato"] == night.called()


async def test_a_call_of_an_agent_that_never_comes_back_is_placed_again(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_call, "LOST_S", 0.0)
    for minute in (15, 30, 30.5):
        await night.at(minute)
    night.phones.agent_gone(night.telephone)
    while night.phones.going(night.memo.id):
        await asyncio.sleep(0)
    await night.at(31)
    assert ["sato", "sato"] == night.called()


async def test_a_call_whose_memo_was_claimed_while_its_agent_was_away_is_ended(
    night: Night,
) -> None:
    for minute in (15, 30, 30.5):
        await night.at(minute)
    night.phones.agent_gone(night.telephone)
    await night.is_claimed_by("hanako")
    await night.at(31)
    night.telephone.hung_up.clear()  # nobody heard it
    night.phones.hear(night.telephone, hello(call_of(night.memo.id, "sato")))
    await night.at(31.1)
    assert [call_of(night.memo.id, "sato")] == night.telephone.hung_up


async def test_a_key_after_somebody_else_has_claimed_takes_nothing(night: Night) -> None:
    for minute in (15, 30, 30.5):
        await night.at(minute)
    await night.is_claimed_by("hanako")
    await night.hangs_up("sato", "taken")
    assert "hanako" == (await night.stored()).holder
    assert "sato too_late" == (await night.steps())[-1]


async def test_a_call_that_outlived_main_is_ended_when_its_memo_was_closed_meanwhile(
    night: Night,
) -> None:
    for minute in (15, 30, 30.5):
        await night.at(minute)
    await night.ledger.revise_memo(
        night.memo.id,
        lambda memo: next_revision(memo, AT, {"status": Status.DONE}, what="done", by="alice"),
    )
    night.start_again()
    await night.at(31)
    going = (call_of(night.memo.id, "sato"),)
    hello = wire.Hello(pid=1, pjsip="", address="", lines=4, fingerprint="", calls_back=going)
    night.phones.hear(night.telephone, hello)
    await night.at(31.5)
    assert list(going) == night.telephone.hung_up


async def test_a_trunk_that_is_down_for_a_minute_does_not_use_up_the_rota(night: Night) -> None:
    for minute in (15, 30, 30.5):
        await night.at(minute)
    for minute in (30.6, 31, 31.5):
        night.now = night.memo.call.ended_at + minute * MINUTE
        await night.hangs_up(night.called()[-1], "unreachable")
        raised = night.alerts["on-call-unreachable"]
        await night.at(minute + 0.2)
    await night.hangs_up("boss", "taken")
    assert ["sato", "boss", "sato", "boss"] == night.called()
    assert "boss" == (await night.stored()).holder
    assert raised is not None
    assert night.alerts["on-call-unreachable"] is None


async def test_a_trunk_that_stays_down_is_given_up_in_the_end(night: Night) -> None:
    for minute in (15, 30, 30.5):
        await night.at(minute)
    minute = 30.5
    while "rota nobody" not in await night.steps():
        minute += 0.5
        if night.phones.going(night.memo.id):
            night.now = night.memo.call.ended_at + minute * MINUTE
            night.says_that_it_ended(night.called()[-1], "unreachable")
        await night.at(minute)
    assert ["sato failed", "boss failed"] == (await night.steps())[-3:-1]
    assert 35 < minute < 40


@pytest.mark.parametrize(
    ("expected", "changed"), [(False, "sato"), (False, None), (True, "tanaka")]
)
async def test_the_alert_about_a_channel_ends_when_the_dialplan_that_names_it_changes(
    night: Night, expected: bool, changed: str | None
) -> None:
    await night.at(0)
    night.watch.notify = None
    await night.at(60)
    await night.hangs_up("sato", "busy")
    for minute in (61, 62):
        await night.at(minute)
    await night.hangs_up("boss", "busy")
    for minute in (63, 64):
        await night.at(minute)
    raised = night.alerts["escalation-channel"]
    (plan,) = night.dialplans.all
    changes = {"sato": None} if changed is None else {changed: copy(plan)}
    if changed == "tanaka":
        changes = {"tanaka": replace(plan, client="tanaka", numbers=())}
    night.dialplans = night.dialplans.changed(changes)
    await night.at(65)
    assert raised is not None
    assert expected == (night.alerts["escalation-channel"] is not None)


async def test_what_has_just_come_waits_for_no_memo_that_a_start_brings_up(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(escalation_watch, "AT_ONCE", 1)
    monkeypatch.setattr(escalation_watch, "OLD_AT_ONCE", 1)
    for _ in range(4):
        night.memo = a_memo_of(an_offer(), client="sato")
        await night.store()
    night.start_again()
    await night.at(15)
    night.memo = a_memo_of(an_offer(), client="sato")
    await night.store()
    for _ in range(2):
        await night.at(15)
    assert ["lead unclaimed for 15 min"] == await night.steps()


async def test_no_other_memo_waits_while_words_are_spoken(night: Night) -> None:
    for minute in (15, 30):
        await night.at(minute)
    night.memo = a_memo_of(an_offer(), client="sato")
    await night.store()
    night.now = night.memo.call.ended_at + 31 * MINUTE
    for _ in range(2):
        await night.watch.look()
    assert night.watch.placing
    assert ["lead unclaimed for 15 min"] == (await night.steps())[:1]


async def test_announcements_that_a_crash_left_are_removed_but_those_in_use(night: Night) -> None:
    for minute in (15, 30, 30.5):
        await night.at(minute)
    folder = night.folder / "on-call"
    folder.mkdir()
    used = folder / f"{call_of(night.memo.id, 'sato')}.wav"
    for one in (used, folder / f"{call_of(night.memo.id, 'boss')}.wav"):
        one.write_bytes(b"")
    night.phones.tidy()
    assert [used] == list(folder.iterdir())


async def test_the_message_is_played_once_and_who_it_is_for_again(night: Night) -> None:
    class Speaking(Phones):
        async def _said(self, call: str, language: str, words: str) -> list[Path]:
            return [said]

    said = night.folder / "words.wav"
    message = night.folder / night.memo.call.id / "audio.wav"
    message.parent.mkdir()
    for one in (said, message):
        one.write_bytes(b"")
    night.start_again(phones=Speaking)
    for minute in (15, 30, 30.5):
        await night.at(minute)
    names = [Path(one).name for one in night.telephone.prompts]
    assert ["words.wav", "audio.wav", "words.wav", "words.wav"] == names


async def test_no_other_step_waits_for_a_line_that_is_never_free(night: Night) -> None:
    for minute in (15, 30, 30.5):
        await night.at(minute)
    while night.now < night.memo.call.ended_at + 61 * MINUTE:
        if night.phones.going(night.memo.id):
            await night.hangs_up("sato", "no_line")
        night.now += MINUTE
        await night.look()
    assert "client unclaimed for 60 min" == (await night.steps())[-1]
