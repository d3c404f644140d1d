"""The rights of the accounts, as Mosquitto reads them.  Pure but for the salts of passwords.

Data path: accounts -> bus_rights -> [mqtt_acl] -> acl_file and password_file, or dynamic security

Form: mosquitto.conf(5), acl_file and password_file; mosquitto's dynamic-security plugin 2.0.  Both
forms give each user what `sipbot.bus_rights` says and nobody anything else.
"""

import base64
from collections.abc import Iterator, Sequence
from typing import Any

from sipbot.accounts import Account, Accounts
from sipbot.bus_password import WORD_ITERATIONS, new_hash, parts_of
from sipbot.bus_rights import BusRights, bus_rights, own_rights
from sipbot.errors import UsageError
from sipbot.topics import Topics

_NOTE = "# Written by `sipbot mqtt acl`; write it again after each change of accounts.toml.\n"

_NOTHING_UNSAID = {
    "publishClientSend": False,
    "publishClientReceive": False,
    "subscribe": False,
    "unsubscribe": True,
}


class BusUsers:
    """Everybody whom a broker is to know: sipbot, and the accounts that have a bus password.

    Args:
        accounts: all accounts.
        topics: of the site.
        own_name: user name of sipbot itself.
        own_password: its password; empty when passwords are not asked for.

    Raises:
        UsageError: an account has sipbot's user name.
    """

    def __init__(
        self, accounts: Accounts, topics: Topics, *, own_name: str, own_password: str = ""
    ) -> None:
        if accounts.get(own_name) is not None:
            raise UsageError(
                f"mqtt.username = {own_name}: is an account's name too. Give sipbot another user "
                "at the broker, such as sipbot"
            )
        self._accounts = accounts
        self._topics = topics
        self._own_name = own_name
        self._own_password = own_password

    @property
    def on_the_bus(self) -> Sequence[Account]:
        """Accounts that have a bus password."""
        return [one for one in self._accounts if self._accounts.bus_password_of(one.name)]

    def acl_file(self) -> str:
        """Return Mosquitto's acl_file."""
        parts = [_NOTE]
        for name, rights in self._rights():
            both = [topic for topic in rights.read if topic in rights.write]
            lines = [f"topic readwrite {topic}" for topic in both]
            lines += [f"topic read {topic}" for topic in rights.read if topic not in both]
            lines += [f"topic write {topic}" for topic in rights.write if topic not in both]
            parts.append("\n".join([f"user {name}", *lines]) + "\n")
        return "\n".join(parts)

    def password_file(self) -> str:
        """Return Mosquitto's password_file; sipbot's own password gets a new salt each time."""
        return "".join(f"{name}:{hashed}\n" for name, hashed in self._hashes())

    def dynamic_security(self) -> dict[str, Any]:
        """Return the file of Mosquitto's dynamic-security plugin: a role for each user."""
        clients, roles = list[dict[str, Any]](), list[dict[str, Any]]()
        for (name, rights), (_, hashed) in zip(self._rights(), self._hashes(), strict=True):
            clients.append({"username": name, "roles": [{"rolename": name}], **_secret(hashed)})
            roles.append({"rolename": name, "acls": list(_acls(rights))})
        return {
            "defaultACLAccess": _NOTHING_UNSAID,
            "clients": clients,
            "groups": [],
            "roles": roles,
        }

    def _rights(self) -> Iterator[tuple[str, BusRights]]:
        yield self._own_name, own_rights(self._topics)
        for account in self.on_the_bus:
            yield account.name, bus_rights(account, self._topics)

    def _hashes(self) -> Iterator[tuple[str, str]]:
        yield self._own_name, new_hash(self._own_password, WORD_ITERATIONS)
        for account in self.on_the_bus:
            yield account.name, self._accounts.bus_password_of(account.name)


def _acls(rights: BusRights) -> Iterator[dict[str, Any]]:
    for topic in rights.read:
        yield {"acltype": "subscribePattern", "topic": topic, "allow": True}
        yield {"acltype": "publishClientReceive", "topic": topic, "allow": True}
    for topic in rights.write:
        yield {"acltype": "publishClientSend", "topic": topic, "allow": True}


def _secret(hashed: str) -> dict[str, Any]:
    parts = parts_of(hashed)
    if parts is None:
        raise UsageError("accounts.toml: a bus_password is no hash: sipbot accounts bus NAME")
    iterations, salt, digest = parts
    return {
        "password": base64.b64encode(digest).decode(),
        "salt": base64.b64encode(salt).decode(),
        "iterations": iterations,
    }
