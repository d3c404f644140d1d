"""``sipbot prompts``: make clients' prompts, take over recordings, judge them, list them.

Nothing here touches a running sipbot: files are replaced whole, so that a call that plays the old
one plays it to its end.  Exit code 0 is success, 1 a failure or a finding, 2 a wrong command line.
"""

import re
import shutil
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sipbot import config, prompt_audio, prompt_lint, prompt_manifest, voices
from sipbot.cli_config import ConfigOption, JsonOption, exit_code, print_json
from sipbot.errors import Mistake, MistakesError, PromptError, UsageError
from sipbot.prompt_folder import chosen, free_place, look_up, named_in, values_of
from sipbot.prompt_manifest import Entry
from sipbot.prompt_shelf import PROMPTS_FOLDER, PromptShelf, builtin_names

prompts_app = typer.Typer(
    no_args_is_help=True, help="The clients' prompts: speak, take over, judge and list them."
)

_Folder = Annotated[
    Path | None,
    typer.Option("--dialplans", help="Folder of dialplans; without it, the settings say."),
]
_Client = Annotated[
    str | None, typer.Option("--client", help="Only what this client's dialplan names.")
]
_Replace = Annotated[
    bool, typer.Option("--replace", help="Write over a file that is there already.")
]
_NAME = re.compile(r"[a-z0-9_-]{1,64}")


class LintError(MistakesError):
    """Raised when the linter found something."""


@prompts_app.command("render")
def render_prompt(
    name: Annotated[str, typer.Argument(help="Name of the prompt, with or without .wav.")],
    *,
    text: Annotated[str, typer.Option("--text", help="What is said.")],
    client: Annotated[
        str | None,
        typer.Option("--client", help="Whose prompt it is; their dialplan says the language."),
    ] = None,
    language: Annotated[
        str | None, typer.Option("--language", help="ja, en or ko; without it, the client's.")
    ] = None,
    voice: Annotated[
        str | None,
        typer.Option("--voice", help="kokoro, open-jtalk or espeak-ng; else the best installed."),
    ] = None,
    speed: Annotated[
        float,
        typer.Option("--speed", min=voices.SPEEDS[0], max=voices.SPEEDS[1], help="1 is usual."),
    ] = 1.0,
    replace: _Replace = False,
    folder: _Folder = None,
    config_path: ConfigOption = None,
) -> None:
    """Speak a text into dialplans/prompts/NAME.wav, at the level of the other prompts.

    The same text in the same voice is spoken once only; a second time, the file is copied.

    Example: sipbot prompts render --client yamato --text "やまと工業でございます。" yamato-open
    """
    with exit_code(as_json=False):
        plans = _plans(folder, config_path)
        spoken_in = language or _language(plans, client)
        if spoken_in not in voices.LANGUAGES:
            known = ", ".join(voices.LANGUAGES)
            raise UsageError(f"--language {spoken_in}: is not known. Write one of {known}")
        if not text.isprintable() or not text.strip():
            raise UsageError("--text: is empty or holds control characters. Write one line")
        speaker = voices.choose(spoken_in, voice)
        entry = Entry(
            file=_file_name(name),
            language=spoken_in,
            text=text.strip(),
            voice=speaker.name,
            speed=speed,
            tool="sipbot prompts render",
            licence=speaker.licence,
            made_from=prompt_manifest.recipe(speaker.name, spoken_in, text.strip(), speed),
        )
        _render(plans / PROMPTS_FOLDER, entry, speaker, replace=replace)
        _tell(plans, entry.file)


@prompts_app.command("import")
def import_prompt(
    source: Annotated[Path, typer.Argument(help="A recording: WAV, FLAC, MP3, M4A, Ogg …")],
    name: Annotated[str, typer.Argument(help="Name of the prompt, with or without .wav.")],
    *,
    text: Annotated[
        str | None, typer.Option("--text", help="What is said in it; simulate prints it.")
    ] = None,
    client: Annotated[
        str | None,
        typer.Option("--client", help="Whose prompt it is; their dialplan says the language."),
    ] = None,
    language: Annotated[
        str | None, typer.Option("--language", help="ja, en or ko; without it, the client's.")
    ] = None,
    licence: Annotated[
        str, typer.Option("--licence", help="Who spoke, and what may be done with it.")
    ] = "",
    replace: _Replace = False,
    folder: _Folder = None,
    config_path: ConfigOption = None,
) -> None:
    """Take over a recording: convert it, cut silence, bring it to the level of the other prompts.

    Example: sipbot prompts import from-the-client.mp3 midori-greeting --client midori --text "…"
    """
    with exit_code(as_json=False):
        plans = _plans(folder, config_path)
        shelf = plans / PROMPTS_FOLDER
        path = free_place(shelf, _file_name(name), replace=replace)
        old = prompt_manifest.read(shelf).get(path.name)
        try:
            samples = prompt_audio.ready(prompt_audio.read_any(source))
        except PromptError as error:
            told = str(error)
            raise PromptError(
                told if told.startswith(str(source)) else f"{source}: {told}"
            ) from None
        prompt_audio.write(path, samples)
        known = language or (_language(plans, client) if client else "")
        entry = Entry(
            file=path.name,
            language=known or (old.language if old else ""),
            text=(old.text if old else "") if text is None else text.strip(),
            voice="recorded",
            tool="sipbot prompts import",
            licence=licence,
        )
        _put(shelf, entry)
        _tell(plans, entry.file)


@prompts_app.command("lint")
def lint_prompts(
    names: Annotated[
        list[str] | None, typer.Argument(help="Prompts; without them, all of the folder.")
    ] = None,
    *,
    client: _Client = None,
    language: Annotated[
        str, typer.Option("--language", help="Of texts whose entry does not say.")
    ] = "ja",
    require: Annotated[
        list[str] | None,
        typer.Option("--require", help="Phrase that one of the prompts must say; repeatable."),
    ] = None,
    forbid: Annotated[
        list[str] | None,
        typer.Option("--forbid", help="Phrase that no prompt may say; repeatable."),
    ] = None,
    longest_s: Annotated[
        float, typer.Option("--longest", min=1, help="Longest prompt, in seconds.")
    ] = prompt_lint.LONGEST_S,
    folder: _Folder = None,
    config_path: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge prompts: length, level, clipping, silence, and the words that are said (言葉遣い).

    Example: sipbot prompts lint --client yamato --require やまと工業 --forbid 弊社
    """
    with exit_code(as_json=as_json):
        plans = _plans(folder, config_path)
        rules = prompt_lint.Rules(
            require=tuple(require or ()), forbid=tuple(forbid or ()), longest_s=longest_s
        )
        judged = [_file_name(name) for name in names] if names else chosen(plans, client)
        found: list[Mistake] = []
        texts = []
        for name in judged:
            path, entry = look_up(plans, name)
            found += prompt_lint.lint(path, entry, language, rules)
            texts += [entry.text] if entry else []
        place = plans / f"{client}.toml" if client else plans / PROMPTS_FOLDER
        found += prompt_lint.lacking(place, texts, rules)
        if found:
            raise LintError(found)
        if as_json:
            print_json({"ok": True, "prompts": judged, "mistakes": []})
        else:
            typer.echo(f"{len(judged)} {'prompt is' if len(judged) == 1 else 'prompts are'} right.")


@prompts_app.command("list")
def list_prompts(
    *,
    client: _Client = None,
    builtin: Annotated[
        bool, typer.Option("--builtin", help="The prompts that ship, instead of the clients'.")
    ] = False,
    folder: _Folder = None,
    config_path: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List prompts: how long, how loud, what is said, and which clients use them.

    Example: sipbot prompts list --client yamato
    """
    with exit_code(as_json=as_json):
        plans = _plans(folder, config_path)
        names = builtin_names() if builtin else chosen(plans, client)
        users = {plan.stem: named_in(plan) for plan in sorted(plans.glob("[!_]*.toml"))}
        rows = [_row(plans, name, users) for name in names]
        if as_json:
            print_json(rows)
            return
        table = Table()
        for head in ("Prompt", "Length (s)", "Level (dBFS)", "Voice", "Used by", "What is said"):
            # Japanese has no spaces to break a line at; folding shows all of it.
            table.add_column(head, overflow="fold")
        for row in rows:
            length = "missing" if row["duration_s"] is None else f"{row['duration_s']:.1f}"
            level = "" if row["level_dbfs"] is None else f"{row['level_dbfs']:.1f}"
            used = ", ".join(row["clients"])
            table.add_row(row["name"], length, level, row["voice"], used, escape(row["text"]))
        Console().print(table)


def _render(shelf: Path, entry: Entry, voice: voices.Voice, *, replace: bool) -> None:
    copies = prompt_manifest.same(shelf, entry.made_from)
    path = shelf / entry.file
    if path in copies:
        typer.echo(f"{path} says so already.")
        return
    free_place(shelf, entry.file, replace=replace)
    if not copies:
        voices.step_back()
        samples, rate_hz = voices.speak(voice, entry.text, entry.language, entry.speed)
        prompt_audio.write(path, prompt_audio.ready(prompt_audio.at_line_rate(samples, rate_hz)))
    else:
        draft = path.with_name(f".{path.name}.new")
        shutil.copyfile(copies[0], draft)
        draft.replace(path)
    _put(shelf, entry)


def _put(shelf: Path, entry: Entry) -> None:
    path = shelf / entry.file
    duration_s = round(len(prompt_audio.read_prompt(path)) / prompt_audio.LINE_RATE_HZ, 3)
    digest = prompt_manifest.sha256(path)
    whole = msgspec.structs.replace(entry, duration_s=duration_s, sha256=digest)
    prompt_manifest.put(shelf, whole)


def _tell(plans: Path, name: str) -> None:
    """Say what came out, and everything the linter has against it."""
    path, entry = look_up(plans, name)
    measured = prompt_audio.look(prompt_audio.read_prompt(path))
    level = f", {measured.level_dbfs:.1f} dBFS" if measured.level_dbfs is not None else ""
    spoken = f", {entry.voice}" if entry else ""
    typer.echo(f"{path}: {measured.duration_s:.1f} s{level}{spoken}")
    typer.echo(f'Listen to it, then name it in the dialplan, such as: greeting = "{name}"')
    for finding in prompt_lint.lint(path, entry, "ja"):
        typer.echo(f"warning: {finding}", err=True)


def _file_name(name: str) -> str:
    plain = name.removesuffix(".wav")
    if not _NAME.fullmatch(plain):
        remedy = "Use 1 to 64 small letters, digits, _ and -"
        raise UsageError(f"{name}: is not a name for a prompt. {remedy}")
    return f"{plain}.wav"


def _plans(folder: Path | None, config_path: Path | None) -> Path:
    plans = folder or config.load(config_path).dialplans
    if not plans.is_dir():
        raise UsageError(f"{plans}: is not a folder. Name the folder of dialplans")
    return plans


def _language(plans: Path, client: str | None) -> str:
    if client is None:
        raise UsageError("which language? Add --language ja (or en, ko), or --client")
    language = values_of(plans / f"{client}.toml").get("language")
    if not isinstance(language, str):
        raise UsageError(f"{client}.toml says no language. Add --language ja (or en, ko)")
    return language


def _row(plans: Path, name: str, users: dict[str, list[str]]) -> dict[str, Any]:
    path, entry = look_up(plans, name)
    playable = PromptShelf(plans.absolute()).has(name)
    measured = prompt_audio.look(prompt_audio.read_prompt(path)) if playable else None
    return {
        "name": name,
        "duration_s": round(measured.duration_s, 3) if measured else None,
        "level_dbfs": measured.level_dbfs if measured else None,
        "voice": entry.voice if entry else "",
        "text": entry.text if entry else "",
        "clients": [user for user, named in users.items() if name in named],
        "path": str(path),
    }
