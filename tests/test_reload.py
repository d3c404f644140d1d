"""Changes in the folder of dialplans are noticed, taken over, and told."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from sipbot import reload
from sipbot.in_force import Changes, InForce
from sipbot.last_good import LastGood
from sipbot.reload import Reload, start
from sipbot.watcher import GONE_S, QUIET_S, Quiet, Seen, Stamp, Watcher, scan
from tests.clients import BEEP
from tests.test_last_good import FILE

PATIENCE_S = 60.0


def stamp(number: int) -> Stamp:
    return Stamp(number, number, 100, 1)


# -- when a file is quiet ------------------------------------------------------------------------


def test_file_that_is_still_being_written_is_not_told() -> None:
    quiet = Quiet({"sato.toml": stamp(1)})

    told = [quiet.look({"sato.toml": stamp(n)}, n * 0.1) for n in range(2, 9)]

    assert [(set(), set())] * 7 == told
    assert quiet.moving


def test_file_is_told_once_when_it_has_been_quiet() -> None:
    quiet = Quiet({})
    seen = {"sato.toml": stamp(1)}

    told = [quiet.look(seen, at_s)[0] for at_s in (0.0, QUIET_S / 2, QUIET_S, 1.0)]

    assert [set(), set(), {"sato.toml"}, set()] == told


def test_file_that_is_away_for_a_moment_is_only_told_as_changed() -> None:
    quiet = Quiet({"sato.toml": stamp(1)})
    back = {"sato.toml": stamp(2)}

    told = [quiet.look({}, 0.0), quiet.look(back, GONE_S - 0.1), quiet.look(back, GONE_S + 0.1)]

    assert [(set(), set()), (set(), set()), ({"sato.toml"}, set())] == told


def test_file_that_stays_away_is_told_as_gone_once() -> None:
    quiet = Quiet({"sato.toml": stamp(1)})

    told = [quiet.look({}, at_s) for at_s in (0.0, GONE_S / 2, GONE_S, 9.0)]

    assert [(set(), set()), (set(), set()), (set(), {"sato.toml"}), (set(), set())] == told


def test_file_that_came_and_went_is_not_told() -> None:
    quiet = Quiet({})
    quiet.look({".sato.toml~": stamp(1)}, 0.0)

    assert [(set(), set())] * 2 == [quiet.look({}, 0.05), quiet.look({}, 9.0)]
    assert not quiet.missing


@given(
    st.lists(
        st.dictionaries(st.sampled_from("abc"), st.integers(1, 3).map(stamp)),
        min_size=1,
        max_size=9,
    )
)
def test_who_follows_what_is_told_knows_in_the_end_what_is_there(folders: list[Seen]) -> None:
    quiet, known = Quiet({}), dict[str, Stamp]()
    looks = [*folders, folders[-1], folders[-1]]
    at_s = 0.0
    for number, seen in enumerate(looks):
        at_s += 0.1 if number < len(folders) else GONE_S
        changed, gone = quiet.look(seen, at_s)
        known |= {path: seen[path] for path in changed}
        for path in gone:
            del known[path]
    assert folders[-1] == known


def test_scan_sees_clients_defaults_and_prompts_and_no_hidden_files(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    for name in ("a.toml", "_defaults.toml", ".b.toml", "c.txt", "prompts/d.wav", "prompts/e.txt"):
        (tmp_path / name).write_bytes(b"")

    assert {"a.toml", "_defaults.toml", "prompts/d.wav"} == scan(tmp_path).keys()


# -- a folder that is watched --------------------------------------------------------------------


class Watched:
    """A folder of dialplans under the eyes of a `Reload`, and what it told."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "dialplans"
        (self.folder / "prompts").mkdir(parents=True)
        shutil.copy(BEEP, self.folder / "prompts" / "hello.wav")
        self.write("sato", after_s=1)
        self.write("tanaka", after_s=1)
        self.alerts: dict[str, str] = {}
        self.raised: list[str] = []
        self.hashes: Mapping[str, str] = {}

    def open(self) -> None:
        self.reload = Reload(
            start(self.folder, "JP", self.home / "var"),
            put=self._put,
            publish=self._publish,
            trouble=self._trouble,
        )
        self.now = self.reload.in_force

    def write(self, client: str, *, after_s: int, more: str = "") -> None:
        (self.folder / f"{client}.toml").write_text(self.text(client, after_s, more), "utf-8")

    def text(self, client: str, after_s: int, more: str = "") -> str:
        numbers = f'"{client}"'
        return (
            FILE.format(client=client, numbers=numbers, after_s=after_s, greeting="hello.wav")
            + more
        )

    def after_s(self, client: str) -> float | None:
        plan = self.now.plans.of(client)
        return plan.answer.after_s if plan else None

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not true():
                await asyncio.sleep(0.01)

    def _put(self, in_force: InForce) -> None:
        self.now = in_force

    async def _publish(self, hashes: Mapping[str, str]) -> None:
        self.hashes = hashes

    def _trouble(self, alert: str, problem: str | None, _: str) -> None:
        if problem is None:
            self.alerts.pop(alert, None)
        else:
            self.alerts[alert] = problem
            self.raised.append(alert)


@pytest_asyncio.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    site = Watched(tmp_path)
    site.open()
    running = asyncio.create_task(site.reload.run())
    yield site
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_file_written_in_place_counts_and_its_hash_is_told_and_its_form_kept(
    watched: Watched,
) -> None:
    watched.write("sato", after_s=5)
    await watched.until(lambda: watched.after_s("sato") == 5)
    await watched.until(lambda: watched.hashes.get("sato") == watched.now.form("sato"))
    kept = LastGood(watched.home / "var" / "dialplans")
    await watched.until(lambda: kept.is_kept("sato", watched.now.form("sato")))


def _answers_after(watched: Watched, after_s: int) -> bool:
    return watched.after_s("sato") == after_s


async def test_file_written_as_editors_do_counts_and_no_alert_is_raised(watched: Watched) -> None:
    path = watched.folder / "sato.toml"
    for after_s in (2, 3, 4):
        beside = watched.folder / f"sato.toml.{after_s}~"
        beside.write_text(watched.text("sato", after_s), encoding="utf-8")
        path.rename(path.with_suffix(".toml~"))  # vim keeps what was
        beside.rename(path)
        await watched.until(partial(_answers_after, watched, after_s))
    assert {} == watched.alerts


async def test_file_written_piece_by_piece_raises_no_alert(watched: Watched) -> None:
    text = watched.text("sato", 6).encode()
    with (watched.folder / "sato.toml").open("wb", buffering=0) as file:
        for place in range(0, len(text), 40):
            file.write(text[place : place + 40])
            await asyncio.sleep(QUIET_S / 10)
    await watched.until(lambda: watched.after_s("sato") == 6)
    assert {} == watched.alerts


async def test_broken_file_raises_an_alert_and_is_behind_until_it_is_mended(
    watched: Watched,
) -> None:
    watched.write("sato", after_s=99)
    await watched.until(lambda: watched.alerts)
    (behind,) = watched.reload.behind
    told = dict(watched.alerts)
    watched.write("sato", after_s=2)
    await watched.until(lambda: watched.after_s("sato") == 2 and not watched.alerts)

    assert ["dialplan-sato"] == list(told)
    assert "sato.toml:8:1: answer.after_s = 99" in told["dialplan-sato"]
    assert ("sato", 1) == (behind.name, behind.mistakes)
    assert "The last good form" in behind.words
    assert () == watched.reload.behind


async def test_removed_file_takes_its_client_out_and_clears_its_alert(watched: Watched) -> None:
    watched.write("sato", after_s=99)
    await watched.until(lambda: watched.alerts)
    (watched.folder / "sato.toml").unlink()
    await watched.until(lambda: watched.now.plans.of("sato") is None and not watched.alerts)
    kept = LastGood(watched.home / "var" / "dialplans")
    await watched.until(lambda: kept.names() == ["tanaka"])
    await watched.until(lambda: watched.hashes.keys() == {"tanaka"})


async def test_folder_that_is_away_leaves_every_client_in_force_and_raises_an_alert(
    watched: Watched,
) -> None:
    away = watched.folder.with_name("away")
    watched.folder.rename(away)
    await watched.until(lambda: "dialplans-folder" in watched.alerts)
    assert ["sato", "tanaka"] == [plan.client for plan in watched.now.plans.all]
    away.rename(watched.folder)
    await watched.until(lambda: not watched.alerts)
    watched.write("sato", after_s=8)
    await watched.until(lambda: watched.after_s("sato") == 8)


async def test_last_client_file_that_is_renamed_stays_in_force_until_another_is_right(
    watched: Watched,
) -> None:
    (watched.folder / "tanaka.toml").unlink()
    await watched.until(lambda: watched.now.plans.of("tanaka") is None)
    (watched.folder / "sato.toml").rename(watched.folder / "suzuki.toml")
    await watched.until(lambda: {"dialplans-folder", "dialplan-suzuki"} == watched.alerts.keys())
    told = watched.alerts["dialplans-folder"]
    stayed = [plan.client for plan in watched.now.plans.all]
    kept = LastGood(watched.home / "var" / "dialplans").names()
    watched.write("suzuki", after_s=4)
    await watched.until(lambda: not watched.alerts)

    assert "holds no dialplan that can be in force" in told
    assert ["sato"] == stayed == kept
    assert ["suzuki"] == [plan.client for plan in watched.now.plans.all]


async def test_last_client_file_that_is_renamed_and_comes_back_counts_again(
    watched: Watched,
) -> None:
    (watched.folder / "tanaka.toml").unlink()
    (watched.folder / "sato.toml").rename(watched.folder / "suzuki.toml")
    await watched.until(lambda: {"dialplans-folder", "dialplan-suzuki"} == watched.alerts.keys())
    (watched.folder / "suzuki.toml").unlink()
    watched.write("sato", after_s=7)
    await watched.until(lambda: not watched.alerts)

    assert [7] == [plan.answer.after_s for plan in watched.now.plans.all]


async def test_file_that_is_away_while_the_defaults_are_taken_over_raises_no_alert(
    watched: Watched,
) -> None:
    path = watched.folder / "tanaka.toml"
    away = path.rename(watched.folder / "tanaka.toml~")
    (watched.folder / "_defaults.toml").write_text("schema = 1\n[record]\nmax_s = 90\n", "utf-8")
    await asyncio.sleep(QUIET_S * 2)  # long enough to be judged, and too short to be gone
    away.rename(path)
    await watched.until(lambda: [90, 90] == [p.record.max_s for p in watched.now.plans.all])
    assert [] == watched.raised


async def test_verdict_on_a_file_that_changes_in_the_last_try_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Watched(tmp_path)
    site.open()
    monkeypatch.setattr(reload, "TRIES", 1)
    still, looks = Watcher.still, count(1)

    def written_in_the_first_try(watcher: Watcher, changes: Changes) -> Changes:
        if next(looks) == 1:
            site.write("sato", after_s=33)
        return still(watcher, changes)

    monkeypatch.setattr(Watcher, "still", written_in_the_first_try)
    running = asyncio.create_task(site.reload.run())
    site.write("sato", after_s=99)
    site.write("tanaka", after_s=5)
    await site.until(lambda: site.after_s("tanaka") == 5)
    counted = site.after_s("sato")
    await site.until(lambda: site.after_s("sato") == 33)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert 1 == counted
    assert [] == site.raised


async def test_prompt_that_is_replaced_by_a_broken_one_is_told(watched: Watched) -> None:
    (watched.folder / "prompts" / "hello.wav").write_bytes(b"RIFF but nothing else")
    await watched.until(lambda: {"dialplan-sato", "dialplan-tanaka"} == watched.alerts.keys())
    shutil.copy(BEEP, watched.folder / "prompts" / "hello.wav")
    await watched.until(lambda: not watched.alerts)


async def test_file_that_is_a_pipe_a_link_or_a_folder_holds_nothing_up(watched: Watched) -> None:
    os.mkfifo(watched.folder / "pipe.toml")
    (watched.folder / "link.toml").symlink_to("/dev/zero")
    (watched.folder / "folder.toml").mkdir()
    await watched.until(lambda: len(watched.alerts) == 3)
    watched.write("sato", after_s=5)
    await watched.until(lambda: watched.after_s("sato") == 5)


async def test_file_of_a_name_that_is_no_text_can_be_told(watched: Watched) -> None:
    strange = os.fsencode(watched.folder) + b"/\xff\x1b[31m.toml"
    os.close(os.open(strange, os.O_CREAT | os.O_WRONLY))
    await watched.until(lambda: watched.alerts)
    (behind,) = watched.reload.behind
    assert "··[31m" == behind.name
    assert all(text.isprintable() for text in (*watched.alerts.values(), behind.problem))


async def test_alert_that_an_earlier_run_left_is_cleared_when_the_file_is_right_again(
    tmp_path: Path,
) -> None:
    site = Watched(tmp_path)
    site.open()
    await _run_until(site, (tmp_path / "var/dialplans/sato.toml").exists)
    site.write("sato", after_s=99)
    site.open()
    marks = LastGood(tmp_path / "var" / "dialplans").marks
    await _run_until(site, marks)
    assert ["dialplan-sato"] == list(site.alerts)
    site.write("sato", after_s=3)
    site.open()
    await _run_until(site, lambda: not marks())
    assert {} == site.alerts


async def test_forms_that_the_disk_refused_are_kept_when_it_takes_them_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reload, "KEEP_AGAIN_S", 0.05)
    site = Watched(tmp_path)
    site.open()
    kept = LastGood(tmp_path / "var" / "dialplans")
    running = asyncio.create_task(site.reload.run())
    await site.until(lambda: not site.reload.in_force.unkept)
    away = kept.folder.rename(kept.folder.with_name("away"))
    (tmp_path / "file").write_bytes(b"")  # where the folder should be: every write is refused
    kept.folder.symlink_to(tmp_path / "file")
    site.write("sato", after_s=5)
    (site.folder / "tanaka.toml").unlink()
    await site.until(lambda: site.after_s("sato") == 5 and not site.now.plans.of("tanaka"))
    await site.until(lambda: "dialplans-kept" in site.alerts)
    # at once: in between, a write that is tried again would make a folder of its own
    (tmp_path / "link").symlink_to(away)
    (tmp_path / "link").replace(kept.folder)
    await site.until(lambda: not site.alerts)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert ["sato"] == kept.names()
    assert kept.is_kept("sato", site.now.form("sato"))
    assert ["dialplans-kept"] == site.raised


async def _run_until(site: Watched, true: Callable[[], object]) -> None:
    running = asyncio.create_task(site.reload.run())
    await site.until(true)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
