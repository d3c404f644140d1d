"""A mail server on loopback that keeps what it takes."""

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.free_ports import free_ports


class MailServer:
    """Takes every message until it is told to refuse.

    Args:
        port: where it listens.
    """

    def __init__(self, port: int) -> None:
        self.taken: list[EmailMessage] = []
        self.answer = "250 OK"
        self.url = f"mailto://127.0.0.1:{port}/?from=bot@a.example&mode=insecure&to=taro@b.example"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        assert isinstance(envelope.content, bytes)
        if self.answer.startswith("250"):
            self.taken.append(message_from_bytes(envelope.content, policy=policy.default))
        return self.answer


@contextmanager
def mail_server() -> Iterator[MailServer]:
    port = free_ports()
    mind = MailServer(port)
    server = Controller(mind, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield mind
    finally:
        server.stop()
