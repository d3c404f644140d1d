"""``sipbot run``: answer calls until told to stop."""

import asyncio
import contextlib
import os
import signal
import sys
from contextlib import AsyncExitStack

import structlog

from sipbot import config, heap, log, supervisor
from sipbot.app import App
from sipbot.cli_config import ConfigOption
from sipbot.errors import DialplanError, SipbotError
from sipbot.from_settings import places_of
from sipbot.handover_stage import finish
from sipbot.reload import Start, start

NOT_STARTED = (
    "sipbot does not start, and answers for no client: of the files below no last good form is "
    "kept.\nMend them (sipbot dialplan check), or move them out of the folder.\n"
)


def run(*, config_path: ConfigOption = None) -> None:
    """Answer calls until told to stop (Ctrl-C or SIGTERM).

    On a terminal a live view of the calls is shown, and the log goes to sipbot.log in the folder
    var; elsewhere JSON logs go to standard error, and a main process that dies is replaced at once
    by another with the same settings (a change of config.toml waits for the next start).

    Example: sipbot run --config config.toml
    """
    settings = config.load(config_path)
    watched = sys.stdout.isatty() and settings.log.format != "json"
    log.configure(settings.log.level, "json" if watched else settings.log.format)
    heap.limit(0)
    if not watched:  # who watches it on a terminal sees it die
        supervisor.keep(settings.var.absolute() / "run", os.environ)
    _finish_handovers(settings)
    try:
        dialplans = start(settings.dialplans, settings.region, settings.var)
    except DialplanError:
        sys.stderr.write(NOT_STARTED)
        raise
    with contextlib.ExitStack() as stack:
        if watched and sys.stderr.isatty():
            from sipbot import view  # noqa: PLC0415 - see _run

            stack.enter_context(view.stderr_to(settings.var / "sipbot.log"))
        asyncio.run(_run(settings, dialplans, watched=watched))


def _finish_handovers(settings: config.Settings) -> None:
    """Clients whose import was decided and then killed; they hold up no start."""
    try:
        finish(places_of(settings))
    except SipbotError as error:
        structlog.get_logger().warning("a hand-over is not finished", problem=str(error))


async def _run(settings: config.Settings, dialplans: Start, *, watched: bool) -> None:
    async with AsyncExitStack() as stack:
        bot = await App.open(stack, settings, dialplans)
        loop = asyncio.get_running_loop()
        # A closed terminal says SIGHUP; without one (nohup, a supervisor) it is not ours to take.
        for number in (signal.SIGINT, signal.SIGTERM, *((signal.SIGHUP,) if watched else ())):
            loop.add_signal_handler(number, bot.stop)
        if not watched:
            await bot.run()
            return
        # What draws on a terminal is not loaded without one: a start after a crash is in a hurry.
        from rich.console import Console  # noqa: PLC0415

        from sipbot import view  # noqa: PLC0415

        async with asyncio.TaskGroup() as group:
            viewer = group.create_task(view.show(bot, Console()), name="view")
            await bot.run()
            viewer.cancel()
