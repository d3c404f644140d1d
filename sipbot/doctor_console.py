"""What ``sipbot doctor`` finds of the web console: who may log in, and who could read along."""

import asyncio
import ipaddress
from collections.abc import Iterator

import msgspec

from sipbot import ports
from sipbot.accounts_file import read_accounts
from sipbot.config import Settings
from sipbot.doctor_finding import Finding
from sipbot.errors import AccountsError

_PART = "web console"


async def examine(settings: Settings, *, running: bool) -> list[Finding]:
    """Look at the console; nothing is found where it is switched off.

    Args:
        settings: checked.
        running: whether a sipbot of these settings runs, whose console has the port then.
    """
    console = settings.console
    if not console.port:
        return []
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
    try:
        accounts = read_accounts(console.accounts)
    except AccountsError as error:
        for mistake in error.mistakes:
            found = str(msgspec.structs.replace(mistake, remedy="")).rstrip(". ")
            yield Finding(part="accounts", state="failed", found=found, remedy=mistake.remedy)
        return
    by_proxy = bool(console.proxy_user_header)
    people = [one for one in accounts if by_proxy or accounts.password_of(one.name)]
    found = f"{console.accounts}: {len(people)} of {len(accounts)} may log in"
    if not people:
        remedy = "Add somebody: sipbot accounts add NAME"
        yield Finding(part="accounts", state="warning", found=found, remedy=remedy)
    else:
        yield Finding(part="accounts", state="ok", found=found)


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
