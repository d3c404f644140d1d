"""The door of the embedded broker: who comes in, and what each may read and write.

Data path: accounts.toml -> accounts_file -> [bus_door] -> broker

As long as there is no accounts.toml every local program comes in, as on a first run.  From the
moment it is there, only sipbot and the accounts that have a bus password do; a file that is taken
away again opens nothing before the next start.
"""

import hmac

from sipbot.accounts import Accounts
from sipbot.accounts_file import AccountsFile
from sipbot.bus_password import is_right
from sipbot.bus_rights import NO_RIGHTS, BusRights, bus_rights, own_rights
from sipbot.memo_history import SYSTEM
from sipbot.topics import Topics

_WILDCARDS = frozenset("+#")


class BusDoor:
    """Says who may what; asks the file each time, so that a change counts at once.

    Args:
        file: the accounts; None to let everybody in.
        topics: of the site.
        own_password: sipbot's, whose user name is `SYSTEM`; empty lets no sipbot in.
    """

    def __init__(self, file: AccountsFile | None, topics: Topics, own_password: str) -> None:
        self._file = file
        self._topics = topics
        self._own_password = own_password
        self._rights: dict[str, BusRights] = {}
        self._rights_of = ""

    @property
    def guarded(self) -> bool:
        """Whether there are accounts, so that not everybody comes in."""
        return self._accounts() is not None

    def pass_of(self, user: str | None) -> str | None:
        """Return what lets this user in at present; another one after a change of password.

        None when this user does not come in at all.
        """
        accounts = self._accounts()
        if accounts is None:
            return ""
        if user == SYSTEM:
            return self._own_password or None
        return accounts.bus_password_of(user or "") or None

    def admits(self, user: str | None, password: str | None) -> bool:
        """Tell whether this user comes in with this password."""
        if not self.guarded:
            return True
        secret = self.pass_of(user)
        if secret is None or password is None:
            return False
        if user == SYSTEM:
            return hmac.compare_digest(secret.encode(), password.encode())
        return is_right(password, secret)

    def may_subscribe(self, user: str | None, wanted: str) -> bool:
        """Tell whether this user may subscribe to this filter."""
        rights = self._of(user)
        return rights is None or rights.may_subscribe(wanted)

    def may_read(self, user: str | None, topic: str) -> bool:
        """Tell whether this user may be sent a message of this topic."""
        rights = self._of(user)
        return rights is None or rights.may_read(topic)

    def may_write(self, user: str | None, topic: str) -> bool:
        """Tell whether this user may publish to this topic."""
        rights = self._of(user)
        return rights is None or (rights.may_write(topic) and not _WILDCARDS & set(topic))

    def _accounts(self) -> Accounts | None:
        return None if self._file is None else self._file.in_force()

    def _of(self, user: str | None) -> BusRights | None:
        accounts = self._accounts()
        if accounts is None:
            return None
        if accounts.sha256 != self._rights_of:
            self._rights, self._rights_of = {}, accounts.sha256
        name = user or ""
        if name not in self._rights:
            self._rights[name] = self._made(name, accounts)
        return self._rights[name]

    def _made(self, name: str, accounts: Accounts) -> BusRights:
        if name == SYSTEM:
            return own_rights(self._topics)
        account = accounts.get(name)
        on_the_bus = account is not None and accounts.bus_password_of(name)
        return bus_rights(account, self._topics) if account and on_the_bus else NO_RIGHTS
