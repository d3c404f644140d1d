"""The SIGKILL suite in small, and its judge: what it must miss, find twice, or let pass."""

import json
import random
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from sipbot.ledger_queries import CallEntry
from tests import brokers, ulaw
from tests.bot import Bot, running
from tests.memo_samples import an_offer
from tests.torture import packets, verdicts
from tests.torture.callers import Message, event_of
from tests.torture.journal import Called, Event, Journal, What, answered_after
from tests.torture.kills import Size, harm
from tests.torture.knocking import ring_again_and_again
from tests.torture.verdicts import Evidence, Subscribed, found_frames, mixed_up, plays

SMALL = Size(kills=4, agents=2, crowd=2, own=1, live=3, second=False)
"""Each kind of process once, over the five callers of two agents."""


@pytest.mark.sip
@pytest.mark.asr
@pytest.mark.broker
@pytest.mark.peer
@pytest.mark.timeout(600)
async def test_sigkill_of_each_process_under_load_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    rows = await harm(SMALL, random.Random(1), tmp_path)
    # How fast a busy machine is again is measured by `make torture`, not here.
    assert [] == [row for row in rows if not row.whole]
    assert all(row.tries for row in rows)


@pytest.mark.sip
@pytest.mark.asr
@pytest.mark.broker
async def test_caller_who_hangs_up_while_it_rings_writes_that_it_rang(
    tmp_path: Path, vosk_models: Path
) -> None:
    folder = tmp_path / "bot"
    folder.mkdir()
    journal = Journal(tmp_path / "journal")

    def over() -> bool:
        return any(180 in call.codes for call in journal.calls.values())

    async with (
        brokers.running("mosquitto") as broker,
        running(Bot(folder, broker.port, vosk_models)) as bot,
    ):
        await ring_again_and_again([bot.port], journal, random.Random(1), over)
    journal.close()

    (rang,) = (call for call in journal.calls.values() if 180 in call.codes)
    assert (100, 487) == (rang.codes[0], rang.codes[-1])


# -- the callers' side -----------------------------------------------------------------------------


def written(path: Path, *events: Event) -> Journal:
    journal = Journal(path)
    for event in events:
        journal.write(event)
    journal.settle()
    journal.close()
    return journal


def one(what: What, at: float, *, port: int = 5060, said: str = "", code: int = 0) -> Event:
    call = "" if what == "killed" else "c"
    return Event(at=at, what=what, call=call, port=port, said=said, code=code)


def spoken(*ends: Event) -> tuple[Event, ...]:
    return (
        one("invite", 100.0),
        one("answered", 100.1),
        one("speaking", 101.0, said="m"),
        *ends,
    )


@pytest.mark.parametrize(
    ("ends", "accepted"),
    [
        ((one("bye", 103.0), one("over", 103.1)), True),
        ((one("bye", 102.9), one("over", 103.1)), False),
        ((one("thanked", 102.0), one("over", 102.0)), True),
        ((one("over", 109.0),), False),
        ((one("killed", 102.0, said="agent 0"), one("bye", 109.0)), False),
        ((one("killed", 103.5, said="agent 0"), one("bye", 109.0)), True),
        ((one("killed", 102.0, port=0, said="main"), one("bye", 109.0)), True),
        ((one("killed", 102.0, port=5061, said="agent 1"), one("bye", 109.0)), True),
    ],
    ids=[
        "hung up after 2 s",
        "hung up before 2 s",
        "heard the closing prompt",
        "cut off by the bot",
        "spoke less than 2 s before the kill",
        "spoke more than 2 s before the kill",
        "main was killed",
        "another agent was killed",
    ],
)
def test_message_is_accepted_by_the_closing_prompt_or_two_seconds_of_speech(
    tmp_path: Path, ends: tuple[Event, ...], *, accepted: bool
) -> None:
    journal = written(tmp_path / "journal", *spoken(*ends))
    assert accepted == journal.calls["c"].is_accepted(length_s=8.0)


def test_call_whose_bye_is_read_after_the_kill_but_was_sent_before_it_was_not_killed(
    tmp_path: Path,
) -> None:
    kill, bye = one("killed", 104.0, said="agent 0"), one("bye", 103.9)
    journal = written(tmp_path / "journal", *spoken(kill, bye))
    assert journal.calls["c"].killed_at is None


def test_answer_to_a_call_placed_before_the_kill_does_not_count_as_answering_again(
    tmp_path: Path,
) -> None:
    kill = one("killed", 100.05, said="agent 0")
    journal = written(tmp_path / "journal", *spoken(kill))
    assert answered_after(journal, kill) is None


def test_line_of_a_scenario_becomes_an_event() -> None:
    line = "response 2026-11-22\t01:55:30.160256\t1795312530.160256 p0-17 486"
    expected = Event(at=1795312530.160256, what="response", call="p0-17", port=5060, code=486)
    assert expected == event_of(line, 5060)


def test_journal_is_one_json_line_an_event(tmp_path: Path) -> None:
    written(tmp_path / "journal", *spoken())
    lines = (tmp_path / "journal").read_text(encoding="utf-8").splitlines()
    assert ["invite", "answered", "speaking"] == [json.loads(line)["what"] for line in lines]


# -- the judge -------------------------------------------------------------------------------------


def memo(identifier: str, rev: int, text: str = "") -> bytes:
    told = {"id": identifier, "rev": rev, "text": text, "call": {"from": "sip:c@127.0.0.1"}}
    return json.dumps(told).encode()


def test_known_revision_with_the_same_payload_is_dropped() -> None:
    subscribed = Subscribed()
    for payload in (memo("m", 1), memo("m", 2), memo("m", 1)):
        subscribed.hear(payload)
    assert (2, 1, 0, 0) == (
        subscribed.revisions,
        subscribed.again,
        subscribed.changed,
        subscribed.fell,
    )


def test_known_revision_with_another_payload_is_found() -> None:
    subscribed = Subscribed()
    subscribed.hear(memo("m", 1, "one"))
    subscribed.hear(memo("m", 1, "another"))
    assert 1 == subscribed.changed


def test_revision_older_than_what_was_shown_is_found() -> None:
    subscribed = Subscribed()
    subscribed.hear(memo("m", 2))
    subscribed.hear(memo("m", 1))
    assert 1 == subscribed.fell


@pytest.mark.parametrize(
    ("found", "lost", "duplicated"),
    [(["a", "b"], 0, 0), (["a"], 1, 0), (["a", "b", "b"], 0, 1), (["c"], 2, 0)],
)
def test_each_accepted_message_must_be_found_once(
    found: list[str], lost: int, duplicated: int
) -> None:
    row = verdicts.each_once("harm", "promise", ["a", "b"], found, "")
    assert (2, lost, duplicated) == (row.tries, row.lost, row.duplicated)


@pytest.mark.parametrize(
    ("rows", "lost", "duplicated"),
    [(["c"], 0, 0), ([], 1, 0), (["c", "c"], 0, 1), (["c", "nobody"], 0, 1)],
)
def test_each_invite_with_a_final_response_must_have_one_row(
    rows: list[str], lost: int, duplicated: int
) -> None:
    call = Called(call="c", port=5060, invited_at=1.0, codes=[100, 486])
    row = verdicts.one_row_each({"c": call}, rows, 0, "harm")
    assert (1, lost, duplicated) == (row.tries, row.lost, row.duplicated)


def test_invite_that_rang_must_have_its_row() -> None:
    ringing = Called(call="c", port=5060, invited_at=1.0, codes=[100, 180])
    row = verdicts.one_row_each({"c": ringing}, [], 0, "harm")
    assert (1, 1) == (row.tries, row.lost)


@pytest.mark.parametrize("rows", [[], ["c"]])
def test_invite_that_nobody_answered_may_be_without_a_row(rows: list[str]) -> None:
    unanswered = Called(call="c", port=5060, invited_at=1.0, codes=[100])
    row = verdicts.one_row_each({"c": unanswered}, rows, 0, "harm")
    assert (0, 0) == (row.lost, row.duplicated)


def test_last_sent_frame_is_found_though_some_before_it_are_missing() -> None:
    silence = ulaw.decode(b"\xff" * 10 * ulaw.FRAME)
    said = ulaw.encode(ulaw.noisy(silence, seed=1, peak=4000))
    heard = ulaw.decode(said[: 3 * ulaw.FRAME] + said[5 * ulaw.FRAME : 8 * ulaw.FRAME])
    assert (6, 7) == found_frames(said, heard)


@pytest.mark.parametrize(("heard", "lost"), [("mine", 0), ("another", 1)])
def test_recording_of_another_callers_words_is_found(tmp_path: Path, heard: str, lost: int) -> None:
    silence = ulaw.decode(b"\xff" * 3 * ulaw.RATE_HZ)
    said = {}
    for seed, name in enumerate(("mine", "another")):
        codes = ulaw.encode(ulaw.noisy(silence, seed=seed, peak=4000))
        said[name] = Message(name=name, codes=codes, raw=tmp_path, wav=tmp_path)
    offer = an_offer()
    recording = tmp_path / offer.call / "audio.wav"
    recording.parent.mkdir()
    ulaw.write(recording, ulaw.decode(said[heard].codes))
    caller = Called(call=offer.from_.user, port=5060, invited_at=100.0, said="mine")
    evidence = Evidence(
        journal=cast("Journal", SimpleNamespace(calls={caller.call: caller})),
        said=said,
        rows=[cast("CallEntry", SimpleNamespace(offer=offer))],
        memos=[],
        subscribed=Subscribed(),
        spool=tmp_path,
        arrivals=packets.Arrivals(),
    )
    assert (1, lost) == (mixed_up(evidence, "").tries, mixed_up(evidence, "").lost)


def test_frames_that_came_before_a_kill_are_counted_by_caller(tmp_path: Path) -> None:
    said = bytes(number for number in range(4) for _ in range(ulaw.FRAME))
    invite = (
        b"INVITE sip:a SIP/2.0\r\nFrom: <sip:p1-1@x>;tag=1\r\n\r\nv=0\r\nm=audio 6000 RTP/AVP 0\r\n"
    )
    rtp = b"\x80\x00" + bytes(10)
    voice = [rtp + said[n * ulaw.FRAME : (n + 1) * ulaw.FRAME] for n in range(4)]
    header = (6000).to_bytes(2, "big") + bytes(6)
    came = [packets.written(header + one, float(at)) for at, one in enumerate((invite, *voice))]
    (tmp_path / "packets").write_bytes(b"".join(came))
    assert 3 == packets.read(tmp_path / "packets").frames_by("p1-1", said, until=3.5)


def test_recording_whose_header_names_fewer_bytes_than_it_has_does_not_play(
    tmp_path: Path,
) -> None:
    whole, longer = tmp_path / "whole.wav", tmp_path / "longer.wav"
    ulaw.write(whole, ulaw.decode(b"\x01" * ulaw.FRAME))
    longer.write_bytes(whole.read_bytes() + b"\0\0")
    assert (True, False) == (plays(whole), plays(longer))
