"""What the command line prints for people; nothing is cut for a pipe, nor what is copied."""

import io
import sys

from rich.console import Console, RenderableType
from rich.table import Table

_UNLIMITED = 1_000_000
"""Columns for a reader that is no terminal; a message of 30 minutes has some 10 000 characters."""


def print_whole(table: Table) -> None:
    """Print a table with every cell whole: folded on a terminal, one line a row for a pipe."""
    for column in table.columns:
        column.overflow = "fold"
    print_page(table)


def print_page(page: RenderableType) -> None:
    """Print for the terminal's width; for a pipe every line whole and without colour."""
    if sys.stdout.isatty():
        Console().print(page, markup=False, highlight=False)
        return
    buffer = io.StringIO()
    Console(file=buffer, width=_UNLIMITED).print(page, markup=False)
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in buffer.getvalue().splitlines())
