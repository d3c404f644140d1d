"""Tables of the command line whose cells are copied: ids, hashes, numbers; so nothing is cut."""

import io
import sys

from rich.console import Console
from rich.table import Table

_UNLIMITED = 100_000
"""Columns for a reader that is no terminal."""


def print_whole(table: Table) -> None:
    """Print a table with every cell whole: folded on a terminal, one line a row for a pipe."""
    for column in table.columns:
        column.overflow = "fold"
    if sys.stdout.isatty():
        Console().print(table, markup=False, highlight=False)
        return
    buffer = io.StringIO()
    Console(file=buffer, width=_UNLIMITED).print(table, markup=False)
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in buffer.getvalue().splitlines())
