"""How much memory this program holds; a child tells its parent with each sign of life."""

import os
from pathlib import Path


def rss_bytes() -> int:
    """Return the resident memory of this process (proc(5), statm)."""
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")
