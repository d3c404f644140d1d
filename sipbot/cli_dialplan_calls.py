"""``sipbot dialplan simulate`` and ``test``: calls that nobody places, and what comes of them."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from sipbot import dialplan
from sipbot.cli_config import ConfigOption, JsonOption, exit_code, print_json
from sipbot.cli_dialplan_source import (
    ClientArgument,
    FolderOption,
    RegionOption,
    is_file,
    one_plan,
    source,
)
from sipbot.dialplan_form import Expect
from sipbot.dialplan_mutation import Mutant, mutants
from sipbot.dialplan_tests import mistakes_of, run_tests
from sipbot.errors import Mistake, UsageError
from sipbot.numbers import canonical, is_anonymous
from sipbot.patterns import matches, sample
from sipbot.plan import Dialplan, Trial
from sipbot.simulation import as_json as call_as_json
from sipbot.simulation import simulate, transcript

_KEYS = re.compile(r"[0-9*#-]*")


def simulate_call(
    which: ClientArgument,
    *,
    at: Annotated[
        str,
        typer.Option(help="When: 2026-09-22T10:00 of the client's time, or with an offset."),
    ] = "",
    caller: Annotated[
        str, typer.Option("--from", help="The caller's number; without it, not shown.")
    ] = "",
    number: Annotated[
        str, typer.Option(help="The number that is dialled; without it, the client's first.")
    ] = "",
    keys: Annotated[
        str,
        typer.Option(help="Keys, each pressed when next listened to; - lets one wait pass."),
    ] = "",
    say: Annotated[
        list[str] | None,
        typer.Option(help="A spoken answer; once for each, in order; empty for silence."),
    ] = None,
    hang_up_at: Annotated[
        str | None, typer.Option(help="The caller hangs up at this step.")
    ] = None,
    person_answers: Annotated[
        bool, typer.Option("--person-answers", help="A transfer finds somebody.")
    ] = False,
    folder: FolderOption = None,
    region: RegionOption = None,
    config_path: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Place a call on paper: what the caller hears, which steps it takes, what comes of it.

    Example: sipbot dialplan simulate yamato --at 2026-09-22T10:00 --say 山田です
    """
    with exit_code(as_json=as_json):
        plan, region = one_plan(which, folder, region, config_path)
        trial = _trial(plan, region, at, caller, number, keys, say or ())
        called = simulate(plan, trial, region, hang_up_at=hang_up_at, person_answers=person_answers)
        if as_json:
            print_json(call_as_json(called, plan, trial))
        else:
            Console(highlight=False).print(transcript(called, plan, trial, region))


def run_dialplan_tests(
    which: Annotated[
        list[str] | None,
        typer.Argument(help="Clients or files; without any, all clients."),
    ] = None,
    *,
    mutate: Annotated[
        bool,
        typer.Option("--mutate", help="Also move each opening time by a minute: is it noticed?"),
    ] = False,
    folder: FolderOption = None,
    region: RegionOption = None,
    config_path: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the tests that the dialplans carry; exit code 1 when one fails.

    Example: sipbot dialplan test yamato --mutate
    """
    with exit_code(as_json=as_json):
        plans, region = _plans(which or [], folder, region, config_path)
        failures: list[Mistake] = []
        failed = 0
        for plan in plans:
            results = run_tests(plan, region)
            failed += sum(not result.ok for result in results)
            failures += mistakes_of(plan, results)
        tests = sum(len(plan.trials) for plan in plans)
        moved = [(plan, mutants(plan, region, _today(plan))) for plan in plans if mutate]
        if failures:
            moved = []  # whether a slip is noticed shows only where nothing is wrong without it
        if as_json:
            _print_results(plans, tests, failures, moved)
        else:
            _tell(plans, tests, failed, failures, moved)
    if failures:
        raise typer.Exit(1)


def _today(plan: Dialplan) -> date:
    return datetime.now(UTC).astimezone(plan.hours.tz).date()


def _plans(
    which: Sequence[str], folder: Path | None, region: str | None, config_path: Path | None
) -> tuple[tuple[Dialplan, ...], str]:
    if which:
        found = [one_plan(one, folder, region, config_path) for one in which]
        return tuple(plan for plan, _ in found), found[0][1]
    path, region = source(folder, region, config_path)
    if is_file(str(path)) and path.is_file():
        return (dialplan.load_file(path, region),), region
    return dialplan.load_all(path, region).all, region


def _trial(
    plan: Dialplan,
    region: str,
    at: str,
    caller: str,
    number: str,
    keys: str,
    says: Sequence[str],
) -> Trial:
    dialled = canonical(number, region) if number else sample(plan.numbers[0])
    if not any(matches(own, dialled) for own in plan.numbers):
        known = ", ".join(plan.form.numbers)
        raise UsageError(f"--number {number}: is not {plan.client}'s. Write one of {known}")
    if not _KEYS.fullmatch(keys):
        raise UsageError(f"--keys {keys}: holds more than keys. Write 0 to 9, *, # and -")
    anonymous = not caller or is_anonymous(caller)
    return Trial(
        at=_moment(at, plan),
        caller=None if anonymous else canonical(caller, region),
        number=dialled,
        keys=keys,
        says=tuple(says),
        expect=Expect(),
    )


def _moment(at: str, plan: Dialplan) -> datetime:
    if not at:
        return datetime.now(UTC).astimezone(plan.hours.tz)
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        remedy = "Write it as 2026-09-22T10:00"
        raise UsageError(f"--at {at}: is not a date and time. {remedy}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=plan.hours.tz)


def _tell(
    plans: Sequence[Dialplan],
    tests: int,
    failed: int,
    failures: Sequence[Mistake],
    moved: Sequence[tuple[Dialplan, list[Mutant]]],
) -> None:
    for failure in failures:
        typer.echo(str(failure), err=True)
    for plan in plans:
        if not plan.trials:
            typer.echo(f"warning: {plan.path}: has no [[test]]", err=True)
    clients = "1 client" if len(plans) == 1 else f"{len(plans)} clients"
    shown = "1 test" if tests == 1 else f"{tests} tests"
    typer.echo(f"{clients}, {shown}: {failed} failed" if failed else f"{clients}, {shown}: passed")
    for plan, found in moved:
        _tell_mutants(plan, found)


def _tell_mutants(plan: Dialplan, found: Sequence[Mutant]) -> None:
    caught = sum(one.caught for one in found)
    if not found:
        typer.echo(f"{plan.client}: no opening times to move")
        return
    share = f"{caught} of {len(found)} ({100 * caught / len(found):.0f} %)"
    typer.echo(f"{plan.client}: opening times moved by a minute, noticed by the tests: {share}")
    missed = [one for one in found if not one.caught]
    for one in missed:
        line, column = dialplan.place_of(plan, one.key)
        place = f"{plan.path}:{line}:{column}"
        typer.echo(f"{place}: {one.boundary} as {one.moved} is noticed by no test")
    tests = dict.fromkeys(one.test for one in missed)
    if tests:
        typer.echo("\n# these tests would notice\n" + "\n".join(tests))


def _print_results(
    plans: Sequence[Dialplan],
    tests: int,
    failures: Sequence[Mistake],
    moved: Sequence[tuple[Dialplan, list[Mutant]]],
) -> None:
    found: dict[str, object] = {
        "ok": not failures,
        "clients": [plan.client for plan in plans],
        "tests": tests,
        "failures": [msgspec.to_builtins(one, enc_hook=str) for one in failures],
    }
    if moved:
        found["mutants"] = {
            plan.client: [msgspec.to_builtins(one) for one in listed] for plan, listed in moved
        }
    print_json(found)
