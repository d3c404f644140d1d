"""``sipbot accounts``: who works here, with which role and for which clients.

Passwords are asked for, or read from standard input, never taken from the command line, where other
users of the machine could read them.
"""

import getpass
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from sipbot import accounts_edit, config, passwords
from sipbot.accounts import EVERY, Account, Accounts, Role
from sipbot.accounts_file import read_accounts
from sipbot.bus_password import new_hash, new_password
from sipbot.cli_config import ConfigOption, JsonOption, exit_code, print_json
from sipbot.config import Settings
from sipbot.errors import UsageError
from sipbot.terminal import printable

accounts_app = typer.Typer(
    no_args_is_help=True, help="Who works here, and what each may do with whose memos."
)

SHORTEST_CHARS = 12
"""Of a password; length is what counts against guessing (NIST SP 800-63B asks for 8 at least, and
15 where nothing else protects the login)."""

_Name = Annotated[str, typer.Argument(help="Name of the account: a-z, 0-9 and -.")]
_Stdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


@accounts_app.command(
    "add", epilog="Example: sipbot accounts add hanako --role operator --client yamato"
)
def add_command(
    name: _Name,
    role: Annotated[Role, typer.Option("--role", help="What this person may do.")],
    config_file: ConfigOption = None,
    client: Annotated[
        list[str] | None, typer.Option("--client", help="For this client; may be repeated.")
    ] = None,
    *,
    all_clients: Annotated[
        bool, typer.Option("--all-clients", help="For all clients, also those that come later.")
    ] = False,
    masked: Annotated[
        bool, typer.Option("--masked", help="Sees numbers and names nowhere; for viewers.")
    ] = False,
    language: Annotated[
        str, typer.Option("--language", help="Of the console: en or ja; else the browser's.")
    ] = "",
    extension: Annotated[
        str, typer.Option("--extension", help="Where the telephone of this person rings.")
    ] = "",
    password_stdin: _Stdin = False,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Without a login by password.")
    ] = False,
) -> None:
    """Add an account; asks for its password."""
    with exit_code(as_json=False):
        if all_clients and client:
            raise UsageError("--client and --all-clients: give one of the two")
        path = _path(config_file)
        values: dict[str, accounts_edit.Value] = {"name": name, "role": role}
        values["clients"] = [EVERY] if all_clients else (client or [])
        values |= {"masked": True} if masked else {}
        values |= {"language": language} if language else {}
        values |= {"extension": extension} if extension else {}
        if not no_password:
            values["password"] = passwords.hashed(_new_password(stdin=password_stdin))
        accounts_edit.add(path, values)
        typer.echo(f"{name} is in {path}. A running sipbot knows it already.")
        if not values["clients"]:
            typer.echo(f"warning: {_sees_nothing(name, path)}", err=True)


@accounts_app.command("list", epilog="Example: sipbot accounts list --json")
def list_command(config_file: ConfigOption = None, *, as_json: JsonOption = False) -> None:
    """List the accounts; hashes are not shown."""
    with exit_code(as_json=as_json):
        accounts = read_accounts(_path(config_file))
    if as_json:
        print_json([_shown(one, accounts) for one in accounts])
        return
    table = Table(box=box.SIMPLE)
    for column in ("name", "role", "clients", "masked", "extension", "console", "bus"):
        table.add_column(column)
    for one in accounts:
        shown = _shown(one, accounts)
        marks = ["yes" if shown[key] else "" for key in ("password", "bus_password")]
        clients = "all" if one.clients == EVERY else ", ".join(one.clients)
        table.add_row(
            *(one.name, one.role, clients, "yes" if one.masked else "", one.extension), *marks
        )
    Console().print(table, markup=False)


@accounts_app.command("password", epilog="Example: sipbot accounts password hanako")
def password_command(
    name: _Name,
    config_file: ConfigOption = None,
    *,
    password_stdin: _Stdin = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take it away: no login by password.")
    ] = False,
) -> None:
    """Set the password of the web console; sessions of the old one end."""
    with exit_code(as_json=False):
        path = _path(config_file)
        if read_accounts(path).get(name) is None:
            raise UsageError(f"account {name}: there is none: sipbot accounts list shows them")
        new = None if remove else passwords.hashed(_new_password(stdin=password_stdin))
        accounts_edit.put(path, name, "password", new)
        typer.echo(f"{name} has no password." if remove else f"{name} has a new password.")


@accounts_app.command("bus", epilog="Example: sipbot accounts bus hanako")
def bus_command(
    name: _Name,
    config_file: ConfigOption = None,
    *,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take it away: not on the bus any more.")
    ] = False,
) -> None:
    """Make a password for MQTT and print it, this once; the old one is void.

    With a broker of your own run sipbot mqtt acl afterwards.
    """
    with exit_code(as_json=False):
        new = new_password()
        accounts_edit.put(
            _path(config_file), name, "bus_password", None if remove else new_hash(new)
        )
        typer.echo(f"{name} is not on the bus." if remove else new)


@accounts_app.command("remove", epilog="Example: sipbot accounts remove hanako")
def remove_command(name: _Name, config_file: ConfigOption = None) -> None:
    """Take an account out; what it has done stays in the memos' histories."""
    with exit_code(as_json=False):
        accounts_edit.remove(_path(config_file), name)
        typer.echo(f"{name} is gone. A running sipbot has let go of it, and so has its console.")


@accounts_app.command("check", epilog="Example: sipbot accounts check")
def check_command(config_file: ConfigOption = None, *, as_json: JsonOption = False) -> None:
    """Read accounts.toml and say everything that is wrong, and what is merely strange."""
    with exit_code(as_json=as_json):
        settings = config.load(config_file)
        accounts = read_accounts(settings.console.accounts)
        strange = _strange(settings, accounts)
        if as_json:
            print_json({"ok": True, "accounts": len(accounts), "strange": strange, "mistakes": []})
            return
        for words in strange:
            typer.echo(f"warning: {printable(words)}", err=True)
        typer.echo(f"{settings.console.accounts}: {len(accounts)} accounts, all right.")


def _path(config_file: Path | None) -> Path:
    return config.load(config_file).console.accounts


def _shown(account: Account, accounts: Accounts) -> dict[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(account)
    return {
        **fields,
        "password": bool(accounts.password_of(account.name)),
        "bus_password": bool(accounts.bus_password_of(account.name)),
    }


def _strange(settings: Settings, accounts: Accounts) -> list[str]:
    path = settings.console.accounts
    found = list[str]()
    if path.stat().st_mode & 0o077:
        found.append(f"{path} can be read by other users of this machine: chmod 600 {path}")
    found += [_sees_nothing(one.name, path) for one in accounts if not one.clients]
    if settings.dialplans.is_dir():
        known = {file.stem for file in settings.dialplans.glob("*.toml")}
        for account in accounts:
            if account.clients != EVERY:
                found += [
                    f"{account.name}: no client is called {client} in {settings.dialplans}"
                    for client in account.clients
                    if client not in known
                ]
    return found


def _sees_nothing(name: str, path: Path) -> str:
    return (
        f"{name} works for no client, and so sees no memo and no call. Write clients = "
        f'["yamato"], or clients = ["*"] for all, in {path}'
    )


def _new_password(*, stdin: bool) -> str:
    """Ask for a password twice, or read one line."""
    if stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        if not sys.stdin.isatty():
            raise UsageError("no terminal to ask at: use --password-stdin")
        password = getpass.getpass("Password: ")
        if getpass.getpass("Again: ") != password:
            raise UsageError("the two are not the same: try again")
    if not SHORTEST_CHARS <= len(password) <= passwords.LONGEST_CHARS:
        span = f"{SHORTEST_CHARS} to {passwords.LONGEST_CHARS} characters"
        raise UsageError(f"a password has {span}: take some words")
    return password
