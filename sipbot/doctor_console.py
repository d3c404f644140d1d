"""What ``sipbot doctor`` finds of accounts and web console: who may log in, who may read along."""

import asyncio
import ipaddress
from collections.abc import Iterator

import msgspec

from sipbot import ports
from sipbot.accounts import Accounts
from sipbot.accounts_file import read_accounts
from sipbot.config import Settings
from sipbot.doctor_finding import Finding
from sipbot.errors import AccountsError

_PART = "web console"


async def examine(settings: Settings, *, running: bool) -> list[Finding]:
    """Look at the console, where it is switched on, and at the accounts, where there are any.

    Args:
        settings: checked.
        running: whether a sipbot of these settings runs, whose console has the port then.
    """
    console = settings.console
    if not console.port:
        return [*_people(settings)] if console.accounts.exists() else []
    findings = [*_people(settings), *_reach(settings)]
    where = f"{console.address}:{console.port}"
    if running:
        findings.append(Finding(part=_PART, state="ok", found=f"{console.reached_at}"))
        return findings
    problem = await asyncio.to_thread(ports.tcp_problem, console.address, console.port)
    if problem:
        remedy = "Set console.port to a free one, or end the program that has it: ss -ltnp"
        findings.append(
            Finding(part=_PART, state="failed", found=f"{where}: {problem}", remedy=remedy)
        )
    else:
        findings.append(Finding(part=_PART, state="ok", found=f"{where} is free"))
    return findings


def _people(settings: Settings) -> Iterator[Finding]:
    console = settings.console
    if not console.accounts.exists():
        found = f"{console.accounts}: is not there: nobody may log in"
        remedy = "Add somebody: sipbot accounts add NAME"
        yield Finding(part="accounts", state="warning", found=found, remedy=remedy)
        return
    try:
        accounts = read_accounts(console.accounts)
    except AccountsError as error:
        for mistake in error.mistakes:
            found = str(msgspec.structs.replace(mistake, remedy="")).rstrip(". ")
            yield Finding(part="accounts", state="failed", found=found, remedy=mistake.remedy)
        return
    yield from _file(settings, accounts)
    by_proxy = bool(console.proxy_user_header)
    people = [one for one in accounts if by_proxy or accounts.password_of(one.name)]
    found = f"{console.accounts}: {len(people)} of {len(accounts)} may log in"
    if not people and console.port:
        remedy = "Add somebody: sipbot accounts add NAME"
        yield Finding(part="accounts", state="warning", found=found, remedy=remedy)
    else:
        yield Finding(part="accounts", state="ok", found=found)


def _file(settings: Settings, accounts: Accounts) -> Iterator[Finding]:
    path = settings.console.accounts
    if path.stat().st_mode & 0o077:
        yield Finding(
            part="accounts",
            state="warning",
            found=f"{path} can be read by other users of this machine, the hashes of passwords too",
            remedy=f"chmod 600 {path}",
        )
    for phone in settings.call_back.phone:
        account = accounts.get(phone.operator)
        if account is not None and account.extension not in ("", phone.at):
            yield Finding(
                part="accounts",
                state="warning",
                found=f"{phone.operator} has two telephones: extension = {account.extension} of "
                f"the account counts, {phone.at} of [[call_back.phone]] does not",
                remedy="Remove the [[call_back.phone]] from config.toml",
            )


def _reach(settings: Settings) -> Iterator[Finding]:
    console = settings.console
    if not ipaddress.ip_address(console.address).is_loopback:
        yield Finding(
            part=_PART,
            state="warning",
            found=f"console.address = {console.address}: whoever is on the way reads passwords and "
            "memos, for the console speaks plain HTTP",
            remedy='Set it to "127.0.0.1", with a proxy that speaks TLS before it',
        )
    if console.url.startswith("https://") and not console.proxy_from:
        yield Finding(
            part=_PART,
            state="warning",
            found="console.url has a proxy, and console.proxy_from is empty: all browsers seem to "
            "be the proxy, and one who guesses passwords keeps everybody out",
            remedy='Name the proxy\'s address: proxy_from = ["127.0.0.1"]',
        )
