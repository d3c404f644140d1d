"""May we listen where the settings say?  Asked before anything starts, so that a person is told.

Once sipbot runs, a port that is lost is a fault of a child and is tried again; at the start it is a
mistake in the settings, or another program in the way, and no retry would mend it.
"""

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path

from sipbot.errors import ConfigError, Mistake

PATIENCE_S = 2.0
"""After a crash the broker and the agents of the earlier run end by themselves, within a second; a
service manager starts us again sooner."""

LOOK_EVERY_S = 0.05
"""Between two looks; callers are waiting."""

_LISTENING = "00010000"
"""Flags of a listening socket in /proc/net/unix (__SO_ACCEPTCON, linux/net.h)."""


def agents_up(run_folder: Path) -> list[int]:
    """Return the numbers of the agents that serve from this folder.

    Asks the kernel who listens; connecting would take the agent away from its parent.
    """
    listening = set()
    for line in Path("/proc/net/unix").read_text(encoding="utf-8", errors="replace").splitlines():
        fields = line.split(maxsplit=7)
        if len(fields) == 8 and fields[3] == _LISTENING:
            listening.add(fields[7])
    names = {
        path: int(path.stem.removeprefix("agent-")) for path in run_folder.glob("agent-*.sock")
    }
    return sorted(number for path, number in names.items() if str(path) in listening)


def udp_problem(address: str, port: int) -> str:
    """Return why nobody could listen there; empty when one could."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, port))
        except OSError as error:
            return error.strerror or str(error)
    return ""


def tcp_problem(address: str, port: int) -> str:
    """Return why nobody could listen there; empty when one could."""
    try:
        with socket.create_server((address, port)):
            return ""
    except OSError as error:
        return error.strerror or str(error)


async def check(
    file: Path, address: str, sip: Sequence[int], run_folder: Path, mqtt: int | None
) -> None:
    """Refuse to start where we cannot listen, after waiting a moment for those who are leaving.

    Args:
        file: the settings, for the message.
        address: where agents listen.
        sip: the UDP port of each agent; one that an earlier run's agent still has is ours.
        run_folder: where agents' sockets are.
        mqtt: TCP port of the embedded broker on 127.0.0.1; None when there is another broker.

    Raises:
        ConfigError: with every address and port that is not to be had.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE_S
    while mistakes := _mistakes(file, address, sip, run_folder, mqtt):
        if loop.time() >= until:
            raise ConfigError(mistakes)
        await asyncio.sleep(LOOK_EVERY_S)


def _mistakes(
    file: Path, address: str, sip: Sequence[int], run_folder: Path, mqtt: int | None
) -> list[Mistake]:
    serving, mistakes = agents_up(run_folder), []
    for number, port in enumerate(sip):
        problem = "" if number in serving else udp_problem(address, port)
        if problem:
            mistakes.append(_mistake(file, "sip.port", f"{address}:{port}/udp", problem))
    problem = tcp_problem("127.0.0.1", mqtt) if mqtt is not None else ""
    if problem:
        mistakes.append(_mistake(file, "mqtt.port", f"127.0.0.1:{mqtt}/tcp", problem))
    return mistakes


def _mistake(file: Path, key: str, where: str, problem: str) -> Mistake:
    name = key.partition(".")[0]
    remedy = (
        "End the program that has the port, or choose another port"
        if "in use" in problem
        else f"Write an address of this machine into {name}.address"
    )
    return Mistake(file=file, key=key, value=where, problem=problem, remedy=remedy)
