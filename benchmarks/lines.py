"""``python -m benchmarks.lines``: n callers speak at once; what becomes of it, and its cost.

SIPp calls a whole sipbot through its edge, and then, in the same run, the bare yardstick
(`benchmarks.bare_agent` behind the smallest Kamailio).  Both get the same calls.
"""

import asyncio
import csv
import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from benchmarks.bench_bot import ROOT
from benchmarks.completeness import completeness
from benchmarks.figures import percentile
from benchmarks.lines_heard import Prompts, listening, prompts
from benchmarks.lines_page import plot, table
from benchmarks.lines_sites import RTP_PORT, Site, bare, sipbot
from benchmarks.lines_sound import GREETING_S, read, said, write_raw
from benchmarks.machine import Machine, load, machine
from benchmarks.processes import Use, tree, uses

SCENARIO = Path(__file__).parent / "lines.xml"

RAMP_S = 10.0
"""All callers have begun after so long: 40 calls a second with 400 lines."""

GREETED_S = GREETING_S + 0.5
"""After the last caller has begun, all prompts are over; then nobody listens on the wire any more,
so that the processor's figures are the calls' alone."""

SPEAK_AFTER_S = GREETING_S + 1.5
"""From the answer on: after the greeting, also on a busy machine."""

SETTLE_S = 5.0
"""Recordings are closed and rows written so long after the last BYE."""

_say = Console(stderr=True).print


class Level(msgspec.Struct, kw_only=True):
    """What one number of lines came to."""

    who: str
    """``sipbot``, ``sipbot, ears on`` or ``bare``."""
    lines: int
    answered: int
    answer_ms_p50: float | None
    answer_ms_p99: float | None
    complete_min: float | None
    """Frames of the worst recording that are as they were sent, of those sent."""
    complete_mean: float | None
    recordings: int
    prompts: Prompts
    cpu_percent_per_line: float
    """Of one core, while all callers speak; all processes of the site."""
    agents_cpu_percent_per_line: float
    pss_mb_per_line: float
    """All processes of the site but the ears."""
    agents_pss_mb_per_line: float
    use: dict[str, Use]
    """By role; `cpu_s` in the window of `window_s`."""
    window_s: float
    load: float
    """Average of the minute before; other programs count too."""


class Results(msgspec.Struct, kw_only=True):
    """One run."""

    machine: Machine
    began_at: datetime
    speech_s: float
    levels: list[Level] = []


async def measure(site: Site, lines: int, speech_s: float, folder: Path) -> Level:
    """Let `lines` callers speak at the same time; return what became of it."""
    before = load()
    audio = said(speech_s)
    write_raw(folder / "said.ul", audio)
    packets = folder / "heard.pcap"
    async with listening(RTP_PORT, site.rtp_ports, packets):
        calls = await _dial(site.port, lines, speech_s, folder)
        await asyncio.sleep(RAMP_S + GREETED_S)
    window_s = max(1.0, SPEAK_AFTER_S + speech_s - RAMP_S - GREETED_S - 1.0)
    processes = tree(site.roots)
    first, began = uses(processes, memory=False), time.monotonic()
    await asyncio.sleep(window_s / 2)
    middle = uses(processes, memory=True)
    await asyncio.sleep(max(0.0, window_s - (time.monotonic() - began)))
    last, took_s = uses(processes, memory=False), time.monotonic() - began
    await calls.wait()
    await asyncio.sleep(SETTLE_S)
    for role, use in middle.items():
        use.cpu_s = round(last[role].cpu_s - first[role].cpu_s, 3)
        use.pss_mb = round(use.pss_mb, 1)
    found = [completeness(audio, read(one)).ratio for one in site.recordings()]
    heard = await asyncio.to_thread(prompts, packets)
    return _level(site.who, lines, middle, took_s, _answer_times_ms(folder), found, before, heard)


def _level(
    who: str,
    lines: int,
    use: dict[str, Use],
    took_s: float,
    times: list[float],
    found: list[float],
    before: float,
    heard: Prompts,
) -> Level:
    agents = use.get("agent", Use())
    heavy = [one for role, one in use.items() if "recogniser" not in role]
    return Level(
        who=who,
        lines=lines,
        answered=len(times),
        answer_ms_p50=percentile(times, 50) if times else None,
        answer_ms_p99=percentile(times, 99) if times else None,
        complete_min=round(min(found), 4) if found else None,
        complete_mean=round(sum(found) / len(found), 5) if found else None,
        recordings=len(found),
        prompts=heard,
        cpu_percent_per_line=_percent(sum(one.cpu_s for one in use.values()), took_s, lines),
        agents_cpu_percent_per_line=_percent(agents.cpu_s, took_s, lines),
        pss_mb_per_line=round(sum(one.pss_mb for one in heavy) / lines, 2),
        agents_pss_mb_per_line=round(agents.pss_mb / lines, 2),
        use=use,
        window_s=round(took_s, 2),
        load=before,
    )


def _percent(cpu_s: float, took_s: float, lines: int) -> float:
    return round(100 * cpu_s / took_s / lines, 3)


async def _dial(port: int, lines: int, speech_s: float, folder: Path) -> asyncio.subprocess.Process:
    filled = {
        "@AUDIO@": str(folder / "said.ul"),
        "@GREETING_MS@": str(int(1000 * SPEAK_AFTER_S)),
        "@SPEECH_MS@": str(int(1000 * (speech_s + 0.3))),
    }
    text = SCENARIO.read_text(encoding="utf-8")
    for name, value in filled.items():
        text = text.replace(name, value)
    (folder / "lines.xml").write_text(text, encoding="utf-8")
    limit_s = int(RAMP_S + SPEAK_AFTER_S + speech_s + 40)
    return await asyncio.create_subprocess_exec(
        *["sipp", f"127.0.0.1:{port}", "-sf", "lines.xml", "-i", "127.0.0.1", "-mi", "127.0.0.1"],
        *["-m", str(lines), "-l", str(lines), "-r", str(max(1, int(lines / RAMP_S)))],
        *["-mp", "46000", "-nostdin"],
        *["-trace_rtt", "-rtt_freq", "1", "-timeout", f"{limit_s}s"],
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )


def _answer_times_ms(folder: Path) -> list[float]:
    found: list[float] = []
    for file in folder.glob("*_rtt.csv"):
        with file.open(newline="") as rows:
            found += [float(row["response_time_ms"]) for row in csv.DictReader(rows, delimiter=";")]
    return found


async def _run(numbers: list[int], speech_s: float, *, ears: bool, yardstick: bool) -> list[Level]:
    levels = []
    for lines in numbers:
        sites = [sipbot(lines, ears=False)]
        if ears:
            sites.append(sipbot(lines, ears=True))
        if yardstick:
            sites.append(bare(lines))
        for site in sites:
            folder = Path(tempfile.mkdtemp(prefix="lines-"))
            try:
                async with site as here:
                    level = await measure(here, lines, speech_s, folder)
            finally:
                shutil.rmtree(folder)
            _say(line_of(level))
            levels.append(level)
    return levels


def line_of(level: Level) -> str:
    """Say a level in one line."""
    heard = level.prompts
    words = [
        f"{level.who}, {level.lines} lines: {level.answered} answered",
        f"INVITE to 200 p50 {level.answer_ms_p50} ms, p99 {level.answer_ms_p99} ms",
        f"{level.recordings} recordings, complete {level.complete_mean} on average",
        f"{level.complete_min} at worst",
        f"prompt {heard.heard} of {heard.sent} frames, longest gap {heard.worst_ms} ms",
        f"processor {level.cpu_percent_per_line} % of a core a line",
        f"agents {level.agents_cpu_percent_per_line}",
        f"memory {level.pss_mb_per_line} MB a line, agents {level.agents_pss_mb_per_line}",
        f"load before {level.load}",
    ]
    return ", ".join(words)


def main(
    *,
    lines: Annotated[str, typer.Option(help="Numbers of lines, one after the other.")] = "1 4 20",
    seconds: Annotated[float, typer.Option(min=3, help="How long callers speak.")] = 30.0,
    ears: Annotated[bool, typer.Option(help="Measure with recognition on, too.")] = False,
    yardstick: Annotated[bool, typer.Option(help="Measure the bare agents, too.")] = True,
    out: Annotated[Path | None, typer.Option(help="Where to write the JSON.")] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Where to write the table, and beside it the plot (SVG).")
    ] = None,
) -> None:
    """Measure many lines on this machine, beside bare agents; about a minute for each number.

    Example: python -m benchmarks.lines --lines "1 4 20 40" --seconds 30
    """
    began_at = datetime.now(UTC)
    results = Results(
        machine=machine(Path(tempfile.gettempdir())), began_at=began_at, speech_s=seconds
    )
    numbers = [int(word) for word in lines.split()]
    results.levels = asyncio.run(_run(numbers, seconds, ears=ears, yardstick=yardstick))
    path = out or ROOT / "benchmarks" / "results" / f"lines-{began_at:%Y%m%d-%H%M%S}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
    if markdown is not None:
        markdown.write_text(table(results.levels), encoding="utf-8")
        markdown.with_suffix(".svg").write_text(plot(results.levels), encoding="utf-8")
    _say(f"written to {path}")


if __name__ == "__main__":
    typer.run(main)
