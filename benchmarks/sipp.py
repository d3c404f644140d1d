"""INVITE to 200 OK, timed by SIPp: another program's clock and another program's SIP."""

import asyncio
import csv
from pathlib import Path

from benchmarks.bench_bot import Bot
from benchmarks.figures import Figure, Wanted

SCENARIO = Path(__file__).parent / "invite.xml"

CALLS = 100
"""Of each level; the 99th percentile is the second largest of them."""

LIMIT_S = 90
"""A call takes half a second; this is for a machine that is busy with other things."""

WANTED = Wanted(statistic="p99", at_most=100.0)
"""Ring time 0.  Two thirds of the 150 ms that ITU-T G.114 calls unnoticeable."""


async def answering(bot: Bot, calls: int) -> Figure:
    """Measure INVITE to 200 OK with `calls` calls up at the same time.

    Raises:
        RuntimeError: SIPp saw a call fail.
    """
    folder = bot.folder / f"sipp-{calls}"
    folder.mkdir()
    process = await asyncio.create_subprocess_exec(
        *["sipp", f"127.0.0.1:{bot.sip_port}", "-sf", str(SCENARIO), "-i", "127.0.0.1"],
        *["-m", str(CALLS), "-l", str(calls), "-r", str(5 * calls), "-timer_resol", "1"],
        *["-trace_rtt", "-rtt_freq", "1", "-nostdin", "-timeout", f"{LIMIT_S}s"],
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, words = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"SIPp ended with {process.returncode}: {words.decode()[-500:]}")
    samples = tuple(_response_times_ms(folder))
    if len(samples) != CALLS:
        raise RuntimeError(f"SIPp timed {len(samples)} of {CALLS} calls")
    return Figure(name="INVITE → 200", unit="ms", samples=samples, calls=calls, wanted=WANTED)


def _response_times_ms(folder: Path) -> list[float]:
    (file,) = folder.glob("*_rtt.csv")
    with file.open(newline="") as rows:
        return [float(row["response_time_ms"]) for row in csv.DictReader(rows, delimiter=";")]
