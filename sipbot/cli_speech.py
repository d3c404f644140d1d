"""``sipbot speech``: do a client's words help?  Tried on recordings, with the real ears.

Exit code 0 when nothing becomes worse, 1 when something does or cannot be tried, 2 for a wrong
command line.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sipbot import config, golden, kana, speech_trial
from sipbot.cli_config import ConfigOption, JsonOption, exit_code, print_json
from sipbot.cli_dialplan_source import FolderOption, RegionOption, one_plan, source
from sipbot.config import Settings
from sipbot.ear_watch import models_of
from sipbot.error_rate import Score
from sipbot.errors import SipbotError, UsageError
from sipbot.golden import Verdict, digest, references, written_terms
from sipbot.plan import Dialplan
from sipbot.speech_trial import Heard, Said, is_worse, summed

speech_app = typer.Typer(
    no_args_is_help=True, help="What ears make of a client's recordings, and of its words."
)

_Client = Annotated[str, typer.Argument(help="The client whose words are tried.")]
_Show = Annotated[
    bool, typer.Option("--texts", help="Also print what was said and what was heard.")
]


class WorseError(SipbotError):
    """Raised when a client's terms make texts worse."""


@speech_app.command("test")
def try_speech(
    client: _Client,
    *,
    texts: _Show = False,
    folder: FolderOption = None,
    region: RegionOption = None,
    config_path: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read a client's golden set with and without its words; exit code 1 when they make it worse.

    Example: sipbot speech test yamato --texts
    """
    with exit_code(as_json=as_json):
        plan, plans = _plan(client, folder, region, config_path)
        said, heard = _tried(plan, plans, config.load(config_path))
        _show(plan, said, heard, texts=texts, as_json=as_json)
    if is_worse(heard):
        raise typer.Exit(1)


@speech_app.command("accept")
def accept_speech(
    client: _Client,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Use the words although they make texts worse.")
    ] = False,
    folder: FolderOption = None,
    region: RegionOption = None,
    config_path: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try a client's words and keep the verdict: words that make texts worse are not used.

    Example: sipbot speech accept yamato
    """
    with exit_code(as_json=as_json):
        plan, plans = _plan(client, folder, region, config_path)
        said, heard = _tried(plan, plans, config.load(config_path))
        worse = is_worse(heard)
        verdict = Verdict(
            terms=digest(written_terms(plan), plan.language),
            better=not worse,
            forced=worse and force,
            at=datetime.now(UTC),
            found={
                ear: [bare.rate, helped.rate, bare.found, helped.found, bare.said]
                for ear, (bare, helped) in summed(heard).items()
            },
        )
        try:
            golden.write_verdict(plans, plan.client, verdict)
            plan.path.touch()  # a running sipbot reads the file again, and the verdict with it
        except OSError as error:
            raise SipbotError(f"{error.filename}: cannot be written: {error.strerror}") from error
        _show(plan, said, heard, texts=False, as_json=as_json)
        if worse and not force:
            raise WorseError(
                f"{plan.path}: these words make texts worse and are not used. "
                f"Change them, or run: sipbot speech accept {plan.client} --force"
            )


def _plan(
    client: str, folder: Path | None, region: str | None, config_path: Path | None
) -> tuple[Dialplan, Path]:
    plan, _ = one_plan(client, folder, region, config_path)
    if not plan.form.term:
        raise UsageError(f"{plan.path}: has no [[term]]. Write one, then try it")
    plans, _ = source(folder, region, config_path)
    return plan, plans if plans.is_dir() else plan.path.parent


def _tried(plan: Dialplan, plans: Path, settings: Settings) -> tuple[list[Said], list[Heard]]:
    """Let the ears read everything there is a reference for."""
    terms = written_terms(plan)
    models = models_of(settings.models, settings.speech)
    with tempfile.TemporaryDirectory() as folder:  # readable by its owner alone
        said = _recordings(plan.client, plans, settings, Path(folder))
        texts = asyncio.run(speech_trial.hear(said, models, plan.language, terms))
    reading = kana.reading if plan.language == "ja" else None
    return said, speech_trial.judge(said, texts, terms, plan.language, reading)


def _recordings(client: str, plans: Path, settings: Settings, folder: Path) -> list[Said]:
    found = references(plans, client)
    kept = {one.name: None for one in found if one.audio is None}
    paths = _kept(client, list(kept), settings, folder) if kept else {}
    return [Said(name=one.name, text=one.text, audio=one.audio or paths[one.name]) for one in found]


def _kept(client: str, names: Sequence[str], settings: Settings, folder: Path) -> dict[str, Path]:
    """Where the recordings of memos are; of encrypted ones a copy in this folder."""
    # here, not above: the database is not needed where every reference has its recording
    from sipbot import looked  # noqa: PLC0415
    from sipbot.from_settings import ledger_path, recordings_of  # noqa: PLC0415
    from sipbot.ledger_reader import ReadOnlyLedger  # noqa: PLC0415

    path, recordings = ledger_path(settings), recordings_of(settings)
    with ReadOnlyLedger.open(path) as ledger:
        memos = {name: ledger.memo(name) for name in names}
    found = dict[str, Path]()
    for name, memo in memos.items():
        if (
            memo is None
            or memo.id != name
            or memo.client != client
            or not recordings.is_there(memo.call.id)
        ):
            raise SipbotError(
                f"{name}.txt: there is no {name}.wav beside it, and no memo {name} of {client} "
                "with a kept recording. Add the recording, or name it after its memo's whole id"
            )
        looked.heard(path, memo, "all of it, by the ears of sipbot speech")
        found[name] = recordings.playable(memo.call.id, folder / f"{len(found)}.wav")
    return found


def _show(
    plan: Dialplan, said: Sequence[Said], heard: Sequence[Heard], *, texts: bool, as_json: bool
) -> None:
    if as_json:
        print_json(_facts(plan, said, heard))
        return
    unit = "words" if plan.language == "en" else "characters"
    title = f"{plan.client}: {len(said)} recordings, without and with the terms"
    table = Table("Ear", "Terms found", f"Wrong {unit}", "Invented", "Verdict", title=title)
    for ear, (bare, helped) in summed(heard).items():
        table.add_row(
            ear,
            f"{bare.found} → {helped.found} of {bare.said}",
            f"{100 * bare.rate:.1f} → {100 * helped.rate:.1f} %",
            f"{bare.invented} → {helped.invented}",
            "worse" if helped.worse_than(bare) else "not worse",
        )
    console = Console(highlight=False)
    if texts:
        console.print(_texts(said, heard))
    console.print(table)
    if plan.language == "ja" and not kana.reading_is_there():
        remedy = escape("Install them: .venv/bin/pip install -e '.[readings]'")
        console.print(f"Terms with kanji correct nothing here: readings are missing. {remedy}")


def _texts(said: Sequence[Said], heard: Sequence[Heard]) -> Table:
    table = Table("Recording", "Who")
    table.add_column("Text", overflow="fold")  # Japanese has no spaces to break a line at
    for one in said:
        rows = [("said", one.text)]
        for each in heard:
            if each.name == one.name:
                rows += [(each.ear, each.before)]
                rows += [("with terms", each.after)] if each.after != each.before else []
        for place, (who, text) in enumerate(rows):
            last = place == len(rows) - 1
            table.add_row("" if place else escape(one.name), who, escape(text), end_section=last)
    return table


def _facts(plan: Dialplan, said: Sequence[Said], heard: Sequence[Heard]) -> dict[str, Any]:
    ears = {
        ear: {"before": _score(bare), "after": _score(helped), "worse": helped.worse_than(bare)}
        for ear, (bare, helped) in summed(heard).items()
    }
    spoken = {one.name: one.text for one in said}
    listed = [
        {
            "name": one.name,
            "ear": one.ear,
            "said": spoken[one.name],
            "before": one.before,
            "after": one.after,
        }
        for one in heard
    ]
    return {"ok": not is_worse(heard), "client": plan.client, "ears": ears, "recordings": listed}


def _score(one: Score) -> dict[str, Any]:
    return {
        "error_rate": round(one.rate, 4),
        "terms_said": one.said,
        "terms_found": one.found,
        "terms_invented": one.invented,
    }
