"""What of a caller's voice had reached the machine when a process died: RTP as it came in.

A caller knows when it sent a frame, but on full cores the thread that sends is late, and what was
never sent is not the bot's to keep.  ``python -m tests.torture.packets FILE`` reads the loopback
device until it is ended, and writes down who announced which port in an INVITE, and for every voice
packet from there: when it came, and the checksum of its 160 bytes.  Only root may; for others
nothing is written, and the callers' clock has to do.
"""

import asyncio
import contextlib
import re
import signal
import socket
import struct
import sys
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.brokers import ROOT
from tests.ulaw import FRAME

ETH_P_IP = 0x0800
BUFFER_BYTES = 1 << 24
"""Of the socket: seconds of all lines, for a reader that must not ask for priority."""

SO_TIMESTAMPNS, SO_RCVBUFFORCE = 35, 33
"""socket(7), of asm-generic/socket.h; the module socket does not name them.  The first is the
kernel's own time of each packet."""

_RTP = 0x80, 0
"""Version 2 without extras, payload type 0 (RFC 3550 section 5.1, RFC 3551: PCMU)."""

_FROM = re.compile(rb"\r\n(?:From|f):[^\r]*?sip:([^@>;\r]+)@", re.IGNORECASE)
_PORT = re.compile(rb"\r\nm=audio (\d+) ")
_RECORD = struct.Struct("<dHI")
"""Unix time in s, source port, checksum; 14 bytes a packet."""


@dataclass(kw_only=True)
class Arrivals:
    """Caller → (Unix time in s, checksum) of each voice packet, in the order in which they came."""

    of: Mapping[str, Sequence[tuple[float, int]]] = field(default_factory=dict)

    def frames_by(self, caller: str, said: bytes, until: float) -> int | None:
        """Return how many frames of a message had come by then; None when that was not seen.

        Args:
            caller: user part of From.
            said: the message's mu-law bytes, every frame of it different from the others.
            until: Unix time in s.
        """
        if caller not in self.of:
            return None
        frames = range(len(said) // FRAME)
        numbers = {zlib.crc32(said[n * FRAME : (n + 1) * FRAME]): n for n in frames}
        came = (numbers.get(sum_, -1) for at, sum_ in self.of[caller] if at <= until)
        return max(came, default=-1) + 1


def read(path: Path) -> Arrivals:
    """Read what was written down."""
    data = path.read_bytes() if path.exists() else b""
    users = dict[int, str]()
    of = defaultdict[str, list[tuple[float, int]]](list)
    at = 0
    while at + _RECORD.size <= len(data):
        moment, port, sum_ = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        if moment < 0:  # an INVITE: `sum_` bytes with the user's name follow
            users[port] = data[at : at + sum_].decode(errors="replace")
            at += sum_
        elif port in users:
            of[users[port]].append((moment, sum_))
    return Arrivals(of=of)


@contextlib.asynccontextmanager
async def watched(path: Path) -> AsyncIterator[None]:
    """Write down what comes in during this block."""
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "tests.torture.packets", str(path)],
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() in {b"watching\n", b"not permitted\n"}
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):  # it was not permitted
            process.terminate()
        await process.wait()


def main() -> None:
    """Watch until SIGTERM."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        device = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
    except PermissionError:
        sys.stdout.write("not permitted\n")
        return
    with device, Path(sys.argv[1]).open("wb") as file, contextlib.suppress(KeyboardInterrupt):
        device.bind(("lo", ETH_P_IP))
        device.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
        device.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sys.stdout.write("watching\n")
        sys.stdout.flush()
        while True:
            packet, extras, _, address = device.recvmsg(1 << 16, 64)
            if address[2] == socket.PACKET_HOST and packet[9:10] == b"\x11":  # in, UDP
                seconds, nanos = struct.unpack("qq", extras[0][2][:16])
                file.write(written(packet[(packet[0] & 15) * 4 :], seconds + nanos / 1e9))


def written(datagram: bytes, at: float) -> bytes:
    """Return what is written down of a UDP datagram that came at this Unix time; often nothing."""
    voice = datagram[8:]
    if len(voice) == 12 + FRAME and (voice[0], voice[1] & 0x7F) == _RTP:
        (port,) = struct.unpack_from("!H", datagram)
        return _RECORD.pack(at, port, zlib.crc32(voice[12:]))
    if voice.startswith(b"INVITE "):
        who, port_ = _FROM.search(voice), _PORT.search(voice)
        if who and port_:
            return _RECORD.pack(-1.0, int(port_[1]), len(who[1])) + who[1]
    return b""


if __name__ == "__main__":
    main()
