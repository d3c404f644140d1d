"""Waiting for SIP and for a parent at the same time; no SIP library is loaded here."""

import socket
from collections.abc import Iterator

import pytest

from sipbot.errors import ChildStartError
from sipbot.sip import pjsua_wait
from sipbot.sip.pjsua_wait import Wait


@pytest.fixture
def sip() -> Iterator[socket.socket]:
    """A UDP socket as the library has opened one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        yield opened


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a parent's connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def port_of(one: socket.socket) -> int:
    port: int = one.getsockname()[1]
    return port


def test_nothing_is_ready_when_nobody_says_anything(sip: socket.socket) -> None:
    assert frozenset() == Wait(port_of(sip)).until(0.0)


def test_what_is_long_due_is_not_waited_for(sip: socket.socket) -> None:
    assert frozenset() == Wait(port_of(sip)).until(-3600.0)


def test_packet_at_the_sip_port_ends_the_wait(sip: socket.socket) -> None:
    waiting = Wait(port_of(sip))
    sip.sendto(b"OPTIONS", sip.getsockname())
    assert frozenset({sip.fileno()}) == waiting.until(3600.0)


def test_word_of_the_parent_ends_the_wait(
    sip: socket.socket, pair: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = pair
    waiting = Wait(port_of(sip))
    waiting.add(ours.fileno())
    theirs.send(b"{}")
    assert frozenset({ours.fileno()}) == waiting.until(3600.0)


def test_parent_that_has_died_ends_the_wait(
    sip: socket.socket, pair: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = pair
    waiting = Wait(port_of(sip))
    waiting.add(ours.fileno())
    theirs.close()
    assert frozenset({ours.fileno()}) == waiting.until(3600.0)


def test_parent_that_was_let_go_is_not_listened_to(
    sip: socket.socket, pair: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = pair
    waiting = Wait(port_of(sip))
    waiting.add(ours.fileno())
    theirs.send(b"{}")
    waiting.remove(ours.fileno())
    assert frozenset() == waiting.until(0.0)


def test_port_that_this_process_has_not_opened_is_a_failed_start(sip: socket.socket) -> None:
    port = port_of(sip)
    sip.close()
    with pytest.raises(ChildStartError, match=f"the UDP port {port} that it has just opened"):
        Wait(port)


def both_looked_at(sip: socket.socket, waiting: Wait) -> list[bytes]:
    for packet in (b"INVITE 1", b"INVITE 2"):
        sip.sendto(packet, sip.getsockname())
    return [packet for packet, _ in waiting.queued(waiting.until(3600.0))]


def test_all_packets_that_wait_are_seen(sip: socket.socket) -> None:
    assert [b"INVITE 1", b"INVITE 2"] == both_looked_at(sip, Wait(port_of(sip)))


NO_OPTION = 9_999
"""No option of any kernel: the real one answers ENOPROTOOPT."""


def test_where_the_kernel_cannot_look_further_the_first_packet_alone_is_seen(
    sip: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pjsua_wait, "SO_PEEK_OFF", NO_OPTION)
    assert [b"INVITE 1"] == both_looked_at(sip, Wait(port_of(sip)))


def test_kernel_that_cannot_look_further_is_spoken_of_once(
    sip: socket.socket, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pjsua_wait, "SO_PEEK_OFF", NO_OPTION)
    waiting = Wait(port_of(sip))
    for _ in range(2):
        both_looked_at(sip, waiting)
    assert 1 == capsys.readouterr().err.count("SO_PEEK_OFF")
