"""Clients' files as nobody should write them, and the ways in which programs write files."""

import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from sipbot.dialplan import load_file
from sipbot.dialplan_tests import run_tests
from sipbot.errors import DialplanError

LIMIT_BYTES = 10 << 20
"""The largest file: what a careless redirection makes of a log."""

Mutation = Callable[[bytes, random.Random], bytes]


def _flipped(text: bytes, rng: random.Random) -> bytes:
    changed = bytearray(text)
    for _ in range(rng.randint(1, 4)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _cut(text: bytes, rng: random.Random) -> bytes:
    return text[: rng.randrange(len(text))]


def _without_a_line(text: bytes, rng: random.Random) -> bytes:
    lines = text.splitlines(keepends=True)
    del lines[rng.randrange(len(lines))]
    return b"".join(lines)


def _line_twice(text: bytes, rng: random.Random) -> bytes:
    lines = text.splitlines(keepends=True)
    lines.insert(rng.randrange(len(lines)), rng.choice(lines))
    return b"".join(lines)


def _with(*added: str) -> Mutation:
    """Something at the end, which belongs to the last table."""
    return lambda text, rng: text + f"{rng.choice(added)}\n".encode()


def _instead(old: bytes, *new: str) -> Mutation:
    """Another value for what stands in every file of the tests."""
    return lambda text, rng: text.replace(old, rng.choice(new).encode(), 1)


_PROMPTS = (
    '"../../outside.wav"',
    '"/etc/passwd"',
    '"nowhere.wav"',
    '"builtin:ko/nowhere"',
    '"builtin:../../outside"',
    '"prompts/greeting.wav"',
    "[]",
    "7",
)
MUTATIONS: tuple[Mutation, ...] = (
    _flipped,
    _flipped,
    _cut,
    _without_a_line,
    _line_twice,
    _with("wrong = 1", "beep = 7", "max_s = 1e308", "max_s = nan", "[record]", 'tz = "Asia/Tokio"'),
    _with("a" + ".a" * 10_000 + " = 1", "a = " + "[" * 10_000 + "]" * 10_000, "a = {" * 500),
    _with('[step.a]\ndo = "say"\nprompt = "thanks.wav"\nthen = "a"'),
    _with("[hours]\nopen = 'Mo-Fr 25:00-26:00'", "[hours]\nopen = 'Mo-Fr 09:00-08:59,'"),
    _with('[[test]]\nat = 2026-09-24T10:00:00\nexpect = { outcome = "transferred" }'),
    _with("[[route]]\nname = 'x'\ncaller = ['(a+)+$']\nstep = 'record'"),
    _instead(b'"greeting.wav"', *_PROMPTS),
    _instead(b'"thanks.wav"', *_PROMPTS),
    _instead(b"numbers = [", 'numbers = ["beeping", ', 'numbers = ["^.*$", ', 'numbers = ["XXX", '),
    _instead(b"schema = 1", "schema = 2", "schema = '1'", "\ufeffschema = 1", ""),
    lambda text, _: text.replace(b"client", b"cli\0ent", 1),
    lambda text, _: "名前 = '佐藤'\n".encode("shift_jis") + text,
    lambda text, _: text + b"# " + b"x" * (LIMIT_BYTES - len(text)),
    lambda _, rng: rng.randbytes(rng.randrange(2000)),
    lambda text, rng: text + f"# {rng.random()}\n".encode(),
    lambda text, rng: text.replace(
        b"[record]", f"[record]\nmax_s = {rng.randint(90, 300)}".encode()
    ),
)
"""The last two make files that are right."""


class Oracle:
    """Tells whether a file would be right, from a folder of its own.

    Args:
        folder: is made here.
        prompts: those that the clients have.
        taken: numbers of other clients.
        defaults: of all clients; what a file leaves out may stand there.
    """

    def __init__(self, folder: Path, prompts: Path, taken: set[str], defaults: str) -> None:
        self._folder = folder
        self._taken = taken
        folder.mkdir()
        shutil.copytree(prompts, folder / "prompts")
        (folder / "_defaults.toml").write_text(defaults, encoding="utf-8")

    def is_right(self, client: str, content: bytes) -> bool:
        """Whether this may be in force."""
        path = self._folder / f"{client}.toml"
        path.write_bytes(content)
        try:
            plan = load_file(path, "JP")
        except DialplanError:
            return False
        right = all(result.ok for result in run_tests(plan, "JP"))
        return right and self._taken.isdisjoint(plan.numbers)


def write(path: Path, content: bytes, rng: random.Random) -> float:
    """Write a file in one of the ways programs do; return when it was whole (monotonic)."""
    beside = path.with_name(f".{path.name}.part")
    if path.is_symlink() or (path.exists() and not path.is_file()):
        path.unlink()  # a link would be written through, and a pipe would never end
    match rng.randrange(4):
        case 0:
            path.write_bytes(content)
        case 1:
            beside.write_bytes(content)
            beside.replace(path)
        case 2:
            path.unlink(missing_ok=True)
            time.sleep(rng.uniform(0, 0.05))
            path.write_bytes(content)
        case _:
            with path.open("wb", buffering=0) as file:
                step = max(1, len(content) // 7)
                for place in range(0, len(content), step):
                    file.write(content[place : place + step])
                    time.sleep(0.004)
    return time.time()


def put_something_else(path: Path, rng: random.Random) -> None:
    """Put what is no file of a client in its place."""
    path.unlink(missing_ok=True)
    if rng.randrange(2):
        os.mkfifo(path)
    else:
        path.symlink_to(rng.choice(("/dev/zero", "/etc/passwd", path.with_name("desk.toml"))))
