"""``sipbot demo``: show the demo on a terminal, in Japanese with an English gloss."""

import asyncio
import signal
from typing import Annotated

import typer
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sipbot import log
from sipbot.cli_call import describe
from sipbot.demo import (
    CLIENT,
    Demo,
    Story,
    audio_matches,
    audio_path,
    install_ears,
    new_folder,
    sample,
    settings_for,
)
from sipbot.errors import CallError
from sipbot.memo import Memo

STAGES = {
    "recorded": "録音済み recorded",
    "transcribed": "文字起こし済み transcribed",
    "recognition_failed": "文字起こし不可 recognition failed",
}


def demo(
    *,
    stay: Annotated[
        bool, typer.Option("--stay", help="Go on running and say how to call from a softphone.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print only the final memo on standard output.")
    ] = False,
) -> None:
    """Run the main job for real: a SIP call becomes a memo on an MQTT feed.

    Needs no configuration; keeps its files in ./var/demo-<time>.

    Example: sipbot demo --json
    """
    log.configure("warning", "auto")
    console = Console(stderr=as_json, highlight=False)
    settings = settings_for(new_folder(), usual_ports=stay)
    names = install_ears(settings, lambda what, done, total: _progress(console, what, done, total))
    one = Demo(settings)
    (plan,) = [plan for plan in one.dialplans.all if plan.client == CLIENT]
    _say(console, "契約先 client", f"{plan.say_name} ({CLIENT})")
    _say(console, "着信先 calls to", one.uri)
    _say(console, "音声認識 ears", ", ".join(names))
    _say(console, "MQTT", f"{one.broker.host}:{one.broker.port}  sipbot/1/{settings.site}/#")
    memo = asyncio.run(_run(one, console, stay=stay))
    if not audio_matches(memo):
        raise CallError(f"the recording of memo {memo.id} does not match its SHA-256")
    _say(console, "録音 recording", str(audio_path(memo)))
    _say(console, "完了 done", "a real call became a memo; next: README.md, 'Run it for real'")
    if as_json:
        typer.echo(memo.model_dump_json(by_alias=True))


async def _run(one: Demo, console: Console, *, stay: bool) -> Memo:
    stopped = asyncio.Event()
    if stay:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)

    def show(story: Story) -> None:
        if isinstance(story.what, Memo):
            show_memo(console, story.what)
            if stay and not story.what.recognition.ears_pending:
                _how_to_call(console, one)
        else:
            console.print(f"[cyan]{story.what.after_s:8.3f} s[/]  {describe(story.what)}")

    return await one.run(show, stay=stopped if stay else None)


def show_memo(console: Console, memo: Memo) -> None:
    """Print a memo as the operator of the sample client would read it."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("段階 stage", STAGES[memo.stage])
    table.add_row("発信者 caller", memo.caller.number or "非通知 withheld")
    sure = "確認済み confirmed" if memo.callback.confirmed else "要確認 unconfirmed"
    table.add_row("折り返し先 call back", f"{memo.callback.number or '－'}  {sure}")
    table.add_row("用件 message", Text(memo.text if memo.text is not None else "…"))
    if memo.recognition.engine:
        table.add_row("認識 heard by", f"{memo.recognition.engine} ({memo.recognition.model})")
    length = f"{memo.audio.duration_s:.1f} s  sha256 {memo.audio.sha256[:16]}…"
    table.add_row("録音 recording", length)
    title = f"伝言メモ memo  rev {memo.rev}"
    console.print(Panel(table, title=title, subtitle=memo.id, border_style="green"))


def _how_to_call(console: Console, one: Demo) -> None:
    console.print(
        f"\nソフトフォンから [bold]{one.uri}[/] に発信してください。\n"
        f"Call [bold]{one.uri}[/] from a softphone on this machine (no registration, G.711).\n"
        f"Watch: mosquitto_sub -h {one.broker.host} -p {one.broker.port} -t 'sipbot/1/demo/#' -v\n"
        f"Or call again: sipbot call {one.uri} --wav {sample().wav} --keys '#'\n"
        "Ctrl-C ends it."
    )


def _say(console: Console, label: str, text: str) -> None:
    console.print(f"[bold]{label}[/]  {text}")


def _progress(console: Console, what: str, done: int, total: int) -> None:
    """Say once that a model is being fetched, and once that it is there."""
    if done == 0:
        console.print(f"models: {what} …")
    elif done == total:
        console.print(f"models: {what} done")
