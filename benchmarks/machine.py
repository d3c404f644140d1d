"""What is measured on, and what processes use of it, from /proc (Linux, proc(5))."""

import os
import platform
from pathlib import Path

import msgspec

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")

ROLES = {
    "sipbot.sip.agent": "agent",
    "sipbot.speech.worker live": "live recogniser",
    "sipbot.speech.worker second": "second recogniser",
    "sipbot.broker": "embedded broker",
}
"""Words of a command line → what the process is; sipbot itself is ``main``."""


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """The circumstances of a run; nothing that tells whose machine it is."""

    processor: str
    cores: int
    memory_gb: float
    system: str
    python: str
    file_system: str
    """Of the folder that recordings and ledger were in: it decides what an fsync costs."""


def machine(folder: Path) -> Machine:
    """Describe this machine; `folder` is where the measured sipbot writes."""
    fields = dict(
        line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().splitlines() if ":" in line
    )
    processor = next((v for k, v in fields.items() if k.strip() == "model name"), "unknown")
    memory_bytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(
        processor=processor.strip(),
        cores=len(os.sched_getaffinity(0)),
        memory_gb=round(memory_bytes / 1e9, 1),
        system=f"{platform.system()} {platform.release().split('-')[0]} {platform.machine()}",
        python=platform.python_version(),
        file_system=_file_system(folder.resolve()),
    )


def _file_system(folder: Path) -> str:
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    holding = [(Path(m[1]), m[2]) for m in mounts if folder.is_relative_to(m[1])]
    return max(holding, key=lambda mount: len(mount[0].parts))[1]


def load() -> float:
    """Return the load average of the last minute; it counts other programs too."""
    return round(os.getloadavg()[0], 2)


def family(pid: int) -> dict[str, int]:
    """Return the processes of a running sipbot: role → pid."""
    found = {"main": pid}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            parent = int(_stat(int(folder.name))[1])
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
        if parent == pid:
            found |= {role: int(folder.name) for name, role in ROLES.items() if name in words}
    return found


def listening_udp(port: int) -> bool:
    """Return whether somebody has this UDP port of an IPv4 address."""
    return f":{port:04X} " in Path("/proc/net/udp").read_text()


def rss_mb(pid: int) -> float:
    """Return the resident memory of a process in MB (10^6 bytes); 0 would be a dead process.

    Raises:
        FileNotFoundError: there is no such process.
    """
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def cpu_s(pid: int) -> float:
    """Return the processor time a process has used so far, in seconds.

    Raises:
        FileNotFoundError: there is no such process.
    """
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name, which may hold spaces: state is 0."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
