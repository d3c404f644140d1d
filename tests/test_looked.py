"""Whoever hears a caller at the command line, or takes their words along, is in the access log."""

import asyncio
import json
import os
import pwd
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sipbot import looked
from sipbot.audit import AuditEntry
from sipbot.cli import program
from sipbot.control import Control, socket_path
from sipbot.keep_form import KeepForm
from sipbot.ledger import Ledger
from sipbot.ledger_privacy import PrivacyLedger
from sipbot.memo import Memo
from sipbot.retention import Rules
from sipbot.sweep import Sweep, eraser_of
from sipbot.system_user import me
from tests.sites import CLIENT, a_site, fill

REFUSE = "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT raise(FAIL, 'full'); END"
LOOKS = ("listen", "export", "search")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Memo]:
    """A site that has memos and recordings, and one of its memos."""
    site = a_site(tmp_path_factory.mktemp("site"), "a")
    return site.var, asyncio.run(fill(site))[0]


@pytest.fixture
def var(filled: tuple[Path, Memo]) -> Path:
    """The site's folder, with an empty log."""
    with closing(sqlite3.connect(filled[0] / "sipbot.sqlite3")) as ledger, ledger:
        ledger.execute("DELETE FROM audit")
    return filled[0]


def logged(var: Path) -> list[AuditEntry]:
    with PrivacyLedger.open(var / "sipbot.sqlite3") as ledger:
        return [one.entry for one in ledger.looked(CLIENT, LOOKS, 100)]


@pytest.mark.parametrize(
    ("words", "action", "of_memo", "detail"),
    [
        (["memos", "clip", "ID", "--part", "0", "--out", "FILE"], "listen", True, "part 0, kept"),
        (["memos", "play", "ID", "--save", "FILE"], "listen", True, "part 0, kept as a file"),
        (["memos", "show", "ID", "--json"], "export", True, "JSON"),
        (["memos", "show", "ID"], "export", True, "text"),
        (["memos", "list", "--all", "--json"], "export", False, "2 memos, JSON"),
    ],
)
def test_command_that_gives_a_callers_words_away_is_logged(
    var: Path,
    filled: tuple[Path, Memo],
    tmp_path: Path,
    words: list[str],
    action: str,
    of_memo: bool,
    detail: str,
) -> None:
    memo = filled[1].id
    named = {"ID": memo, "FILE": str(tmp_path / "out.wav")}
    words = [named.get(word, word) for word in words]

    result = CliRunner().invoke(program("memos"), [*words, "--var", str(var)])

    assert 0 == result.exit_code, result.output
    (entry,) = logged(var)
    assert (action, me(), looked.PLACE) == (entry.action, entry.account, entry.address)
    assert (CLIENT, memo if of_memo else None) == (entry.client, entry.memo)
    assert entry.detail.startswith(detail)


def test_what_was_searched_for_is_not_in_the_log(var: Path) -> None:
    words = ["memos", "search", "moshi", "--var", str(var), "--json"]

    found = json.loads(CliRunner().invoke(program("memos"), words).stdout)

    entries = logged(var)
    assert 2 == len(found)
    assert ["export", "search"] == [entry.action for entry in entries]
    assert not any("moshi" in entry.detail for entry in entries)


def test_what_cannot_be_written_down_is_not_heard(
    var: Path, filled: tuple[Path, Memo], tmp_path: Path
) -> None:
    out = tmp_path / "out.wav"
    words = ["memos", "clip", filled[1].id, "--part", "0", "--out", str(out), "--var", str(var)]
    with closing(sqlite3.connect(var / "sipbot.sqlite3")) as ledger:
        ledger.execute(
            "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT raise(FAIL, 'full'); END"
        )
        ledger.commit()
        try:
            result = CliRunner().invoke(program("memos"), words)
        finally:
            ledger.execute("DROP TRIGGER full")
            ledger.commit()

    assert (1, False) == (result.exit_code, out.exists())
    assert "the ledger refused" in result.output


def test_copy_of_the_ledger_is_logged_and_is_in_the_copy(var: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'var = "{var}"\n', encoding="utf-8")
    copy = tmp_path / "copy.sqlite3"
    words = ["ledger", "backup", str(copy), "--config", str(config)]

    result = CliRunner().invoke(program("ledger"), words)

    assert 0 == result.exit_code, result.output
    with PrivacyLedger.open(copy) as ledger:
        (row,) = ledger.looked(CLIENT, LOOKS, 10)
    assert ("export", "a copy of the whole ledger") == (row.entry.action, row.entry.detail)


async def test_running_sipbot_writes_down_what_a_command_hears(
    var: Path, filled: tuple[Path, Memo]
) -> None:
    path = var / "sipbot.sqlite3"
    async with Ledger.open(path) as ledger:
        rules = Rules(of={}, otherwise=KeepForm())
        sweep = Sweep(ledger, path, eraser_of(var, var, ledger), lambda: rules, lambda *_: None)
        door = Control(socket_path(var), sweep.handlers())
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(door.run())
            await door.ready.wait()
            await asyncio.to_thread(looked.heard, path, filled[1], "part 1")
            serving.cancel()

    assert [("listen", "part 1")] == [(one.action, one.detail) for one in logged(var)]


def test_environment_does_not_say_who_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "somebody-else")
    acting = pwd.getpwuid(os.getuid()).pw_name
    other = next(one for one in pwd.getpwall() if one.pw_uid != os.getuid())
    login = tmp_path / "loginuid"

    said = []
    for content in (str(2**32 - 1), str(os.getuid()), str(other.pw_uid)):
        login.write_text(content, encoding="ascii")
        said.append(me(login))

    assert [acting, acting, f"{other.pw_name} as {acting}"] == said
    assert acting == me(tmp_path / "none")
