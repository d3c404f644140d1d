"""What callers left is deleted when it is due or asked for, and nothing of it is left anywhere.

"Nothing" is looked for as bytes in every file, in the forms in which each kind of file holds text.
"""

import asyncio
import contextlib
import json
import sqlite3
import zipfile
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import NoReturn

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from sipbot import control_wire as wire
from sipbot import memo_page
from sipbot.cli import program
from sipbot.control import Control, ask, socket_path
from sipbot.erase import Eraser, delete_files
from sipbot.errors import LedgerError, SweepError, UsageError
from sipbot.golden import folder_of
from sipbot.keep_form import KeepForm
from sipbot.labels import labels_of
from sipbot.ledger import Ledger
from sipbot.ledger_backup import back_up
from sipbot.ledger_invariants import examine
from sipbot.ledger_lists import MemoLists
from sipbot.ledger_number import CALLER
from sipbot.ledger_privacy import PrivacyLedger
from sipbot.ledger_vacuum import vacuum
from sipbot.memo import Memo, Status, with_transcript
from sipbot.memo_erased import erased
from sipbot.memo_history import next_revision
from sipbot.purge import purge
from sipbot.records import Diversion, EndedBy, EndState, Party
from sipbot.retention import EVERYTHING, MENTIONS, Facts, Kind, Rules, Wanted, due
from sipbot.search_file import SearchFile
from sipbot.search_forget import search_path
from sipbot.spool import Kept, Note, Spool, recording_of, spool_of
from sipbot.steps import Answer
from sipbot.sweep import Sweep, eraser_of
from tests.memo_samples import AT, a_memo_of, a_transcript, an_offer

NUMBER = "+819087654321"
TEXT = "磯部と申します 配管の水漏れで困っています 09087654321 です"
OTHER_TEXT = "田所です 折り返しは 090-8765-4321 へ"
NOTE = "奥様が在宅"
SAMPLES = bytes((7 * place + place // 251) % 256 for place in range(4096))
"""A run that stands nowhere else."""

SECRETS = ("磯部", "水漏れ", "田所", "奥様", "9087654321", "90-8765-4321")

DAYS = st.none() | st.integers(1, 400)


def in_every_form(secret: str) -> set[bytes]:
    return {secret.encode(), json.dumps(secret)[1:-1].encode(), secret.encode("utf-16-le")}


def still_there(folder: Path) -> list[str]:
    """Name every file below a folder that holds something of the caller's."""
    wanted = {form for secret in SECRETS for form in in_every_form(secret)} | {SAMPLES[:64]}
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(
        str(path.relative_to(folder))
        for path in files
        if any(form in path.read_bytes() for form in wanted)
    )


async def a_call(
    ledger: Ledger,
    spool: Spool,
    text: str,
    *,
    caller: str,
    uri: str,
    done: bool,
    client: str = "yamato",
) -> Memo:
    """Let a call of an hour ago leave a memo with words, and a recording."""
    offer = an_offer()
    party = Party(uri=uri)
    offer = type(offer)(
        **{name: getattr(offer, name) for name in offer.__struct_fields__ if name != "from_"},
        from_=party,
    )
    await ledger.add_call(offer, client, "to", "+81355501234", caller=caller)
    note = Note(offer=offer, client=client, rule="to", number="+81355501234", caller=caller)
    spool.prepare(note)
    kept = Answer(item="number", source="keys", value="09087654321")
    spool.keep(offer.call, Kept(asked=("number",), answers=(kept,)))
    for name in ("audio.wav", "audio-masked.wav"):
        spool.audio(offer.call).with_name(name).write_bytes(bytes(44) + SAMPLES)
    base = a_memo_of(offer, client)
    call = base.call.model_copy(update={"from_": uri})
    person = base.caller.model_copy(update={"number": caller})
    memo = base.model_copy(update={"call": call, "caller": person})
    await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
    await ledger.revise_memo(memo.id, lambda m: with_transcript(m, a_transcript(text), AT))
    status = Status.DONE if done else Status.OPEN
    await ledger.revise_memo(
        memo.id,
        lambda m: next_revision(m, AT, {"status": status}, what="done", by="hanako", text=NOTE),
    )
    return memo


async def a_site(folder: Path, *, done: bool) -> tuple[Memo, Memo]:
    """Fill a site's folder: two memos, the search's file, deliveries made and waiting."""
    spool = Spool(spool_of(folder))
    async with Ledger.open(folder / "sipbot.sqlite3") as ledger:
        own = await a_call(
            ledger, spool, TEXT, caller=NUMBER, uri="sip:09087654321@192.0.2.1", done=done
        )
        other = await a_call(
            ledger, spool, OTHER_TEXT, caller="+81355509999", uri="sip:0355509999@h", done=done
        )
        for one in await ledger.due_deliveries(AT + timedelta(hours=1), 3):
            await ledger.delivered([one.id], AT)
    lists = MemoLists(folder / "sipbot.sqlite3")
    search = SearchFile(search_path(folder), lists, "JP")
    while search.take_up_new() or search.take_up_old():
        pass
    search.close()
    lists.close()
    return own, other


def settings_of(folder: Path) -> Path:
    dialplans = Path(__file__).parent.parent / "dialplans"
    config = folder / "config.toml"
    config.write_text(f'var = "var"\ndialplans = "{dialplans}"\n', encoding="utf-8")
    return config


def run(config: Path, *words: str) -> str:
    found = CliRunner().invoke(program("privacy"), ["privacy", *words, "--config", str(config)])
    assert 0 == found.exit_code, found.output
    return found.output


@given(audio=DAYS, masked=DAYS, text=DAYS, age=st.integers(0, 500), to_do=st.booleans())
def test_rule_lets_go_exactly_what_is_as_old_as_it_says(
    audio: int | None, masked: int | None, text: int | None, age: int, to_do: bool
) -> None:
    keep = KeepForm(audio_days=audio, masked_days=masked, text_days=text)
    days = {Kind.AUDIO: audio, Kind.MASKED: masked, Kind.TEXT: text}
    facts = Facts(call="c", client="yamato", ended_at=AT, memo="m", to_do=to_do)

    found = due(facts, keep, AT + timedelta(days=age))

    old = {kind for kind, most in days.items() if most is not None and age >= most}
    assert (set() if to_do else old) == set(found.kinds if found else ())


def test_caller_who_goes_takes_everything_along() -> None:
    facts = Facts(call="c", client="yamato", ended_at=AT, gone=frozenset({Kind.AUDIO}))

    found = due(facts, KeepForm(calls_days=30, text_days=10), AT + timedelta(days=30))

    assert found is not None
    assert (Kind.MASKED, Kind.TEXT, Kind.CALLS) == found.kinds
    assert "calls_days = 30, text_days = 10" == found.rule


@pytest.mark.parametrize("kind", EVERYTHING)
def test_erased_memo_has_no_word_and_no_number_of_the_caller(kind: Kind) -> None:
    memo = with_transcript(a_memo_of(an_offer()), a_transcript(TEXT), AT)
    assert memo is not None

    after = erased(memo, (kind,), AT, "erase")

    body = after.model_dump_json()
    gone = {Kind.TEXT: "水漏れ", Kind.CALLS: "0355501234", Kind.AUDIO: "0" * 64, Kind.MASKED: "●"}
    assert gone[kind] not in body
    assert ((kind.value,), Status.DONE) == (after.erased, after.status)
    assert None is with_transcript(after, a_transcript(TEXT), AT)


async def test_sweep_leaves_open_memos_and_tombstones_and_nothing_else(tmp_path: Path) -> None:
    own, other = await a_site(tmp_path, done=True)
    rules = Rules(of={"yamato": KeepForm(calls_days=30)}, otherwise=KeepForm())
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        spool = Spool(spool_of(tmp_path))
        eraser = Eraser(ledger.erasures, spool_of(tmp_path), search_path(tmp_path), tmp_path)
        now = AT + timedelta(days=31)
        path = tmp_path / "sipbot.sqlite3"
        sweep = Sweep(ledger, path, eraser, lambda: rules, lambda *_: None, clock=lambda: now)
        # Whoever has still to call back keeps the memo, however old it is.
        kept = await a_call(ledger, spool, "まだです", caller="+81355501111", uri="", done=False)

        swept = await sweep.sweep()
        again = await sweep.sweep()
        held = await ledger.memo(kept.id)

    assert (2, 0) == (swept, again)
    assert held is not None
    assert (Status.OPEN, "まだです") == (held.status, held.text)
    assert recording_of(spool_of(tmp_path), kept.call.id).is_file()
    with PrivacyLedger.open(tmp_path / "sipbot.sqlite3") as reader:
        stones = reader.tombstones("yamato", -1)
    assert {own.id, other.id} == {stone.memo for stone in stones}
    assert {"calls_days = 30"} == {stone.rule for stone in stones}
    assert () == examine(tmp_path / "sipbot.sqlite3", spool_of(tmp_path)).problems


def test_erased_number_is_in_no_byte_of_any_file_nor_of_a_purged_backup(tmp_path: Path) -> None:
    var = tmp_path / "var"
    own, other = asyncio.run(a_site(var, done=True))
    back_up(var / "sipbot.sqlite3", tmp_path / "backup.sqlite3")
    config = settings_of(tmp_path)
    wanted = ("--number", "090-8765-4321", "--client", "yamato")
    before = still_there(tmp_path)

    shown = json.loads(run(config, "erase", *wanted, "--json"))
    untouched = still_there(tmp_path)
    run(config, "erase", *wanted, "--yes", "--reason", "request 17")
    run(config, "purge", str(tmp_path / "backup.sqlite3"))

    assert {own.call.id: CALLER, other.call.id: MENTIONS} == {o["call"]: o["why"] for o in shown}
    assert before == untouched
    assert {"backup.sqlite3", "var/sipbot.sqlite3", "var/console/search.sqlite3"} < set(before)
    assert [] == still_there(tmp_path)
    assert () == examine(var / "sipbot.sqlite3", spool_of(var)).problems
    logged = json.loads(run(config, "log", "--json"))["erased"]
    assert {"request 17"} == {one["reason"] for one in logged}


async def test_folder_that_refuses_keeps_nothing_else_from_being_swept(tmp_path: Path) -> None:
    own, _ = await a_site(tmp_path, done=True)
    spool, path = spool_of(tmp_path), tmp_path / "sipbot.sqlite3"
    stuck = spool / own.call.id / "audio.wav"
    stuck.unlink()
    stuck.mkdir()  # not to be unlinked, by root either
    ten = KeepForm(audio_days=10)
    rules = Rules(of={"yamato": ten, "zenith": ten}, otherwise=KeepForm())
    now = AT + timedelta(days=31)
    async with Ledger.open(path) as ledger:
        await a_call(ledger, Spool(spool), "x", caller="", uri="", done=True, client="zenith")
        eraser = eraser_of(tmp_path, tmp_path, ledger)
        sweep = Sweep(ledger, path, eraser, lambda: rules, lambda *_: None, clock=lambda: now)

        with pytest.raises(SweepError, match=f"client yamato: .*{own.call.id}"):
            await sweep.sweep()
        left = [one.parent.name for one in spool.glob("*/audio.wav")]
        stuck.rmdir()
        again = await sweep.sweep()

    assert [own.call.id] == left
    assert 1 == again


async def test_words_that_are_searched_for_go_before_the_tombstone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, _ = await a_site(tmp_path, done=True)
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:

        async def crash(*_: object) -> NoReturn:
            raise LedgerError("the power went")

        monkeypatch.setattr(ledger.erasures, "store", crash)
        eraser = eraser_of(tmp_path, tmp_path, ledger)
        wanted = Wanted(call=own.call.id, memo=own.id, kinds=(Kind.TEXT,), rule="", why="")
        with pytest.raises(LedgerError):
            await eraser.erase([wanted], "me", "")

    with contextlib.closing(sqlite3.connect(search_path(tmp_path))) as search:
        found = search.execute("SELECT text FROM texts WHERE memo = ?", (own.id,)).fetchall()
    assert {("",)} == set(found)


async def test_purged_backup_keeps_nothing_of_what_was_open_in_it_and_swept_here_later(
    tmp_path: Path,
) -> None:
    var, copy = tmp_path / "var", tmp_path / "backup.sqlite3"
    own, other = await a_site(var, done=False)
    back_up(var / "sipbot.sqlite3", copy)
    rules = Rules(of={"yamato": KeepForm(calls_days=30)}, otherwise=KeepForm())
    later = AT + timedelta(days=31)
    async with Ledger.open(var / "sipbot.sqlite3") as ledger:
        for memo in (own, other):
            done = {"status": Status.DONE}
            await ledger.revise_memo(
                memo.id, partial(next_revision, at=later, update=done, what="done", by="hanako")
            )
        sweep = Sweep(
            ledger,
            var / "sipbot.sqlite3",
            eraser_of(var, var, ledger),
            lambda: rules,
            lambda *_: None,
            clock=lambda: later,
        )
        await sweep.sweep()
    with PrivacyLedger.open(var / "sipbot.sqlite3") as reader:
        gone = reader.tombstones(None, -1)

    purged = await purge(copy, None, gone)
    again = await purge(copy, None, gone)

    assert ((2, 0), (0, 0)) == (purged, again)
    assert [] == still_there(tmp_path)


def test_number_that_another_caller_s_open_memo_says_waits_for_its_caller(tmp_path: Path) -> None:
    own, other = asyncio.run(a_site(tmp_path / "var", done=False))
    config = settings_of(tmp_path)
    wanted = ("--number", "090-8765-4321", "--client", "yamato")

    run(config, "erase", *wanted, "--yes", "--reason", "request 17")

    with PrivacyLedger.open(tmp_path / "var" / "sipbot.sqlite3") as reader:
        stones = reader.tombstones("yamato", -1)
    assert {own.id} == {stone.memo for stone in stones}
    assert recording_of(spool_of(tmp_path / "var"), other.call.id).is_file()


async def test_number_that_was_dialled_is_no_caller_s(tmp_path: Path) -> None:
    office = Party(uri="sip:0312345678@192.0.2.1")
    offer = msgspec.structs.replace(
        an_offer(), to=office, diversions=(Diversion(party=office),), history=()
    )
    async with Ledger.open(tmp_path / "l.sqlite3") as ledger:
        await ledger.add_call(offer, "yamato", "to", "+81312345678", caller="+81355501234")
        await ledger.end_call(offer.call, EndState.NO_MESSAGE, AT, EndedBy.CALLER, 200, None)
    with PrivacyLedger.open(tmp_path / "l.sqlite3") as reader:
        assert [] == list(reader.of_number("yamato", "+81312345678", "JP"))


def test_client_of_whom_nothing_is_held_is_no_success(tmp_path: Path) -> None:
    asyncio.run(a_site(tmp_path / "var", done=True))
    words = ["privacy", "erase", "--number", "090-8765-4321", "--client", "yamoto"]
    config = ["--config", str(settings_of(tmp_path))]

    found = CliRunner().invoke(program("privacy"), [*words, *config])

    assert isinstance(found.exception, UsageError)
    assert "nothing is held of this number" in str(found.exception)


def test_disclosed_archive_has_all_of_the_caller_and_nothing_of_others(tmp_path: Path) -> None:
    own, other = asyncio.run(a_site(tmp_path / "var", done=True))
    config, out = settings_of(tmp_path), tmp_path / "caller.zip"
    wanted = ("--number", NUMBER, "--client", "yamato", "--to", "the caller")

    run(config, "disclose", *wanted, "--basis", "APPI Art. 33", "-o", str(out))

    with zipfile.ZipFile(out) as archive:
        names = archive.namelist()
        memo = json.loads(archive.read(f"memos/{own.id}.json"))
        audio = archive.read(f"audio/{own.call.id}.wav")
        everything = b"".join(archive.read(name) for name in names)
    assert {"README.txt", "calls.json"} < set(names)
    assert (True, True) == ("水漏れ" in memo["text"], SAMPLES in audio)
    assert "田所".encode() not in everything
    assert other.id.encode() not in everything
    (logged,) = json.loads(run(config, "log", "--json"))["disclosed"]
    assert ("the caller", "APPI Art. 33") == (logged["recipient"], logged["basis"])


def test_disclosed_archive_has_what_was_written_down_of_the_callers_messages(
    tmp_path: Path,
) -> None:
    own, other = asyncio.run(a_site(tmp_path / "var", done=True))
    config, out = tmp_path / "config.toml", tmp_path / "caller.zip"
    config.write_text(f'var = "var"\ndialplans = "{tmp_path / "plans"}"\n', encoding="utf-8")
    golden = folder_of(tmp_path / "plans", "yamato")
    golden.mkdir(parents=True)
    for name in (f"{own.id}.txt", f"{own.id}.wav", f"{other.id}.txt", "studio.txt"):
        (golden / name).write_text(name, encoding="utf-8")
    wanted = ("--number", NUMBER, "--client", "yamato", "--to", "the caller", "--basis", "x")

    run(config, "disclose", *wanted, "-o", str(out))

    with zipfile.ZipFile(out) as archive:
        found = {name: archive.read(name) for name in archive.namelist() if "speech" in name}
    names = [f"{own.id}.txt", f"{own.id}.wav"]
    assert {f"speech/yamato/{name}": name.encode() for name in names} == found


async def test_running_sipbot_erases_what_a_command_asks_it_to(tmp_path: Path) -> None:
    own, other = await a_site(tmp_path, done=False)
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        path = tmp_path / "sipbot.sqlite3"
        eraser = eraser_of(tmp_path, tmp_path, ledger)
        rules = Rules(of={}, otherwise=KeepForm())
        sweep = Sweep(ledger, path, eraser, lambda: rules, lambda *_: None)
        door = Control(socket_path(tmp_path), sweep.handlers())
        both = tuple(
            Wanted(call=memo.call.id, kinds=EVERYTHING, rule=rule, memo=memo.id)
            for memo, rule in ((own, "erase"), (other, "calls_days = 1"))
        )
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(door.run())
            await door.ready.wait()
            request = wire.Erase(wanted=both, by="root", reason="request 17")
            reply = await ask(socket_path(tmp_path), request)
            serving.cancel()

    # No rule takes a memo from whoever has still to call back.
    assert wire.Erased((own.call.id,)) == reply
    assert recording_of(spool_of(tmp_path), other.call.id).is_file()
    assert not recording_of(spool_of(tmp_path), own.call.id).is_file()


@pytest.mark.parametrize(
    ("kind", "stays"), [*zip(EVERYTHING, (False, True, False, False), strict=True)]
)
async def test_golden_set_loses_what_is_named_after_an_erased_memo(
    tmp_path: Path, kind: Kind, stays: bool
) -> None:
    own, other = await a_site(tmp_path, done=True)
    golden = folder_of(tmp_path, "yamato")
    golden.mkdir(parents=True)
    for name in (f"{own.id}.txt", f"{own.id}.wav", f"{other.id}.txt", "call-1.txt"):
        (golden / name).write_text(TEXT, encoding="utf-8")
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        wanted = Wanted(call=own.call.id, kinds=(kind,), rule="erase", memo=own.id)

        await eraser_of(tmp_path, tmp_path, ledger).erase([wanted], "root", "")

    kept = {f"{other.id}.txt", "call-1.txt"}
    kept |= {f"{own.id}.txt", f"{own.id}.wav"} if stays else set()
    assert kept == {path.name for path in golden.iterdir()}


async def test_note_on_an_erased_memo_goes_when_its_words_are_due_again(tmp_path: Path) -> None:
    own, _ = await a_site(tmp_path, done=True)
    rules = Rules(of={"yamato": KeepForm(text_days=30)}, otherwise=KeepForm())
    now = AT + timedelta(days=31)
    path = tmp_path / "sipbot.sqlite3"
    async with Ledger.open(path) as ledger:
        eraser = Eraser(ledger.erasures, spool_of(tmp_path), search_path(tmp_path), tmp_path)
        sweep = Sweep(ledger, path, eraser, lambda: rules, lambda *_: None, clock=lambda: now)
        await sweep.sweep()
        await ledger.revise_memo(
            own.id, lambda m: next_revision(m, now, {}, what="noted", by="hanako", text=NOTE)
        )

        swept = await sweep.sweep()
        again = await sweep.sweep()
        memo = await ledger.memo(own.id)

    assert (1, 0) == (swept, again)
    assert memo is not None
    assert NOTE not in memo.model_dump_json()


def test_note_with_the_number_on_an_erased_memo_is_found_by_number(tmp_path: Path) -> None:
    var = tmp_path / "var"
    own, _ = asyncio.run(a_site(var, done=True))
    config = settings_of(tmp_path)
    erase = ("erase", "--number", "090-8765-4321", "--client", "yamato")
    run(config, *erase, "--yes", "--reason", "request 17")

    async def note() -> None:
        async with Ledger.open(var / "sipbot.sqlite3") as ledger:
            await ledger.revise_memo(
                own.id,
                lambda m: next_revision(m, AT, {}, what="noted", by="hanako", text="090 8765 4321"),
            )

    asyncio.run(note())
    run(config, *erase, "--yes", "--reason", "request 18")

    with PrivacyLedger.open(var / "sipbot.sqlite3") as reader:
        found = list(reader.of_number("yamato", NUMBER, "JP"))
        stones = reader.tombstones("yamato", -1)
    assert [] == found
    assert "request 18" in {stone.reason for stone in stones if stone.kind is Kind.TEXT}
    assert [] == still_there(var)


async def test_memo_that_is_opened_while_its_files_go_stays_and_says_that_they_are_gone(
    tmp_path: Path,
) -> None:
    own, _ = await a_site(tmp_path, done=True)
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        one = Wanted(call=own.call.id, kinds=EVERYTHING, rule="calls_days = 1", memo=own.id)
        delete_files(spool_of(tmp_path), [one])  # and then somebody opens it again
        await ledger.revise_memo(
            own.id,
            lambda m: next_revision(m, AT, {"status": Status.OPEN}, what="reopened", by="hanako"),
        )

        stored = await ledger.erasures.store([one], AT, "root", "")
        memo = await ledger.memo(own.id)

    assert [] == stored
    assert memo is not None
    assert (Status.OPEN, NUMBER) == (memo.status, memo.caller.number)
    assert "水漏れ" in (memo.text or "")
    assert (("audio", "masked"), "") == (memo.erased, memo.audio.url)
    assert () == examine(tmp_path / "sipbot.sqlite3", spool_of(tmp_path)).problems


@pytest.mark.parametrize(
    ("said", "theirs"),
    [
        ("番号は 0312345678 です", True),
        ("03-1234-5678", True),
        ("+81-3-1234-5678", True),
        ("+81 (0)3 1234 5678", True),
        ("０３ー１２３４ー５６７８", True),
        ("会員番号12、0312345678です", True),
        ("会員番号12 0312345678", True),
        ("０３の１２３４の５６７８", True),
        ("010 81 3 1234 5678", True),
        ("(03)1234-5678", True),
        ("10312345678", False),
        ("1-03-1234-5678", False),
        ("03-1234-56789", False),
        ("+82-3-1234-5678", False),
        ("81312345678", True),
        ("03-1234-567", False),
    ],
)
async def test_number_is_found_whole_however_it_is_written(
    tmp_path: Path, said: str, theirs: bool
) -> None:
    spool = Spool(spool_of(tmp_path))
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        await a_call(ledger, spool, said, caller="+81355509999", uri="sip:0355509999@h", done=True)
    with PrivacyLedger.open(tmp_path / "sipbot.sqlite3") as reader:
        found = [one.why for one in reader.of_number("yamato", "+81312345678", "JP")]

    assert ([MENTIONS] if theirs else []) == found


def test_page_of_an_erased_memo_says_so() -> None:
    memo = erased(a_memo_of(an_offer()), EVERYTHING, AT, "erase")

    assert "(erased)" == memo_page.text(memo, labels_of("en"))


async def test_nothing_of_a_memo_waits_for_the_bus_once_it_is_erased(tmp_path: Path) -> None:
    own, _ = await a_site(tmp_path, done=False)
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        eraser = Eraser(ledger.erasures, spool_of(tmp_path), search_path(tmp_path), tmp_path)
        one = Wanted(call=own.call.id, kinds=EVERYTHING, rule="erase", memo=own.id)

        await eraser.erase([one], "root", "request 17")
        waiting = [
            delivery
            for delivery in await ledger.due_deliveries(AT + timedelta(days=1), 100)
            if delivery.memo == own.id
        ]

    # One is left: the empty payload that clears the retained memo.
    assert [(4, b"")] == [(delivery.rev, delivery.payload) for delivery in waiting]


async def test_pages_that_an_older_release_has_freed_are_given_back_once(tmp_path: Path) -> None:
    path = tmp_path / "sipbot.sqlite3"
    async with Ledger.open(path) as ledger:
        with contextlib.closing(sqlite3.connect(path)) as older:
            older.execute("PRAGMA secure_delete = OFF")
            older.execute("CREATE TABLE gone (text)")
            older.execute("INSERT INTO gone VALUES (?)", (TEXT * 100,))
            older.execute("DROP TABLE gone")
            older.commit()
        before = still_there(tmp_path)

        await ledger.erasures.leave_no_rest(path)

    assert (["sipbot.sqlite3"], []) == (before, still_there(tmp_path))


async def test_sweep_leaves_no_rest_of_what_pages_have_held(tmp_path: Path) -> None:
    await a_site(tmp_path, done=True)
    path = tmp_path / "sipbot.sqlite3"
    rules = Rules(of={"yamato": KeepForm(calls_days=30)}, otherwise=KeepForm())
    async with Ledger.open(path) as ledger:
        await ledger.erasures.leave_no_rest(path)
        with contextlib.closing(sqlite3.connect(path)) as rest:  # as SQLite leaves it in gaps
            rest.execute("PRAGMA secure_delete = OFF")
            rest.execute("CREATE TABLE gone (text)")
            rest.execute("INSERT INTO gone VALUES (?)", (TEXT * 100,))
            rest.execute("DROP TABLE gone")
            rest.commit()
        eraser = Eraser(ledger.erasures, spool_of(tmp_path), search_path(tmp_path), tmp_path)
        now = AT + timedelta(days=31)
        sweep = Sweep(ledger, path, eraser, lambda: rules, lambda *_: None, clock=lambda: now)

        await sweep.sweep()
        await sweep.tidy()

    assert [] == still_there(tmp_path)


async def test_ledger_is_written_anew_once_for_several_erasures_and_only_when_nobody_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = await a_site(tmp_path, done=True)
    path, seen, line = tmp_path / "sipbot.sqlite3", list[str](), [1, 1, 0]

    def look() -> int:
        seen.append("look")
        return line.pop(0)

    def anew(_: Path) -> None:
        seen.append("anew")
        vacuum(path)

    monkeypatch.setattr("sipbot.sweep.QUIET_S", 0.0)
    async with Ledger.open(path) as ledger:
        await ledger.erasures.leave_no_rest(path)
        monkeypatch.setattr("sipbot.ledger_vacuum.vacuum", anew)
        eraser, rules = eraser_of(tmp_path, tmp_path, ledger), Rules(of={}, otherwise=KeepForm())
        sweep = Sweep(ledger, path, eraser, lambda: rules, lambda *_: None, on_line=look)
        for memo in (own, other):
            wanted = Wanted(call=memo.call.id, kinds=EVERYTHING, rule="erase", memo=memo.id)
            await eraser.erase([wanted], "root", "")
        await sweep.tidy()
        line.append(0)
        await sweep.tidy()

    assert ["look", "look", "look", "anew", "look"] == seen


async def test_ledger_that_was_not_written_anew_before_a_crash_is_at_the_next_start(
    tmp_path: Path,
) -> None:
    own, _ = await a_site(tmp_path, done=True)
    path = tmp_path / "sipbot.sqlite3"
    found = []
    async with Ledger.open(path) as ledger:
        await ledger.erasures.leave_no_rest(path)
        wanted = Wanted(call=own.call.id, kinds=EVERYTHING, rule="erase", memo=own.id)
        await eraser_of(tmp_path, tmp_path, ledger).erase([wanted], "root", "")
    for _ in range(2):
        async with Ledger.open(path) as ledger:
            found.append(await ledger.erasures.leave_no_rest(path))

    assert [True, False] == found


async def test_ledger_too_large_for_a_pause_of_the_calls_says_how_it_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, _ = await a_site(tmp_path, done=True)
    path = tmp_path / "sipbot.sqlite3"
    monkeypatch.setattr("sipbot.sweep.LIVE_BYTES", 1)
    async with Ledger.open(path) as ledger:
        eraser, rules = eraser_of(tmp_path, tmp_path, ledger), Rules(of={}, otherwise=KeepForm())
        sweep = Sweep(ledger, path, eraser, lambda: rules, lambda *_: None)
        wanted = Wanted(call=own.call.id, kinds=EVERYTHING, rule="erase", memo=own.id)
        await eraser.erase([wanted], "root", "")
        with pytest.raises(LedgerError, match="Stop sipbot, run sipbot privacy sweep"):
            await sweep.tidy()
        assert await ledger.erasures.leave_no_rest(path)
