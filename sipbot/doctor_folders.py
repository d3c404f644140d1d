"""What ``sipbot doctor`` finds in the folder of recordings and ledger: room, readers, soundness."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sipbot import disk, ledger_check
from sipbot.config import Settings
from sipbot.doctor_finding import Finding, State
from sipbot.errors import SipbotError
from sipbot.from_settings import ledger_path

RECORDED_MB_PER_MIN = disk.AUDIO_BYTES_PER_S * 60 / 1e6  # one line's recording

DISK_WARNING_DAYS = 1.0
"""A night's absence of the admin, with every line busy."""
DISK_FAILED_DAYS = 1 / 24
"""An hour: too short for anybody to come."""

CLOCK_SLACK = timedelta(minutes=5)
"""How far the clock may be behind what it wrote itself; a step of NTP is far smaller."""


def room(settings: Settings) -> Finding:
    """Return how long the disk lasts."""
    folder = next(f for f in (settings.var, *settings.var.parents) if f.is_dir())
    if not os.access(folder, os.W_OK | os.X_OK):
        remedy = f"Give it to the user who runs sipbot: chown -R USER {folder}"
        return Finding(
            part="disk", state="failed", found=f"{folder} is not writable", remedy=remedy
        )
    return disk_finding(disk.look(folder), settings.sip.lines)


def readers(var: Path) -> Iterator[Finding]:
    """Yield a warning when other users of this machine can look into the folder."""
    if var.is_dir() and var.stat().st_mode & 0o077:
        yield Finding(
            part="privacy",
            state="warning",
            found=f"{var} is open to other users of this machine: recordings, texts, numbers",
            remedy=f"chmod 700 {var}",
        )


def disk_finding(room: disk.Room, lines: int) -> Finding:
    """Return what so much room means when at worst all lines record round the clock."""
    days = room.hours / lines / 24
    found = (
        f"{room.free_bytes / 1e9:.1f} GB free: {days:.1f} days if all {lines} lines recorded round "
        f"the clock ({RECORDED_MB_PER_MIN:g} MB a minute each, "
        f"{disk.RESERVE_BYTES / 1e6:.0f} MB kept in reserve)"
    )
    state: State = "ok"
    if days < DISK_WARNING_DAYS:
        state = "failed" if days < DISK_FAILED_DAYS else "warning"
    remedy = "" if state == "ok" else "Free some space, or set var to a folder on a larger disk"
    return Finding(part="disk", state=state, found=found, remedy=remedy)


def ledger(settings: Settings) -> Finding:
    """Return how the ledger is, or how the clock is when the ledger shows it to be wrong."""
    path = ledger_path(settings)
    if not path.exists():
        return Finding(part="ledger", state="ok", found=f"{path}: none yet, the first run makes it")
    try:
        health = ledger_check.examine(path)
    except SipbotError as error:
        return Finding(part="ledger", state="failed", found=str(error))
    newest = health.newest_call_at
    if newest is not None and newest > datetime.now(UTC) + CLOCK_SLACK:
        found = f"the newest call is of {newest:%Y-%m-%d %H:%M} UTC, which is still to come"
        remedy = "Set the clock right, and let NTP keep it: timedatectl set-ntp true"
        return Finding(part="clock", state="failed", found=found, remedy=remedy)
    return ledger_finding(health)


def ledger_finding(health: ledger_check.LedgerHealth) -> Finding:
    """Return what a look into the ledger means."""
    found = (
        f"{health.calls} calls ({health.unfinished} without an end yet), "
        f"{health.waiting} deliveries waiting"
    )
    if health.problems:
        remedy = "Stop sipbot, keep the file, restore the latest backup"
        damage = f"damaged: {'; '.join(health.problems)}"
        return Finding(part="ledger", state="failed", found=damage, remedy=remedy)
    if not health.whole:
        remedy = "Check it while sipbot is stopped: sipbot ledger check"
        found += f"; not all of it was checked within {ledger_check.CHECK_LIMIT_S:g} s"
        return Finding(part="ledger", state="warning", found=found, remedy=remedy)
    return Finding(part="ledger", state="ok", found=f"sound; {found}")
