"""One message to one address by apprise, which knows mail, Slack, LINE, Chatwork and the rest.

The only file that imports apprise, and not before there is somewhere to send to: it loads more
than a hundred services.  What apprise says of a failure is read for its code alone, since its words
hold addresses, passwords and texts; they go no further than this file.
"""

import logging
import re
import threading
from contextlib import suppress
from mimetypes import guess_type
from pathlib import Path
from typing import Any

import msgspec

from sipbot import private_file
from sipbot.errors import ReportError
from sipbot.notice import Notice, Parcel

_HTTP = re.compile(r"\berror=(\d{3})\b")
_SMTP = re.compile(r"\((\d{3}), b")
_PASSING = frozenset({"408", "425", "429"})
"""Codes of HTTP that refuse for now: request timeout (RFC 9110 15.5.9), too early (RFC 8470) and
too many requests (RFC 6585)."""

_load = threading.Lock()


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message."""

    done: bool
    for_good: bool = False
    """Not done, and the same message will be refused again: it is not the network."""
    words: str = ""
    """Why it was not done, in our own words."""


# Runs in a thread of its own.
def warm_up() -> None:
    """Load all of apprise, so that no urgent message waits for it: half a second where the machine
    is idle, a minute where it is not (measured).
    """
    with suppress(Exception):  # what is wrong with it is told by the first message
        _apprise().Apprise.instantiate("json://localhost")


# Runs in a thread of its own.
def send(url: str, notice: Notice) -> Sent:
    """Send a message; blocks until the service has it or apprise gives up (a connection 4 s, an
    answer 4 s, mail 15 s by its defaults; ``cto`` and ``rto`` in the URL change that).

    Args:
        url: as apprise writes them, such as ``mailto://user:password@mail.example``.
        notice: what to say.
    """
    apprise = _apprise()
    service = apprise.Apprise.instantiate(url)
    if service is None:
        return Sent(done=False, for_good=True, words="apprise does not understand the URL")
    files = notice.files if isinstance(notice, Parcel) else ()
    if files and not service.attachment_support:
        return Sent(done=False, for_good=True, words="the service takes no files: use mail")
    heard = _Heard()
    logger = logging.getLogger("apprise")
    logger.addHandler(heard)
    try:
        done = service.notify(
            title=notice.subject,
            body=notice.body,
            notify_type=apprise.NotifyType.WARNING if notice.urgent else apprise.NotifyType.INFO,
            body_format=apprise.NotifyFormat.TEXT,
            attach=[_attached(one.name, one.content) for one in files] or None,
        )
    finally:
        logger.removeHandler(heard)
    return Sent(done=True) if done else judged(heard.lines)


# Runs in a thread of its own.
def put(folder: Path, notice: Notice) -> Sent:
    """Put a message's files into a folder, each whole or not at all; the same name is replaced.

    Args:
        folder: is there; what reads it is nobody of ours.
        notice: with files.
    """
    if not isinstance(notice, Parcel):
        return Sent(done=False, for_good=True, words="it is a folder, which takes reports only")
    try:
        for one in notice.files:
            private_file.write(folder / one.name, one.content)
    except ReportError as error:
        return Sent(done=False, words=str(error))
    return Sent(done=True)


def judged(lines: list[str]) -> Sent:
    """Tell from what apprise has logged whether a service refused for good or was not reached.

    A code of HTTP from 400 to 499 refuses for good (RFC 9110 section 15.5), one of SMTP from 500
    (RFC 5321 section 4.2.1); whatever else went wrong may be right in a minute.
    """
    for line in reversed(lines):
        http, smtp = _HTTP.search(line), _SMTP.search(line)
        if http is not None:
            code = http[1]
            for_good = code.startswith("4") and code not in _PASSING
            return Sent(done=False, for_good=for_good, words=f"the service answered HTTP {code}")
        if smtp is not None:
            code = smtp[1]
            words = f"the mail server answered SMTP {code}"
            return Sent(done=False, for_good=code.startswith("5"), words=words)
    return Sent(done=False, words="the service cannot be reached")


class _Heard(logging.Handler):
    """Keeps what apprise logs in this thread; other threads send to other services meanwhile."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line of ours."""
        if record.thread == self._thread:
            self.lines.append(record.getMessage())


def _attached(name: str, content: bytes) -> Any:  # noqa: ANN401 - apprise's
    from apprise.attachment.memory import AttachMemory  # noqa: PLC0415 - see above

    kind = guess_type(name)[0]
    return AttachMemory(content=content, name=name, mimetype=kind)  # type: ignore[no-untyped-call]


def _apprise() -> Any:  # noqa: ANN401 - a module
    with _load:
        import apprise  # noqa: PLC0415 - see above

        logger = logging.getLogger("apprise")
        logger.setLevel(logging.DEBUG)  # only there it gives the code of a mail server
        logger.propagate = False
        return apprise
