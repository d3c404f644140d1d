"""Changes of accounts.toml that leave comments and order alone; only importer of tomlkit.

Data path: `sipbot accounts add` -> [accounts_edit] -> accounts.toml

What would be wrong is not written: the whole file is read again as sipbot reads it, and only then
put in the place of the old one, readable by its owner alone.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

import tomlkit
from tomlkit import TOMLDocument
from tomlkit.items import AoT, Table

from sipbot.accounts import Accounts
from sipbot.accounts_file import accounts_of
from sipbot.errors import AccountsError, Mistake, UsageError
from sipbot.toml_file import content_of, parse

Value = str | bool | Iterable[str]

_HEAD = """\
# Who works here: sipbot accounts --help. Passwords are hashes; keep this file from other readers.
"""

OWNER_ONLY = 0o600


def add(path: Path, values: Mapping[str, Value]) -> Accounts:
    """Add an account, and the file when it is the first; return all accounts.

    Args:
        path: of accounts.toml.
        values: of its table, in their order; ``name`` is one of them.

    Raises:
        AccountsError: the file was or would be wrong.
        UsageError: the name is taken.
    """

    def change(document: TOMLDocument) -> None:
        if _place(document, str(values["name"])) is not None:
            raise UsageError(f"account {values['name']}: is there already: sipbot accounts list")
        table = tomlkit.table()
        for key, value in values.items():
            table.add(key, value if isinstance(value, str | bool) else list(value))
        tables = document.get("account")
        if not isinstance(tables, AoT):
            tables = tomlkit.aot()
            document.append("account", tables)
        tables.append(table)

    return _changed(path, change)


def put(path: Path, name: str, key: str, value: str | None) -> Accounts:
    """Set a key of an account, or take it away (None); return all accounts.

    Raises:
        AccountsError: the file was or would be wrong.
        UsageError: there is no such account.
    """

    def change(document: TOMLDocument) -> None:
        table = _table(document, name)
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value

    return _changed(path, change)


def remove(path: Path, name: str) -> Accounts:
    """Take an account out; return the others.

    Raises:
        AccountsError: the file was or would be wrong.
        UsageError: there is no such account.
    """

    def change(document: TOMLDocument) -> None:
        _table(document, name)
        place = _place(document, name)
        tables = document["account"]
        if isinstance(tables, AoT) and place is not None:
            del tables[place]
            if not tables:
                document.remove("account")

    return _changed(path, change)


def _changed(path: Path, change: Callable[[TOMLDocument], None]) -> Accounts:
    path = path.resolve()
    before = content_of(path, AccountsError) if path.exists() else None
    if before is not None:
        accounts_of(parse(path, before, AccountsError))
    document = tomlkit.parse(_HEAD if before is None else before.decode("utf-8"))
    change(document)
    after = tomlkit.dumps(document).encode("utf-8")
    accounts = accounts_of(parse(path, after, AccountsError))
    now = content_of(path, AccountsError) if path.exists() else None
    if now != before:
        remedy = "Try again"
        raise AccountsError(
            [Mistake(file=path, key="(file)", problem="was changed meanwhile", remedy=remedy)]
        )
    _replace(path, after)
    return accounts


def _replace(path: Path, content: bytes) -> None:
    """Put the new file in the place of the old one, whole or not at all."""
    try:
        # Nobody else may read it, not even for a moment: NamedTemporaryFile makes 0600.
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as draft:
            try:
                draft.write(content)
                draft.flush()
                os.fsync(draft.fileno())
                if path.exists():  # whoever sipbot runs as must still be able to read it
                    old = path.stat()
                    os.fchmod(draft.fileno(), old.st_mode & 0o640)
                    with suppress(PermissionError):
                        os.fchown(draft.fileno(), old.st_uid, old.st_gid)
                Path(draft.name).replace(path)
            except BaseException:
                Path(draft.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        remedy = "Check that its folder is writable and the disk has room"
        problem = f"cannot be written: {error.strerror}"
        mistake = Mistake(file=path, key="(file)", problem=problem, remedy=remedy)
        raise AccountsError([mistake]) from error


def _place(document: TOMLDocument, name: str) -> int | None:
    tables = document.get("account")
    for place, table in enumerate(tables if isinstance(tables, AoT) else ()):
        if table.get("name") == name:
            return place
    return None


def _table(document: TOMLDocument, name: str) -> Table:
    place = _place(document, name)
    tables = document.get("account")
    if place is None or not isinstance(tables, AoT):
        raise UsageError(f"account {name}: there is none: sipbot accounts list shows them")
    table = tables[place]
    assert isinstance(table, Table)
    return table
