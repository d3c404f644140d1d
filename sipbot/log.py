"""Logs: one event a line on standard error, bound to the call id, never what callers said.

JSON for machines, columns for people; which of the two is `log.format` in config.toml.
"""

import logging
import sys
from typing import Literal

import structlog
from structlog.typing import Processor


def configure(level: str, form: Literal["auto", "json", "console"]) -> None:
    """Set up logging for this process.

    Args:
        level: lowest level that is written.
        form: ``auto`` means console on a terminal and JSON elsewhere.
    """
    for_people = form == "console" or (form == "auto" and sys.stderr.isatty())
    # Tracebacks without variables, which both renderers would else show: some hold callers' words.
    frames = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    last: list[Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if for_people
        else [structlog.processors.ExceptionRenderer(frames), structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Libraries that use the standard library's logging: warnings and worse, in their own words.
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(name)s: %(message)s")
