"""Dialplans change all the time while callers leave messages, and most of the changes are wrong.

Every file is somebody's: each of the harness's hands has one client and writes its file anew as
soon as the verdict on the last one is there.  The callers' own client is among them.
"""

import asyncio
import hashlib
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tests.bot import _QUICKEST, CLIENTS, DIALPLAN
from tests.torture.broker_calls import AGENTS, DeafBot
from tests.torture.mutants import MUTATIONS, Oracle, put_something_else, write
from tests.torture.promise import Promise, Scale
from tests.torture.stalls_site import Site, site

FILES = 2_000
"""Of the acceptance table."""

CALLERS = 6
"""At a time, on eight lines."""

HANDS = ("desk", "alpha", "bravo", "charlie", "delta", "_defaults")
"""Whose files are written; nobody's id is another's after one flipped byte."""

IN_FORCE_LIMIT_S = 1.0
"""A right file counts within a second (the issue)."""

VERDICT_S = 30.0
"""How long a verdict is waited for on a machine that others use too."""

READ_EVERY_S = 0.05

DEFAULTS = "schema = 1\n[record]\nmax_s = 120\n"


@dataclass(kw_only=True)
class Log:
    """What the bot has said about its dialplans."""

    path: Path
    judged: Counter[str] = field(default_factory=Counter)
    """File → how often it was read anew."""
    in_force: dict[str, float] = field(default_factory=dict)
    """SHA-256 → when it came into force."""
    refused: Counter[str] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    _read_to: int = 0

    async def follow(self) -> None:
        """Read until cancelled."""
        while True:
            self.read()
            await asyncio.sleep(READ_EVERY_S)

    def read(self) -> None:
        """Read what is new."""
        with self.path.open("rb") as file:
            file.seek(self._read_to)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._read_to += len(whole)
        for line in whole.splitlines():
            self._take(json.loads(line) if line.startswith(b"{") else {"event": line.decode()})

    def _take(self, line: dict[str, object]) -> None:
        match line:
            case {"event": "dialplans changed"}:
                self.judged.update(map(str, [*_names(line, "files"), *_names(line, "removed")]))
            case {"event": "dialplan in force" | "defaults in force", "sha256": sha256}:
                at = datetime.fromisoformat(str(line["timestamp"]))
                self.in_force.setdefault(str(sha256), at.timestamp())
            case {"event": "dialplan not in force", "file": file}:
                self.refused[Path(str(file)).stem] += 1
            case {"level": "error" | "critical"} | {"exception": _}:
                self.troubles.append(str(line)[:300])
            case {"event": str(words)} if "level" not in line:
                self.troubles.append(words[:300])


def _names(line: dict[str, object], key: str) -> list[object]:
    names = line.get(key, [])
    return names if isinstance(names, list) else []


@dataclass(kw_only=True)
class Hands:
    """Who writes, and what came of it."""

    here: Site
    log: Log
    oracle: Oracle
    rng: random.Random
    left: int
    """Files to be written."""
    right: int = 0
    wrong: int = 0
    late: list[str] = field(default_factory=list)
    """Right, and not in force."""
    wrong_hashes: set[str] = field(default_factory=set)
    half: int = 0
    """Right, and refused all the same: read while it was being written."""
    took_s: list[float] = field(default_factory=list)
    _right: set[str] = field(default_factory=set)
    """Whose last file was right."""

    async def write(self, client: str) -> None:
        """Write one client's file until all are written, and leave it right."""
        path = self.here.bot.folder / "dialplans" / f"{client}.toml"
        plain = DEFAULTS.encode() if client == "_defaults" else path.read_bytes()
        while self.left > 0:
            self.left -= 1
            if client != "_defaults" and self.rng.random() < 0.03:
                judged = self.log.judged[client]
                put_something_else(path, self.rng)
                self.wrong += 1
                self._right.discard(client)
                await self._verdict(client, judged)
            else:
                await self._file(client, path, self._content(client, plain))
        await self._file(client, path, plain + b"# as it was\n", counted=False)

    def _content(self, client: str, plain: bytes) -> bytes:
        """Draw a file; for the callers' own client, one that is wrong or changes nothing."""
        harmless = self.rng.random() < 0.3
        if client == "_defaults":
            wrong = self.rng.choice(("max_s = 1\n", "maxs = 9\n", "[answer]\nstart = 7\n", "x"))
            return plain + (f"# {self.rng.random()}\n" if harmless else wrong).encode()
        while True:
            mutation = self.rng.choice(MUTATIONS[-2:] if harmless else MUTATIONS)
            content = mutation(plain, self.rng)
            if client != "desk" or harmless or not self.oracle.is_right(client, content):
                return content

    async def _file(self, client: str, path: Path, content: bytes, *, counted: bool = True) -> None:
        defaults_right = content.startswith(DEFAULTS.encode() + b"#")
        right = defaults_right if client == "_defaults" else self.oracle.is_right(client, content)
        sha256, judged = hashlib.sha256(content).hexdigest(), self.log.judged[client]
        refused, was_right = self.log.refused[client], client in self._right
        self._right.discard(client)
        whole_at = await asyncio.to_thread(write, path, content, self.rng)
        if not right:
            self.wrong += 1
            self.wrong_hashes.add(sha256)
            await self._verdict(client, judged)
            return
        known = sha256 in self.log.in_force
        await eventually_in_force(self.log, sha256)
        if sha256 not in self.log.in_force:
            self.late.append(f"{client} {sha256[:8]}")
        elif counted and not known:
            self.took_s.append(self.log.in_force[sha256] - whole_at)
            self.half += was_right and self.log.refused[client] > refused
        self._right.add(client)
        self.right += counted

    async def _verdict(self, client: str, judged: int) -> None:
        """Wait until a wrong file has been read; one that is like the last one may not be."""
        until = asyncio.get_running_loop().time() + VERDICT_S
        while self.log.judged[client] == judged and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(READ_EVERY_S)


async def eventually_in_force(log: Log, sha256: str) -> None:
    """Wait until a form is in force, or has had its time."""
    until = asyncio.get_running_loop().time() + VERDICT_S
    while sha256 not in log.in_force and asyncio.get_running_loop().time() < until:
        await asyncio.sleep(READ_EVERY_S)


async def run(scale: Scale, rng: random.Random, folder: Path) -> list[Promise]:
    """Let callers call and hands write until all files are written; then compare."""
    return await harm(scale.of(FILES, least=100), CALLERS, rng, folder)


async def harm(files: int, callers: int, rng: random.Random, folder: Path) -> list[Promise]:
    """The same with any number of files and callers."""

    def make(own: Path, port: int, _: Path) -> DeafBot:
        bot = DeafBot.prepare(own, port)
        for client in HANDS[1:-1]:
            text = DIALPLAN.format(name=client, **_QUICKEST)
            (own / "dialplans" / f"{client}.toml").write_text(text, encoding="utf-8")
        (own / "dialplans" / "_defaults.toml").write_text(DEFAULTS, encoding="utf-8")
        return bot

    async with site(folder / "reload", rng, agents=AGENTS, make=make, models=()) as here:
        log = Log(path=here.bot.log)
        prompts = here.bot.folder / "dialplans" / "prompts"
        oracle = Oracle(folder / "oracle", prompts, {*CLIENTS} - {"desk"}, DEFAULTS)
        hands = Hands(here=here, log=log, oracle=oracle, rng=rng, left=files)
        async with asyncio.TaskGroup() as group:
            following = group.create_task(log.follow())
            calling = [group.create_task(_call(here, hands)) for _ in range(callers)]
            await asyncio.gather(*(hands.write(client) for client in HANDS))
            await asyncio.gather(*calling)
            following.cancel()
        behind = await _behind(here)
        rows = await here.rows(f"{files} mutated dialplans")
        log.read()
        return [*rows, *_rows(here, hands, behind)]


async def _call(here: Site, hands: Hands) -> None:
    """Call again and again as long as anybody writes, at least once."""
    while True:
        await here.callers.call(here.messages.speech(3.0))
        if hands.left <= 0:
            return


async def _behind(here: Site) -> list[str]:
    """Files that are not in force in the end, when all of them are right."""
    bot = here.bot
    assert isinstance(bot, DeafBot)
    found: list[str] = []
    until = asyncio.get_running_loop().time() + VERDICT_S
    while asyncio.get_running_loop().time() < until:
        status = await bot.ask()
        found = [f"{each.name}: {each.problem}" for each in status.dialplans] if status else ["?"]
        if not found:
            break
        await asyncio.sleep(0.5)
    return found


def _rows(here: Site, hands: Hands, behind: list[str]) -> list[Promise]:
    harm, log = f"{hands.right + hands.wrong} mutated dialplans", hands.log
    unanswered = [f"{one.caller} {one.code}" for one in here.callers.journal if one.code != 200]
    slipped = sorted(hands.wrong_hashes & log.in_force.keys())
    took_s = sorted(hands.took_s)
    return [
        Promise(
            harm=harm,
            promise="a call is answered, whatever is written",
            tries=len(here.callers.journal),
            lost=len(unanswered),
            note="; ".join(unanswered[:5]),
        ),
        Promise(
            harm=harm,
            promise="a right file is in force, a wrong one never",
            tries=hands.right + hands.wrong,
            lost=len(hands.late) + len(slipped),
            note="; ".join([f"{hands.right} right", *hands.late[:5], *slipped[:5]]),
        ),
        Promise(
            harm=harm,
            promise="a right file is in force soon after it is whole",
            tries=len(took_s),
            lost=hands.half,
            worst=round(took_s[-1], 2) if took_s else None,
            limit=IN_FORCE_LIMIT_S,
            note=f"median {took_s[len(took_s) // 2]:.2f} s" if took_s else "",
        ),
        Promise(
            harm=harm,
            promise="files that were put right are in force in the end",
            tries=len(HANDS),
            lost=len(behind),
            note="; ".join(behind[:3]),
        ),
        Promise(
            harm=harm,
            promise="no error but the files' own is in the log",
            tries=hands.right + hands.wrong,
            lost=len(log.troubles),
            note="; ".join(log.troubles[:3]),
        ),
    ]
