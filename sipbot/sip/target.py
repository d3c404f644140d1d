"""Whom a transfer or a call back calls, and as whom: from words to an INVITE's headers.  Pure.

Nothing that a caller or a called person says gets into a URI, and nothing that could end a header
gets into a header: the target is the dialplan's, or one that the main process has checked, and the
numbers shown are kept to harmless characters.
"""

import re

import msgspec

from sipbot.errors import TransferError
from sipbot.sip import wire
from sipbot.sip.on_call_wire import CallOnCall
from sipbot.sip.stack import Account, StackSettings
from sipbot.transfer_target import address, is_number

_SHOWN = re.compile(r"[0-9A-Za-z+*#._-]{1,32}")
"""What may be shown of a number or name: no quote, no line end, no separator of any header."""


class Dialled(msgspec.Struct, frozen=True, kw_only=True):
    """A call to be placed."""

    uri: str
    host: str
    """Name or address the INVITE goes to."""
    account: str
    """Whose digest answers a challenge; empty for none."""
    from_: str
    headers: dict[str, str]


def dial(wanted: wire.Transfer, stack: StackSettings) -> Dialled:
    """Return how a person is called.

    Args:
        wanted: as the dialplan has it.
        stack: the agent's address and accounts.

    Raises:
        TransferError: there is no way to call this; with what is wrong in the settings.
    """
    way = _way_to(wanted.to, stack)
    headers = _headers(wanted.diverted_from, way.aor, trusted=way.account is not None)
    return way.dialled(_name_addr(wanted.caller, way.aor), headers)


def dial_operator(wanted: wire.CallBack, stack: StackSettings) -> Dialled:
    """Return how an operator's telephone is called; it shows the number that is called next.

    Raises:
        TransferError: there is no way to call it; with what is wrong in the settings.
    """
    way = _way_to(wanted.phone, stack)
    return way.dialled(_name_addr(wanted.number, way.aor), {})


def dial_back(wanted: wire.CallBack, stack: StackSettings) -> Dialled:
    """Return how a caller is called back, as the client that they had called.

    The client's number is asserted (RFC 3325 section 9.1) to our own trunk only, and stands in From
    as well where the settings say that the trunk wants it there.

    Raises:
        TransferError: there is no way to call them; with what is wrong in the settings.
    """
    way = _way_to(wanted.number, stack)
    client = _uri_of_client(wanted.shown, way.aor)
    trusted = way.account is not None and bool(client)
    own = client if trusted and wanted.shown_in_from else f"<{way.aor}>"
    from_ = f'"{wanted.shown}" {own}' if client else own
    return way.dialled(from_, {"P-Asserted-Identity": client} if trusted else {})


def dial_on_call(wanted: CallOnCall, stack: StackSettings) -> Dialled:
    """Return how a person on call is called: as ourselves, for it is we who want something.

    Raises:
        TransferError: there is no way to call them; with what is wrong in the settings.
    """
    way = _way_to(wanted.number, stack)
    return way.dialled(f"<{way.aor}>", {})


class _Way(msgspec.Struct, frozen=True):
    """Where a call goes, and as whom."""

    uri: str
    host: str
    account: Account | None
    aor: str

    def dialled(self, from_: str, headers: dict[str, str]) -> Dialled:
        return Dialled(
            uri=self.uri,
            host=self.host,
            account=self.account.name if self.account else "",
            from_=from_,
            headers=headers,
        )


def _way_to(to: str, stack: StackSettings) -> _Way:
    uri = to if ":" in to else _uri_of_number(to, stack)
    called = address(uri)
    if called is None:
        raise TransferError(416, f"{uri!r} is not a SIP URI that an agent can call")
    if called.place == f"{stack.address}:{stack.port}":
        raise TransferError(482, f"{uri} is this agent itself")
    account = _account_at(called.place, stack)
    return _Way(uri, called.host, account, account.aor if account else _own_aor(stack))


def _name_addr(name: str, aor: str) -> str:
    return f'"{name}" <{aor}>' if _SHOWN.fullmatch(name) else f"<{aor}>"


def _uri_of_client(number: str, aor: str) -> str:
    """Name-addr of a client at our own domain; empty when the number may not be shown."""
    if not _SHOWN.fullmatch(number):
        return ""
    return f"<sip:{number.replace('#', '%23')}@{aor.rpartition('@')[2]}>"


def _uri_of_number(number: str, stack: StackSettings) -> str:
    if not is_number(number):
        raise TransferError(484, f"{number!r} is not a telephone number")
    via = next((one for one in stack.accounts if one.name == stack.transfer_via), None)
    if via is None:
        raise TransferError(
            503,
            f"no account can call {number}: add a [[sip.account]] to config.toml, or write the "
            "target as a SIP URI",
        )
    return f"sip:{number}@{via.registrar.partition(':')[2]}"


def _account_at(place: str, stack: StackSettings) -> Account | None:
    """The account whose registrar is called, the one for transfers first."""
    ranked = sorted(stack.accounts, key=lambda one: one.name != stack.transfer_via)
    registrars = ((one, address(one.registrar.replace(":", ":x@", 1))) for one in ranked)
    return next((one for one, at in registrars if at and at.place == place), None)


def _own_aor(stack: StackSettings) -> str:
    return stack.identity or f"sip:sipbot@{stack.address}:{stack.port}"


def _headers(number: str, aor: str, *, trusted: bool) -> dict[str, str]:
    """Whose call it was: Diversion (RFC 5806) for all, P-Asserted-Identity for our own trunk only.

    RFC 3325 section 5 keeps the latter within the domain of trust.
    """
    client = _uri_of_client(number, aor)
    if not client:
        return {}
    headers = {"Diversion": f"{client};reason=deflection"}
    return headers | {"P-Asserted-Identity": client} if trusted else headers
