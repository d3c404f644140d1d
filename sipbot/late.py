"""Regular expressions that are compiled when they are first used, not when they are imported.

The rules by which texts are understood hold hundreds of them, and compiling those was a quarter of
what a main process did between its start and its first answered call (0.27 of 0.94 s of processor);
no caller whose line is to be answered needs any.
"""

import re
from typing import Any, cast

_METHODS = ("search", "match", "fullmatch", "finditer", "findall", "split", "sub", "subn")


class Late:
    """Stands for a compiled expression until it is used, and from then on hands out its methods."""

    def __init__(self, pattern: str, flags: int) -> None:
        self.pattern = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever re.Pattern has
        """Compile: it is asked for what only the compiled expression has.

        Two threads may both do so; they set the same.
        """
        if name.startswith("_"):  # copy and pickle ask so, of objects that are not made yet
            raise AttributeError(name)
        compiled = re.compile(self.pattern, self._flags)
        for method in _METHODS:  # found without us from now on, so that use costs nothing more
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)


def compile(pattern: str, flags: int = 0) -> re.Pattern[str]:  # noqa: A001 - as re.compile
    """Return what behaves as `re.compile` would, but compiles at the first use.

    A wrong expression is thus only found by a use; a test compiles all of them.
    """
    return cast("re.Pattern[str]", Late(pattern, flags))
