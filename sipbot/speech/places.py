"""The threads in which ears hear: few, and the same ones all the time.

An ear fills 59 MB and frees them again.  A thread for each recording filled one of glibc's heaps
after the other with that, and with as few heaps as keep the memory flat, ears waited for each other
in malloc: four at a time lost 6 % of processor (measured, docs/decisions/0011).  With threads that
stay, each has a heap of its own, and what one recording has freed is there for the next one:
nothing goes back to the system, to be fetched page by page again, before nothing is left to do.
Then all of it goes, and the threads end (`sipbot.heap`).
What must not wait for a place has a thread of its own.
"""

import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue

import structlog

from sipbot import heap

_log = structlog.get_logger()

Work = Callable[[], object]

TRIM_WORKS = 64
"""Where ears are never all idle, freed memory goes back after so many recordings: 2 to 5 ms of
processor then are nothing beside them."""


class Places:
    """So many pieces of work at the same time; the others wait their turn.

    Args:
        count: threads at most; each is started when it is first needed, and the one that was used
            last is used first, so that a quiet line needs one heap only.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        """Of the places; they end when nothing is left to do."""
        self._idle: list[SimpleQueue[Work | None]] = []
        """The one that was used last at the end."""
        self._waiting: deque[Work] = deque()
        self._done = 0
        self._beside: set[threading.Thread] = set()
        self._beside_most = 0
        """At the same time, since nothing was left to do."""

    def give(self, work: Work) -> None:
        """Have it done as soon as a place is free; returns at once.

        Args:
            work: must not raise.

        Raises:
            RuntimeError: the system has no thread for it, and no place has one.
        """
        with self._lock:
            if self._idle:
                self._idle.pop().put(work)
            elif len(self._threads) < self._count:
                inbox: SimpleQueue[Work | None] = SimpleQueue()
                inbox.put(work)
                thread = threading.Thread(target=self._serve, args=(inbox,), daemon=True)
                if self._starts(thread):
                    self._threads.append(thread)
                else:
                    self._waiting.append(work)
            else:
                self._waiting.append(work)

    def _starts(self, thread: threading.Thread) -> bool:
        """Start it; False when the system has no more threads, and one of ours will do its work."""
        try:
            thread.start()
        except RuntimeError:
            if not self._threads:
                raise
            return False
        return True

    def beside(self, work: Work) -> None:
        """Have it done at once, whoever waits for a place.

        Args:
            work: must not raise.

        Raises:
            RuntimeError: the system has no thread for it.
        """
        thread = threading.Thread(target=self._do_beside, args=(work,), daemon=True)
        with self._lock:  # it ends by asking for the lock, so not before it is counted
            thread.start()
            self._beside.add(thread)
            self._beside_most = max(self._beside_most, len(self._beside))

    def _do_beside(self, work: Work) -> None:
        """Runs in a thread of its own, which ends with the work."""
        work()
        with self._lock:
            self._beside.discard(threading.current_thread())
            self._rest([threading.current_thread()])

    def _serve(self, inbox: "SimpleQueue[Work | None]") -> None:
        """Runs in a thread of its own until nothing is left to do."""
        while (work := inbox.get()) is not None:
            while work is not None:
                work()
                work = self._next(inbox)

    def _next(self, inbox: "SimpleQueue[Work | None]") -> Work | None:
        """Return what waits; else this place is idle from now on."""
        with self._lock:
            self._done += 1
            work = self._waiting.popleft() if self._waiting else None
            if work is None:
                self._idle.append(inbox)
                self._rest([])
            give_back = self._done % TRIM_WORKS == 0
        if give_back:
            heap.give_back()
        return work

    def _rest(self, last: list[threading.Thread]) -> None:
        """When nothing is left to do: end all threads and give back what they leave; locked.

        Args:
            last: a thread that ends by itself now.
        """
        if self._beside or len(self._idle) < len(self._threads):
            return
        ended, heaps = [*self._threads, *last], len(self._threads) + self._beside_most
        for inbox in self._idle:
            inbox.put(None)
        self._idle, self._threads, self._beside_most = [], [], 0
        sweeping = threading.Thread(
            target=heap.sweep, args=(ended, min(heaps, self._count)), daemon=True
        )
        try:
            sweeping.start()
        except RuntimeError as error:  # what stays behind goes back the next time
            _log.warning("no thread to give memory back", problem=str(error))
