"""Topic filters and what belongs to each, found by topic without comparing them all.  Pure.

Data path: broker -> [filter_table] -> broker

The embedded broker looks here for whoever wants a message.  Filters match as MQTT 3.1.1 has it
(section 4.7): `+` is one level, `#` the rest and the level before it, and neither at the beginning
matches a topic that begins with `$`.
"""

from collections.abc import Iterator, MutableMapping
from typing import Generic, TypeVar

Value = TypeVar("Value")


class _Level(Generic[Value]):
    """One level of the filters: what ends here, and what goes on."""

    __slots__ = ("below", "filter")

    def __init__(self) -> None:
        self.below: dict[str, _Level[Value]] = {}
        self.filter: str | None = None


class FilterTable(MutableMapping[str, Value]):
    """A mapping of filters that can also be asked by topic.

    It may be changed by whoever goes through its keys, and is short in a log.
    """

    def __init__(self) -> None:
        self._values: dict[str, Value] = {}
        self._root = _Level[Value]()

    def __repr__(self) -> str:
        """Name the number; amqtt writes this at every subscription."""
        return f"<{len(self._values)} filters>"

    def __len__(self) -> int:
        """Return how many filters there are."""
        return len(self._values)

    def __iter__(self) -> Iterator[str]:
        """Go through the filters that there are now."""
        return iter(list(self._values))

    def __contains__(self, key: object) -> bool:
        """Tell whether this very filter is there."""
        return key in self._values

    def __getitem__(self, key: str) -> Value:
        """Return what belongs to this very filter."""
        return self._values[key]

    def __setitem__(self, key: str, value: Value) -> None:
        """Put something in for a filter."""
        self._values[key] = value
        level = self._root
        for name in key.split("/"):
            level = level.below.setdefault(name, _Level())
        level.filter = key

    def __delitem__(self, key: str) -> None:
        """Forget a filter and the levels that no other needs."""
        del self._values[key]
        path = [self._root]
        names = key.split("/")
        for name in names:
            path.append(path[-1].below[name])
        path[-1].filter = None
        for above, name in zip(reversed(path[:-1]), reversed(names), strict=True):
            level = above.below[name]
            if level.below or level.filter is not None:
                return
            del above.below[name]

    def matching(self, topic: str) -> list[Value]:
        """Return what belongs to the filters that match this topic."""
        names = topic.split("/")
        found: list[str] = []
        levels = [self._root]
        for place, name in enumerate(names):
            wild = place > 0 or not topic.startswith("$")
            below: list[_Level[Value]] = []
            for level in levels:
                rest = level.below.get("#") if wild else None
                if rest is not None and rest.filter is not None:
                    found.append(rest.filter)
                for wanted in (name, "+") if wild else (name,):
                    deeper = level.below.get(wanted)
                    if deeper is not None:
                        below.append(deeper)
            levels = below
        for level in levels:
            if level.filter is not None:
                found.append(level.filter)
            rest = level.below.get("#")
            if rest is not None and rest.filter is not None:
                found.append(rest.filter)
        return [self._values[one] for one in found]
