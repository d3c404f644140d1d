"""What glibc is told about the memory of the second ear, in the environment of its process.

A reading of 10 s has 160,000 page faults, 0.37 of 1.95 s of processor: large pieces (CTranslate2's,
as we reckon, 640 MB for a page of 30 s; not traced) that glibc maps anew each time.
Kept between the readings, and in large pages where the kernel has them for the asking ("madvise"),
it is 1,230 faults and 0.05 to 0.22 s of the kernel (getrusage, measured; peak 543 MB, was 390).
What is kept goes back when nothing is to be read (`second_desk`). Other C libraries know no such
variable; there nothing changes.
"""

from collections.abc import Mapping
from typing import Final

VARIABLE: Final = "GLIBC_TUNABLES"
"""Read once, when a process starts: it cannot be set from within (glibc manual, "Tunables")."""

KEPT_MOST_BYTES: Final = 2_000_000_000
"""Nothing is given back below it: more than a reading takes (530 MB with the model, measured)."""

KEEP: Final = (
    "glibc.malloc.hugetlb=1",
    "glibc.malloc.mmap_max=0",
    f"glibc.malloc.trim_threshold={KEPT_MOST_BYTES}",
)


def tunables(environment: Mapping[str, str]) -> str:
    """Return the variable's value for the second ear; what is there already comes last and wins."""
    return ":".join((*KEEP, *filter(None, [environment.get(VARIABLE)])))
