"""What the documents tell people to type exists, and where they point to is something."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from sipbot.cli import program

ROOT = Path(__file__).parents[1]
SIPBOT = get_command(program())
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "models/*.md", "benchmarks/*.md", "sipbot/*/*.md")
    for path in ROOT.glob(pattern)
)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
COMMENT = re.compile(r"\s+#\s.*$")
PROGRAM = re.compile(r"(?:\w+=\S* )*(?:\S*/)?(sipbot|make) (.+)$")

every_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS]
)


def commands(text: str, program: str) -> Iterator[list[str]]:
    """Yield the arguments of every call of a program: in code blocks, and in inline code."""
    blocks = [body for kind, body in FENCE.findall(text) if kind in {"sh", "console"}]
    lines = [
        COMMENT.sub("", line.removeprefix("$ ")) for body in blocks for line in body.split("\n")
    ]
    lines += [
        code for code in INLINE.findall(FENCE.sub("", text)) if re.match(r"(\S*/)?\w+ \S", code)
    ]
    for line in lines:
        for part in re.split(r"&&|;|\|", line):
            found = PROGRAM.match(part.strip())
            if found and found[1] == program:
                yield shlex.split(found[2].replace("…", ""))


def unknown_part(arguments: list[str]) -> str:
    """Return the first subcommand or option that ``sipbot`` does not have; empty when all exist."""
    command = SIPBOT
    place = ["sipbot"]
    for argument in arguments:
        options = {name for parameter in command.params for name in parameter.opts}
        if argument.startswith("--"):
            if argument.split("=")[0] not in {*options, "--help"}:
                return " ".join([*place, argument])
        elif isinstance(command, typer.core.TyperGroup):
            if argument not in command.commands:
                return " ".join([*place, argument])
            command = command.commands[argument]
            place.append(argument)
    return ""


def slug(heading: str) -> str:
    """Return the fragment that a heading gets."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def dead_links(document: Path) -> list[str]:
    """Return the relative links of a document that lead nowhere."""
    dead = []
    for link in LINK.findall(FENCE.sub("", document.read_text("utf-8"))):
        target, _, fragment = link.partition("#")
        if "://" in target:
            continue
        path = (document.parent / target) if target else document
        headings = HEADING.findall(path.read_text("utf-8")) if fragment and path.is_file() else []
        if not path.exists() or (fragment and fragment not in map(slug, headings)):
            dead.append(link)
    return dead


@every_document
def test_document_links_to_what_exists(document: Path) -> None:
    assert [] == dead_links(document)


@every_document
def test_document_names_only_sipbot_commands_that_exist(document: Path) -> None:
    arguments = list(commands(document.read_text("utf-8"), "sipbot"))

    unknown = [unknown_part(one) for one in arguments]

    assert [] == [part for part in unknown if part]


@every_document
def test_document_names_only_make_targets_that_exist(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))

    named = {words[0] for words in commands(document.read_text("utf-8"), "make")}

    assert set() == named - targets


def test_readme_names_the_two_commands_that_do_everything() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")

    named = {words[0] for words in commands(readme, "make")}

    assert {"demo", "test"} <= named


def test_readme_leads_to_every_page_of_docs() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    linked = {(ROOT / link).resolve() for link in LINK.findall(readme) if "://" not in link}

    pages = {
        path
        for path in (ROOT / "docs").rglob("*.md")
        if path.parent.name != "decisions" or path.name == "README.md"
    }

    assert set() == pages - linked


def test_list_of_decisions_holds_every_decision() -> None:
    folder = ROOT / "docs" / "decisions"
    linked = set(LINK.findall((folder / "README.md").read_text("utf-8")))

    assert {path.name for path in folder.glob("0*.md")} == linked


def test_picture_of_the_readme_is_well_formed_and_described() -> None:
    picture = (ROOT / "docs" / "images" / "path-of-a-call.svg").read_text("utf-8")

    described = re.findall(r"<(title|desc) id=", picture)

    assert ["title", "desc"] == described
