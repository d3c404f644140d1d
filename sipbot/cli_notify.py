"""``sipbot notify``: which channels of mail and chat clients have, and whether they take a message.

Messages are sent from here, not by a running sipbot: what is wrong is said at once.
"""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from sipbot import config, dialplan
from sipbot.cli_config import ConfigOption, JsonOption, print_json
from sipbot.cli_dialplan_source import find_plan
from sipbot.errors import FeedError, UsageError
from sipbot.from_settings import notices_of
from sipbot.notice import Attachment, Parcel
from sipbot.notice_form import NotifyForm
from sipbot.notice_text import Style, trial_notice
from sipbot.notice_watch import NoticeSettings, ways_to
from sipbot.plan import Dialplan

notify_app = typer.Typer(
    no_args_is_help=True, help="Notifications by mail and chat: list the channels, try them."
)


@notify_app.command("list")
def list_channels(config_path: ConfigOption = None, *, as_json: JsonOption = False) -> None:
    """List every client's channels, and whether config.toml has their targets.

    Example: sipbot notify list
    """
    settings = config.load(config_path)
    targets = {one.name for one in settings.notify.target}
    plans = dialplan.load_all(settings.dialplans, settings.region).all
    rows = [
        {
            "client": plan.client,
            "channel": one.name,
            "on": " ".join(one.on),
            "when": one.when if "memo" in one.on else "",
            "what": one.what,
            "target": one.target,
            "known": one.target in targets,
        }
        for plan in plans
        for one in plan.channels
    ]
    if as_json:
        print_json(rows)
        return
    if not rows:
        typer.echo("no client has a [[notify]]")
        return
    table = Table("client", "channel", "on", "when", "what", "target")
    for row in rows:
        target = f"{row['target']}" if row["known"] else f"{row['target']} (not in config.toml)"
        names = ("client", "channel", "on", "when", "what")
        table.add_row(*(str(row[name]) for name in names), target)
    Console().print(table, markup=False)


@notify_app.command("test")
def try_channels(
    client: Annotated[str, typer.Argument(help="A client or one of its numbers.")],
    config_path: ConfigOption = None,
    *,
    channel: Annotated[
        str | None, typer.Option("--channel", help="Only this one; without it, all.")
    ] = None,
) -> None:
    """Send each channel of a client a message that says that it is a test.

    Example: sipbot notify test yamato --channel mail
    """
    settings = config.load(config_path)
    plan = find_plan(dialplan.load_all(settings.dialplans, settings.region), client)
    channels = [one for one in plan.channels if channel in (None, one.name)]
    if not channels:
        names = ", ".join(one.name for one in plan.channels)
        known = f"It has {names}" if names else f"Add a [[notify]] to {plan.path}"
        which = f"no channel {channel}" if channel else "no channel"
        raise UsageError(f"{plan.client}: {which}. {known}")
    targets = notices_of(settings)
    failed = [words for one in channels if (words := _try(plan, one, targets))]
    if failed:
        raise FeedError("\n".join(failed))


def _try(plan: Dialplan, channel: NotifyForm, settings: NoticeSettings) -> str:
    """Send a test; return what is wrong, empty when it was taken."""
    where = f"{plan.client}: {channel.name} → {channel.target}"
    way = ways_to(settings).get(channel.target)
    if way is None:
        remedy = f'Add [[notify.target]] with name = "{channel.target}" to config.toml'
        return f"{where}: there is no such target. {remedy}"
    language = channel.language or plan.language
    style = Style(language=language, say_name=plan.say_name, zone=plan.hours.tz)
    notice = trial_notice(channel.name, style, datetime.now(UTC))
    if channel.target in settings.folders:
        said = Attachment(name=f"{plan.client}-test.txt", content=notice.body.encode())
        notice = Parcel(ts=notice.ts, subject=notice.subject, body=notice.body, files=(said,))
    sent = way(notice)
    if sent.done:
        typer.echo(f"{where}: taken")
        return ""
    remedy = "Mend its url" if sent.for_good else "Try again; look at the network and its url"
    return f"{where}: {sent.words}. {remedy} in config.toml"
