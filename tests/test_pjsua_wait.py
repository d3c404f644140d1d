"""Waiting for SIP and for a parent at the same time; no SIP library is loaded here."""

import socket
from collections.abc import Iterator

import pytest

from sipbot.errors import ChildStartError
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
