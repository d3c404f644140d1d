"""What goes wrong in the parts, as alerts: which id, which words, which remedy.

Every method is called in the event loop, by the part that its name says.
"""

from collections.abc import Callable

from sipbot.outbox import MAX_REFUSALS


class Troubles:
    """Tells alerts.

    Args:
        tell: id, problem (None when it is over), remedy.
    """

    def __init__(self, tell: Callable[[str, str | None, str], None]) -> None:
        self._trouble = tell

    def looping(self, name: str) -> Callable[[int], None]:
        """Return what a child's keeper tells of short lives; 0 lives when one was long enough."""
        return lambda lives: self._trouble(
            f"crash-loop-{name}",
            f"{name} died {lives} times in a row" if lives else None,
            "See the log for its words",
        )

    def memo_unreadable(self, memos: list[str]) -> None:
        """The ledger has memos that this release cannot read."""
        problem = f"cannot be read and is left out everywhere: {', '.join(memos)}"
        self._trouble("memo-unreadable", problem, "sipbot ledger check; bring a backup back")

    def dead_letters(self, number: int) -> None:
        """The outbox has put so many deliveries aside."""
        problem = f"refused {MAX_REFUSALS} times and put aside: {number} deliveries"
        remedy = "sipbot outbox list --dead says why; sipbot outbox retry --all tries again"
        self._trouble("dead-letter", problem if number else None, remedy)

    def ledger(self, problem: str | None) -> None:
        """The outbox cannot use the ledger."""
        self._trouble("ledger", problem, "Is the disk full, or another program writing there?")

    def commands_refused(self, problem: str | None) -> None:
        """The broker does not let the feed read commands."""
        remedy = "sipbot must read client/+/cmd/+: see the ACL in docs/mqtt.md, then start it again"
        self._trouble("commands-refused", problem, remedy)

    def broker_full(self, most: int | None) -> None:
        """The embedded broker takes so many programs and turns others away.

        0: those that it turns away do not even say who they are; None: it is over.
        """
        problem = f"the embedded broker turns programs away: it takes {most} at once"
        remedy = (
            "End programs that connect again and again, raise mqtt.max_connections, "
            "or use a broker of your own (docs/mqtt.md)"
        )
        if most == 0:
            problem = "the embedded broker closes connections: too many do not say who they are"
            remedy = "Find the program that opens them (ss -tnp) and end it"
        self._trouble("broker-full", None if most is None else problem, remedy)

    def command_failed(self, problem: str) -> None:
        """The desk has given a command up."""
        remedy = "Report it with the log; this alert ends with the next start"
        self._trouble("command-failed", problem, remedy)
