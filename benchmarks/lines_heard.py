"""What callers hear of the prompt in `benchmarks.lines`: read off the wire, beside the calls.

tcpdump writes down what the agents send from every sixteenth port: each agent's first call, so one
caller in four when all lines are busy.  Two things are told: frames of the prompt that were sent as
they are in its file and in their order, and the longest time between two packets of it, by the
kernel's clock.  A caller's telephone bridges what its jitter buffer holds, some 60 ms; a frame that
was not sent is not heard.
"""

import asyncio
import contextlib
import itertools
import shutil
import struct
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from difflib import SequenceMatcher
from pathlib import Path

import msgspec

from benchmarks.completeness import FRAME_SAMPLES, over_the_line
from benchmarks.lines_sound import GREETING_S, codes_of, greeting

PORT_STEP = 16
FRAME_S = 0.02
_STARTS_S = 2.0
"""The prompt begins within so long of the first packet, also on a machine without a free core."""

_BUFFER_KB = 32_768
_PCAP_HEADER, _RECORD_HEADER = 24, 16
_ETHERNET, _IPV4, _UDP, _RTP = 14, 20, 8, 12


class Prompts(msgspec.Struct, frozen=True, kw_only=True):
    """What the callers heard whose streams were written down."""

    callers: int
    sent: int
    """Frames of the prompt, for all of them together."""
    heard: int
    gaps_ms: tuple[float, ...]
    """Of each caller, the longest time between two packets of the prompt; 20 is none at all."""

    @property
    def worst_ms(self) -> float | None:
        """The longest of all; None: nobody was listened to."""
        return max(self.gaps_ms, default=None)


@asynccontextmanager
async def listening(first_port: int, ports: int, file: Path) -> AsyncIterator[None]:
    """Write down what is sent from every `PORT_STEP`-th of these ports on loopback.

    Raises:
        FileNotFoundError: tcpdump is not installed.
        PermissionError: tcpdump may not listen; root may.
    """
    program = shutil.which("tcpdump", path="/usr/bin:/usr/sbin:/usr/local/bin:/usr/local/sbin")
    if program is None:
        raise FileNotFoundError("tcpdump is not installed. Get it with: apt-get install tcpdump")
    if first_port % PORT_STEP:
        raise ValueError(f"port {first_port} is no multiple of {PORT_STEP}")
    wanted = f"udp and src portrange {first_port}-{first_port + ports - 1}"
    with file.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *[program, "-i", "lo", "-nn", "-U", "-B", str(_BUFFER_KB), "-w", "-"],
            f"{wanted} and udp[1] & {PORT_STEP - 1} == 0",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            await _began(process)
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.communicate()


async def _began(process: asyncio.subprocess.Process) -> None:
    said = b""
    assert process.stderr is not None
    while b"listening on" not in said:
        line = await process.stderr.readline()
        if not line:
            words = said.decode(errors="replace").strip()
            raise PermissionError(f"tcpdump may not listen ({words}). Run this as root")
        said += line


def prompts(file: Path) -> Prompts:
    """Return what the callers heard, from what was written down."""
    wanted = _frames(codes_of(over_the_line(greeting())))
    streams = _streams(file.read_bytes())
    sent = heard = 0
    gaps_ms: list[float] = []
    for packets in streams.values():
        began = packets[0][0]
        early = [one for one in packets if one[0] - began <= _STARTS_S + GREETING_S]
        blocks = [
            block
            for block in SequenceMatcher(
                None, wanted, [payload for _, payload in early], autojunk=False
            ).get_matching_blocks()
            if block.size
        ]
        sent += len(wanted)
        heard += sum(block.size for block in blocks)
        if blocks:
            times = [at for at, _ in early[blocks[0].b : blocks[-1].b + blocks[-1].size]]
            longest = max((b - a for a, b in itertools.pairwise(times)), default=FRAME_S)
            gaps_ms.append(round(1000 * longest, 1))
    return Prompts(callers=len(streams), sent=sent, heard=heard, gaps_ms=tuple(sorted(gaps_ms)))


def _frames(codes: bytes) -> list[bytes]:
    whole = len(codes) // FRAME_SAMPLES * FRAME_SAMPLES
    return [codes[start : start + FRAME_SAMPLES] for start in range(0, whole, FRAME_SAMPLES)]


def _streams(said: bytes) -> dict[tuple[int, bytes], list[tuple[float, bytes]]]:
    """Return the packets of each stream, by receiver's port and SSRC: when, and what.

    pcap's classic form in this machine's order, Ethernet frames (as Linux shows loopback), IPv4
    without options.
    """
    found: dict[tuple[int, bytes], list[tuple[float, bytes]]] = defaultdict(list)
    at = _PCAP_HEADER
    while at + _RECORD_HEADER <= len(said):
        seconds, micros, size, _ = struct.unpack_from("=IIII", said, at)
        at += _RECORD_HEADER
        packet = said[at : at + size]
        at += size
        udp = _ETHERNET + _IPV4
        rtp = udp + _UDP
        if len(packet) != rtp + _RTP + FRAME_SAMPLES:
            continue  # comfort noise, or cut off at the end of the file
        port = int.from_bytes(packet[udp + 2 : udp + 4], "big")
        key = port, packet[rtp + 8 : rtp + 12]
        found[key].append((seconds + micros / 1e6, packet[rtp + _RTP :]))
    return found
