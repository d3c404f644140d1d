"""``sipbot demo``: the main job, for real, on one machine and without a question.

Starts sipbot on loopback with its embedded broker and the sample client, calls it with a second SIP
user agent that speaks a recorded message, and watches the memo on the feed as any operator would.
"""

import asyncio
import hashlib
import socket
import tomllib
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlparse

import msgspec

from sipbot import config
from sipbot.app import App
from sipbot.dialplan import Dialplans
from sipbot.ear_watch import models_of
from sipbot.errors import CallError, ModelError
from sipbot.from_settings import broker_of
from sipbot.install import install_language
from sipbot.link import Broker
from sipbot.memo import Memo
from sipbot.models import Catalog
from sipbot.place import place
from sipbot.reload import start
from sipbot.sip import caller_wire
from sipbot.speech.ears import choose, for_language
from sipbot.topics import SiteState
from sipbot.watch import watch

CLIENT = "yamato"
LANGUAGE = "ja"
SAMPLE = "caller-ja.wav"
CALLER = "+819086375214"
"""The number that the sample's speaker says, so that caller ID and speech agree."""

TEXT_LIMIT_S = 60.0
"""From the end of the call to the last ear's text; measured 2 s, a busy machine needs more."""

READY_LIMIT_S = 60.0
"""From start to ready; measured 3 s: models load from disk."""

_HERE = Path(__file__).parent


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What the demo's caller says."""

    wav: Path
    text: str
    duration_s: float


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened, for whoever shows the demo."""

    what: caller_wire.Step | Memo
    feed_event: str = ""
    """``new`` or ``update`` when a memo came."""


def sample() -> Message:
    """Return the message that the demo's caller speaks."""
    folder = _HERE / "samples"
    manifest = tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8"))
    (entry,) = [one for one in manifest["file"] if one["file"] == SAMPLE]
    return Message(wav=folder / SAMPLE, text=entry["text"], duration_s=entry["duration_s"])


def settings_for(folder: Path, *, usual_ports: bool) -> config.Settings:
    """Return settings for a demo that keeps its files in `folder`.

    Args:
        folder: for recordings and ledger.
        usual_ports: 5060 and 1883, for a softphone; else ports that are free.
    """
    values = {
        "site": "demo",
        "var": str(folder),
        "dialplans": str(dialplans_folder()),
        "models": str(Path("models").absolute()),
        "sip": {"port": 5060 if usual_ports else _free_port(socket.SOCK_DGRAM)},
        "mqtt": {"port": 1883 if usual_ports else _free_port(socket.SOCK_STREAM)},
    }
    # not the current folder: an accounts.toml there is a real site's, and locks the demo out
    return config.from_values(values, folder)


def dialplans_folder() -> Path:
    """Return the sample clients' folder: of the installed package, or of the checkout."""
    packaged = _HERE / "sample_dialplans"
    return packaged if packaged.is_dir() else _HERE.parent / "dialplans"


def install_ears(settings: config.Settings, report: Callable[[str, int, int], None]) -> list[str]:
    """Install the language's recommended models unless an ear is there; return their names.

    Raises:
        ModelError: not one ear could be installed.
    """
    models = models_of(settings.models, settings.speech)
    if any(for_language(LANGUAGE, choose(models, role)) for role in ("live", "second")):
        return [model.name for model in models if LANGUAGE in model.languages]
    result = install_language(Catalog.load(), LANGUAGE, settings.models, report)
    if not result.installed:
        raise ModelError("\n".join(result.missing.values()))
    return [model.name for model in result.installed.values()]


class Demo:
    """A running sipbot with one client, and somebody who calls it.

    Args:
        settings: from `settings_for`.
    """

    def __init__(self, settings: config.Settings) -> None:
        self.settings = settings
        self.broker: Broker = broker_of(settings)
        self._start = start(settings.dialplans, settings.region, settings.var)
        self.dialplans: Dialplans = self._start.in_force.plans

    @property
    def uri(self) -> str:
        """Where the sample client is called."""
        return f"sip:{CLIENT}@{self.settings.sip.address}:{self.settings.sip.port}"

    async def run(self, show: Callable[[Story], None], *, stay: asyncio.Event | None) -> Memo:
        """Run the demo and return the final memo.

        Args:
            show: called with everything that happens, in order.
            stay: when given, sipbot goes on until it is set.

        Raises:
            SipbotError: a part could not be started, the call failed, or no text came in time.
        """
        async with AsyncExitStack() as stack:
            bot = await App.open(stack, self.settings, self._start)
            async with asyncio.TaskGroup() as group:
                running = group.create_task(bot.run(), name="sipbot")
                try:
                    memo = await self._call_and_watch(bot, show)
                    if stay is not None:
                        await stay.wait()
                finally:
                    bot.stop()
                    await asyncio.wait([running])
        return memo

    async def _call_and_watch(self, bot: App, show: Callable[[Story], None]) -> Memo:
        await _ready(bot)
        memos: asyncio.Queue[Memo] = asyncio.Queue()
        subscribed = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(self._watch(memos, show, subscribed), name="operator")
            await subscribed.wait()
            await self._call(show)
            memo = await _last(memos)
            watching.cancel()
        return memo

    async def _call(self, show: Callable[[Story], None]) -> None:
        message = sample()
        plan = caller_wire.CallPlan(
            uri=self.uri,
            identity=f"sip:{CALLER}@{self.settings.sip.address}",
            wav=str(message.wav),
            keys="#",
            heard_wav=str(self.settings.var / "heard-by-the-caller.wav"),
        )
        answered = False
        async for step in place(plan, address=self.settings.sip.address):
            answered = answered or isinstance(step, caller_wire.Answered)
            show(Story(what=step))
        if not answered:
            raise CallError(f"the call to {self.uri} was not answered")

    async def _watch(
        self, memos: asyncio.Queue[Memo], show: Callable[[Story], None], subscribed: asyncio.Event
    ) -> None:
        """Follow the client's memos on the bus, like any operator."""
        feed = watch(self.broker, self.settings.site, CLIENT, subscribed)
        async with aclosing(feed):
            async for seen in feed:
                if seen.place.kind == "memo" and seen.payload:
                    memo = Memo.model_validate_json(seen.payload)
                    show(Story(what=memo, feed_event="new" if memo.rev == 1 else "update"))
                    memos.put_nowait(memo)


async def _ready(bot: App) -> None:
    try:
        async with asyncio.timeout(READY_LIMIT_S):
            await bot.feed.connected.wait()
            while not can_take_the_call(*bot.gauges.state()):
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        reasons = "; ".join(bot.gauges.state()[1])
        raise CallError(f"sipbot was not ready within {READY_LIMIT_S:g} s: {reasons}") from error


def can_take_the_call(state: SiteState, reasons: Sequence[str]) -> bool:
    """Whether the demo can begin; the other samples may lack ears for their languages."""
    others = all(
        reason.startswith("no ear for ") and not reason.startswith(f"no ear for {CLIENT} ")
        for reason in reasons
    )
    return state == "ready" or (state == "degraded" and others)


async def _last(memos: asyncio.Queue[Memo]) -> Memo:
    try:
        async with asyncio.timeout(TEXT_LIMIT_S):
            while True:
                memo = await memos.get()
                if not memo.recognition.ears_pending:
                    return memo
    except TimeoutError as error:
        raise CallError(f"no text within {TEXT_LIMIT_S:g} s of the call's end") from error


def audio_path(memo: Memo) -> Path:
    """Return where the memo's recording is on this machine."""
    return Path(unquote(urlparse(memo.audio.url).path))


def audio_matches(memo: Memo) -> bool:
    """Whether the memo's SHA-256 is that of the recording it points to."""
    return hashlib.sha256(audio_path(memo).read_bytes()).hexdigest() == memo.audio.sha256


def new_folder() -> Path:
    """Make a folder for one demo's files, below ./var, which is nobody else's to read."""
    var = Path("var").absolute()
    var.mkdir(mode=0o700, exist_ok=True)
    folder = var / f"demo-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
