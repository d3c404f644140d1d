"""``sipbot doctor``: show the findings; exit code 0 when all needed parts work, 1 when not."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sipbot import log
from sipbot.doctor import examine, works
from sipbot.doctor_finding import Finding

MARKS = {"ok": ("ok", "green"), "warning": ("warning", "yellow"), "failed": ("FAILED", "bold red")}


def doctor(
    *,
    config_path: Annotated[
        Path | None,
        typer.Option("--config", help="Settings; without it $SIPBOT_CONFIG, else ./config.toml."),
    ] = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also hash the models and load them (minutes, memory).")
    ] = False,
    dev: Annotated[
        bool, typer.Option("--dev", help="Also look for the programs that the tests need.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")] = (
        False
    ),
) -> None:
    """Say of each part which version it is, whether it works, and what to do.

    Changes nothing and may be run beside a running sipbot.

    Example: sipbot doctor --config config.toml --json
    """
    log.configure("error", "auto")
    findings = asyncio.run(examine(config_path, deep=deep, dev=dev))
    fine = works(findings)
    if as_json:
        said = msgspec.json.encode({"ok": fine, "findings": findings})
        typer.echo(msgspec.json.format(said).decode())
    else:
        console = Console(highlight=False)
        console.print(table(findings))
        console.print(Text(verdict(findings)))
    if not fine:
        raise typer.Exit(1)


def verdict(findings: Sequence[Finding]) -> str:
    """Return the findings in one sentence."""
    failed = [finding.part for finding in findings if finding.state == "failed"]
    warnings = sum(finding.state == "warning" for finding in findings)
    told = f" {warnings} warning(s)." if warnings else ""
    if failed:
        return f"sipbot cannot do its work: {', '.join(failed)}.{told}"
    return f"All needed parts work.{told}"


def table(findings: Sequence[Finding]) -> Table:
    """Return the findings as a table; what to do stands below what was found."""
    shown = Table("", "part", "version", "what was found, and what to do", box=box.SIMPLE)
    for column in (0, 1):
        shown.columns[column].no_wrap = True
    shown.columns[3].overflow = "fold"  # a path that is cut off helps nobody
    for finding in findings:
        mark, style = MARKS[finding.state]
        words = Text(finding.found)
        if finding.remedy:
            words.append(f"\n→ {finding.remedy}", style="cyan")
        shown.add_row(Text(mark, style=style), finding.part, finding.version, words)
    return shown
