"""``sipbot accounts`` and ``sipbot mqtt acl``: what is written, and what is never shown."""

import json
import stat
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from sipbot import passwords
from sipbot.accounts import EVERY, Account
from sipbot.accounts_file import read_accounts
from sipbot.bus_password import is_right
from sipbot.cli_accounts import accounts_app
from sipbot.cli_mqtt import mqtt_app

WORDS = "correct horse battery"

CONFIG = """site = "main"
[mqtt]
host = "mqtt.example"
username = "sipbot"
password = "of sipbot alone"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def ask(app: typer.Typer, folder: Path, *words: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, [*words, "--config", str(folder / "config.toml")], input=typed)


def accounts(folder: Path, *words: str, typed: str = "") -> Result:
    return ask(accounts_app, folder, *words, typed=typed)


def add(folder: Path, *words: str) -> Result:
    return accounts(folder, "add", *words, "--no-password")


def added(folder: Path) -> Path:
    result = add(folder, "hanako", "--role", "operator", "--client", "yamato")
    assert 0 == result.exit_code
    return folder / "accounts.toml"


def test_added_account_has_role_clients_and_a_hash_of_the_password(folder: Path) -> None:
    words = ("add", "hanako", "--role", "operator", "--client", "yamato", "--client", "sato-law")
    accounts(folder, *words, "--password-stdin", typed=f"{WORDS}\n")
    found = read_accounts(folder / "accounts.toml")
    expected = Account(name="hanako", role="operator", clients=("yamato", "sato-law"))
    assert [expected] == list(found)
    assert passwords.fits(found.password_of("hanako"), WORDS)


def test_first_account_makes_a_file_that_nobody_else_can_read(folder: Path) -> None:
    assert 0o600 == stat.S_IMODE(added(folder).stat().st_mode)


def test_account_for_all_clients_has_a_star(folder: Path) -> None:
    add(folder, "boss", "--role", "admin", "--all-clients")
    assert [EVERY] == [one.clients for one in read_accounts(folder / "accounts.toml")]


def test_comments_and_other_accounts_outlive_a_change(folder: Path) -> None:
    path = added(folder)
    path.write_text(f"# ours\n{path.read_text()}# the night shift\n", encoding="utf-8")
    add(folder, "taro", "--role", "lead", "--client", "yamato")
    accounts(folder, "remove", "hanako")
    assert ("taro" in path.read_text(), path.read_text().startswith("# ours\n")) == (True, True)
    assert ["taro"] == [one.name for one in read_accounts(path)]


def test_last_account_can_be_taken_out(folder: Path) -> None:
    path = added(folder)
    accounts(folder, "remove", "hanako")
    assert 0 == len(read_accounts(path))


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (("add", "hanako", "--role", "viewer", "--client", "a"), "hanako: is there already", 2),
        (("add", "taro", "--role", "operator"), "is empty, so there is nothing to see", 1),
        (("add", "Taro", "--role", "viewer", "--client", "a"), "account[1].name = ", 1),
        (("remove", "nobody"), "account nobody: there is none", 2),
        (("password", "nobody"), "account nobody: there is none", 2),
        (("bus", "nobody"), "account nobody: there is none", 2),
    ],
)
def test_what_cannot_be_is_refused_and_the_file_is_as_it_was(
    folder: Path, words: tuple[str, ...], said: str, code: int
) -> None:
    path = added(folder)
    before = path.read_bytes()
    more = ("--no-password",) if words[0] == "add" else ()
    result = accounts(folder, *words, *more)
    assert (code, True, before) == (result.exit_code, said in result.output, path.read_bytes())


def test_short_password_is_refused(folder: Path) -> None:
    added(folder)
    result = accounts(folder, "password", "hanako", "--password-stdin", typed="short\n")
    assert (2, True) == (result.exit_code, "12 to 1024 characters" in result.output)


def test_bus_password_is_printed_once_and_kept_as_a_hash(folder: Path) -> None:
    path = added(folder)
    printed = accounts(folder, "bus", "hanako").output.strip()
    assert is_right(printed, read_accounts(path).bus_password_of("hanako"))
    assert printed not in path.read_text()


def test_bus_password_that_is_taken_away_leaves_the_account_off_the_bus(folder: Path) -> None:
    path = added(folder)
    accounts(folder, "bus", "hanako")
    accounts(folder, "bus", "hanako", "--remove")
    assert "" == read_accounts(path).bus_password_of("hanako")


def test_list_shows_no_hash(folder: Path) -> None:
    added(folder)
    accounts(folder, "bus", "hanako")
    shown = accounts(folder, "list", "--json").output
    assert [True] == [one["bus_password"] for one in json.loads(shown)]
    assert "$7$" not in shown


def test_account_without_clients_is_added_with_a_word_that_it_sees_nothing(folder: Path) -> None:
    assert "works for no client" in add(folder, "boss", "--role", "admin").stderr


def test_account_with_clients_is_added_without_a_warning(folder: Path) -> None:
    assert "" == add(folder, "boss", "--role", "admin", "--all-clients").stderr


def test_check_tells_of_accounts_without_clients(folder: Path) -> None:
    add(folder, "boss", "--role", "admin")
    said = json.loads(accounts(folder, "check", "--json").output)["strange"]
    assert ["works for no client" in one for one in said] == [True]


def test_check_tells_of_readers_and_of_clients_that_nobody_has(folder: Path) -> None:
    added(folder).chmod(0o644)
    (folder / "dialplans").mkdir()
    said = accounts(folder, "check", "--json").output
    assert 2 == len(json.loads(said)["strange"])


def test_acl_has_two_kinds_of_lines_for_an_operator_on_the_bus(folder: Path) -> None:
    added(folder)
    accounts(folder, "bus", "hanako")
    said = ask(mqtt_app, folder, "acl").output
    expected = """user hanako
topic read sipbot/1/main/state
topic read sipbot/1/main/client/yamato/#
topic write sipbot/1/main/client/yamato/cmd/+/hanako
"""
    assert said.endswith(f"user sipbot\ntopic readwrite sipbot/1/main/#\n\n{expected}")


def test_acl_leaves_out_who_has_no_bus_password(folder: Path) -> None:
    added(folder)
    assert "hanako" not in ask(mqtt_app, folder, "acl").output


def test_password_file_has_the_hashes_of_sipbot_and_of_the_accounts(folder: Path) -> None:
    path = added(folder)
    accounts(folder, "bus", "hanako")
    lines = ask(mqtt_app, folder, "acl", "--passwords").output.splitlines()
    hashes = dict(line.split(":") for line in lines)
    assert is_right("of sipbot alone", hashes["sipbot"])
    assert read_accounts(path).bus_password_of("hanako") == hashes["hanako"]


def test_account_with_the_user_name_of_sipbot_is_refused(folder: Path) -> None:
    added(folder)
    (folder / "config.toml").write_text(CONFIG.replace('"sipbot"', '"hanako"'), encoding="utf-8")
    result = ask(mqtt_app, folder, "acl")
    assert (2, True) == (result.exit_code, "is an account's name too" in result.output)
