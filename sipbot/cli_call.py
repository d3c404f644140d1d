"""``sipbot call``: place a test call, as a caller would, and say how it went."""

import asyncio
import re
import tempfile
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from sipbot.errors import UsageError
from sipbot.place import place
from sipbot.sip import caller_wire as wire
from sipbot.wav import check_prompt

KEYS = "0123456789*#ABCD"
"""Those that can be sent (RFC 4733 section 3.2)."""


def call(
    uri: Annotated[str, typer.Argument(help="Whom to call, such as sip:yamato@127.0.0.1:5060.")],
    *,
    wav: Annotated[
        Path | None, typer.Option(help="What to say: 16-bit mono PCM WAV, 8 or 16 kHz.")
    ] = None,
    from_: Annotated[
        str, typer.Option("--from", help="Number or SIP URI of the caller.")
    ] = "0312345678",
    header: Annotated[
        list[str] | None,
        typer.Option(help='A further header, such as "Diversion: <sip:0355501234@pbx>".'),
    ] = None,
    speak_after_s: Annotated[
        float | None, typer.Option(help="Speak so long after the answer; else after the beep.")
    ] = None,
    keys: Annotated[str, typer.Option(help="Keys to press after the message, such as #.")] = "",
    hang_up_after_s: Annotated[
        float | None,
        typer.Option(help="Hang up so long after the message; else the other side does."),
    ] = None,
    give_up_after_s: Annotated[
        float | None, typer.Option(help="Cancel when nobody has answered by then.")
    ] = None,
    limit_s: Annotated[float, typer.Option(help="Longest call.")] = 120.0,
    address: Annotated[str, typer.Option(help="Own IPv4 address.")] = "127.0.0.1",
    heard: Annotated[
        Path | None, typer.Option(help="Where to keep a recording of what was heard.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a step.")] = False,
) -> None:
    """Call any SIP address, speak a WAV after the beep, and report codes and timings.

    Exit code 0 when the call was answered, 1 when it was not.

    Example: sipbot call sip:yamato@127.0.0.1:5060 --wav message.wav --keys '#'
    """
    if re.fullmatch(r"sips?:[^\s@<>]+(@[^\s@<>]+)?", uri) is None:
        raise UsageError(f"{uri}: is not a SIP URI. Write one such as sip:yamato@127.0.0.1:5060")
    if wav is not None and not wav.is_file():
        raise UsageError(f"--wav {wav}: there is no such file. Name a WAV that is to be said")
    if wav is not None:
        check_prompt(wav)
    if other := next((key for key in keys if key not in KEYS), ""):
        raise UsageError(f"--keys {keys}: {other} is on no telephone. Write keys out of {KEYS}")
    with tempfile.TemporaryDirectory(prefix="sipbot-call-") as folder:
        plan = wire.CallPlan(
            uri=uri,
            identity=from_ if ":" in from_ else f"sip:{from_}@{address}",
            headers=_headers(header or []),
            wav=str(wav.absolute()) if wav is not None else "",
            speak_after_s=speak_after_s,
            keys=keys,
            linger_s=hang_up_after_s,
            cancel_after_s=give_up_after_s,
            heard_wav=str(heard.absolute() if heard is not None else Path(folder) / "heard.wav"),
            limit_s=limit_s,
        )
        if not asyncio.run(_call(plan, address, as_json=as_json)):
            raise typer.Exit(1)


async def _call(plan: wire.CallPlan, address: str, *, as_json: bool) -> bool:
    """Make the call, print its story, and return whether it was answered."""
    console = Console(highlight=False)
    answered = False
    async for step in place(plan, address=address):
        answered = answered or isinstance(step, wire.Answered)
        if as_json:
            typer.echo(msgspec.json.encode(step).decode())
        else:
            console.print(f"[cyan]{step.after_s:8.3f} s[/]  {describe(step)}")
    return answered


def describe(step: wire.Step) -> str:
    """Return a step of the story in words."""
    match step:
        case wire.Calling():
            return "INVITE sent"
        case wire.Progress(code=code, reason=reason):
            return f"{code} {reason}"
        case wire.Answered():
            return "200 OK, audio flows"
        case wire.Beep():
            return "beep heard"
        case wire.Speaking():
            return "speaking"
        case wire.Spoke():
            return "everything said"
        case wire.Pressed(keys=keys):
            return f"key {keys} pressed"
        case wire.HungUp(by=by, code=code, reason=reason):
            packets = f"{step.packets_sent} packets sent, {step.packets_received} received"
            return f"over: {code} {reason}, ended by the {by}; {packets}"
        case wire.Failed(problem=problem):
            return problem


def _headers(written: list[str]) -> dict[str, str]:
    headers = {}
    for one in written:
        name, colon, value = one.partition(":")
        if not colon or not name.strip() or not value.strip():
            raise UsageError(f"--header {one}: is not a header. Write it as 'Name: value'")
        headers[name.strip()] = value.strip()
    return headers
