"""accounts.toml: read with every mistake at once, and read again when it has changed.

Data path: [accounts.toml -> accounts_file] -> accounts -> (console, desk, broker)

It holds hashes, never passwords; people change it with ``sipbot accounts``, or by hand.
"""

import re
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from sipbot.accounts import EVERY, Account, Accounts, Language, Role
from sipbot.bus_password import is_bus_hash
from sipbot.errors import AccountsError, Mistake
from sipbot.memo_history import SYSTEM
from sipbot.toml_file import TomlFile, content_of, explain, parse, wrong
from sipbot.toml_shape import Shape
from sipbot.transfer_target import flaw

ARGON2_FORM = re.compile(
    r"\$argon2id\$v=19\$m=[0-9]{1,6},t=[0-9]{1,2},p=[0-9]\$[A-Za-z0-9+/]{11,86}"
    r"\$[A-Za-z0-9+/]{22,86}"
)
"""The encoded form of the reference implementation of RFC 9106; its bounds keep a hash from asking
for more memory (1 GB) than a login is worth."""

ACCOUNTS_MAX = 500
"""With both hashes and some clients an account has 400 bytes, and a file 256 kB at most
(`sipbot.toml_file.LIMIT_BYTES`)."""

_FROZEN = ConfigDict(
    extra="forbid",
    frozen=True,
    strict=True,
    hide_input_in_errors=True,
    use_attribute_docstrings=True,
)


def _name(value: str) -> str:
    if value == SYSTEM:
        raise wrong("is what sipbot itself is called", "Choose another name")
    return value


def _password(value: SecretStr) -> SecretStr:
    if not ARGON2_FORM.fullmatch(value.get_secret_value()):
        raise wrong("is not an argon2id hash", "Make one: sipbot accounts password NAME")
    return value


def _bus_password(value: SecretStr) -> SecretStr:
    if not is_bus_hash(value.get_secret_value()):
        raise wrong("is not the hash of a bus password", "Make one: sipbot accounts bus NAME")
    return value


def _extension(value: str) -> str:
    problem = flaw(value) if value else ""
    if problem:
        raise wrong(problem, 'Write digits such as "201", or "sip:201@pbx.example"')
    return value


class AccountForm(BaseModel):
    """Somebody who works with memos."""

    model_config = _FROZEN

    name: Annotated[str, AfterValidator(_name)] = Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", examples=["hanako"]
    )
    """Name in memos and on the bus, and to log in with; unique."""
    role: Role
    """viewer sees; operator also acts; lead also exports, sees dialplans; admin the system too."""
    clients: tuple[Annotated[str, Field(pattern=r"^([a-z0-9][a-z0-9-]{0,62}|\*)$")], ...] = Field(
        strict=False, max_length=10_000, examples=[["yamato"]]
    )
    """Whose memos; ["*"] for all, also those that come later."""
    masked: bool = False
    """Shows numbers and names nowhere; not for operators, who call back."""
    language: Language = ""
    """Of the console: en or ja; empty: as the browser asks."""
    extension: Annotated[str, AfterValidator(_extension)] = Field(default="", examples=["201"])
    """Telephone at which sipbot calls this person: an extension, a number or a SIP URI."""
    password: Annotated[SecretStr, AfterValidator(_password)] | None = None
    """argon2id hash of the console's password; without it nobody logs in by password."""
    bus_password: Annotated[SecretStr, AfterValidator(_bus_password)] | None = None
    """Hash of the password for MQTT; without it the account is not on the bus."""

    @model_validator(mode="after")
    def _goes_together(self) -> "AccountForm":
        if "*" in self.clients and len(self.clients) > 1:
            raise wrong("names clients beside all of them", 'Write ["*"], or the names', "clients")
        if not self.clients and self.role != "admin":
            raise wrong("is empty, so there is nothing to see", "Name a client", "clients")
        if self.masked and self.role in ("operator", "lead"):
            problem = "leaves no number to call back"
            raise wrong(problem, 'Write role = "viewer", or masked = false', "masked")
        return self


class AccountsForm(BaseModel):
    """The whole file."""

    model_config = _FROZEN

    account: tuple[AccountForm, ...] = Field(default=(), strict=False, max_length=ACCOUNTS_MAX)
    """Everybody who works here, 500 at most."""


SHAPE = Shape(AccountsForm)


def read_accounts(path: Path) -> Accounts:
    """Read accounts.toml.

    Raises:
        AccountsError: with every mistake in it; it is missing or unreadable.
    """
    return accounts_of(parse(path, content_of(path, AccountsError), AccountsError))


def accounts_of(file: TomlFile) -> Accounts:
    """Return the accounts of a file that was read.

    Raises:
        AccountsError: with every mistake in it.
    """
    try:
        form = AccountsForm.model_validate(file.values)
    except ValidationError as error:
        raise AccountsError(explain(error, SHAPE, file)) from None
    twice = _twice(form, file)
    if twice:
        raise AccountsError(twice)
    return Accounts(
        [_account(one) for one in form.account],
        passwords={o.name: o.password.get_secret_value() for o in form.account if o.password},
        bus_passwords={
            one.name: one.bus_password.get_secret_value()
            for one in form.account
            if one.bus_password
        },
        sha256=file.sha256,
    )


class AccountsFile:
    """The accounts as the file has them now, without reading it each time.

    A file that is wrong leaves the last good form in force: a typo locks nobody out, and lets
    nobody in who was not in before.  One that was wrong from the start lets nobody in, and holds up
    no call.  Where none has ever been, there are no accounts in force at all.

    Args:
        path: of accounts.toml.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trouble: AccountsError | None = None
        """What is wrong with the file; None while what is in force is what it says."""
        self._accounts = Accounts()
        self._there = False
        self._stamp = _stamp(path)
        self._read()

    def now(self) -> Accounts:
        """Return the accounts in force; reads the file when it is another one (blocks shortly)."""
        stamp = _stamp(self.path)
        if stamp != self._stamp:
            self._stamp = stamp
            self._read()
        return self._accounts

    def in_force(self) -> Accounts | None:
        """Return the same; None where there has been no file since this object was made."""
        accounts = self.now()
        return accounts if self._there else None

    def _read(self) -> None:
        self._there = self._there or self._stamp is not None
        try:
            self._accounts, self.trouble = read_accounts(self.path), None
        except AccountsError as error:
            self.trouble = error


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _account(form: AccountForm) -> Account:
    return Account(
        name=form.name,
        role=form.role,
        clients=EVERY if EVERY in form.clients else form.clients,
        masked=form.masked,
        language=form.language,
        extension=form.extension,
    )


def _twice(form: AccountsForm, file: TomlFile) -> list[Mistake]:
    mistakes = list[Mistake]()
    seen = set[str]()
    for place, one in enumerate(form.account):
        if one.name in seen:
            key = ("account", place, "name")
            mistakes.append(file.mistake(key, "is another account's name", "Rename one of them"))
        seen.add(one.name)
    return mistakes
