"""The figures for Prometheus, over HTTP on 127.0.0.1; only importer of prometheus_client.

The server's threads see one immutable `Status`, which the event loop replaces; they ask nobody.
What was not measured is left out, so that no graph shows a zero that never was.
"""

import threading
from collections.abc import Iterator
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from sipbot.status import Status

ADDRESS = "127.0.0.1"
"""Names of clients are in no metric, but their traffic is nobody's business on the network."""

STATES = ("ready", "degraded", "full", "stopping")


class Metrics:
    """Serves the last status it was given.

    Args:
        port: TCP port on 127.0.0.1; 0 lets the system choose (tests).
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self._collector = _Last()
        self._server: WSGIServer | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen, in threads of its own.

        Raises:
            OSError: the port cannot be had.
        """
        registry = CollectorRegistry()
        registry.register(self._collector)
        self._server, self._thread = start_http_server(self.port, addr=ADDRESS, registry=registry)
        self.port = self._server.server_port

    def stop(self) -> None:
        """Stop listening; harmless when it never began."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def show(self, status: Status) -> None:
        """Replace what is served. Called in the event loop; the server's threads read it."""
        self._collector.status = status


class _Last(Collector):
    """Turns the last status into metrics."""

    def __init__(self) -> None:
        self.status: Status | None = None

    # Runs in a thread of the HTTP server, one for each request.
    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; none before the first status."""
        status = self.status
        if status is not None:
            yield from _of_site(status)
            yield from _of_ledger(status)
            yield from _of_children(status)


def _of_site(status: Status) -> Iterator[Metric]:
    numbers = status.numbers
    about = {"version": status.version, "site": status.site, "boot": status.boot}
    yield InfoMetricFamily("sipbot", "Release and start of this sipbot.", about)
    state = GaugeMetricFamily("sipbot_state", "1 for the state the site is in.", labels=["state"])
    for name in STATES:
        state.add_metric([name], float(name == status.state))
    yield state
    for name, meaning, value in (
        ("start_time_seconds", "When this sipbot was started.", status.started_at.timestamp()),
        ("status_time_seconds", "When these figures were read.", status.at.timestamp()),
        ("broker_connected", "1 while the MQTT broker is connected.", status.broker_connected),
        ("lines", "Calls that can be up at the same time.", numbers.lines),
        ("lines_in_use", "Calls that are up.", numbers.lines_in_use),
        (
            "recognition_backlog_seconds",
            "Audio on disk that is still to be read.",
            numbers.recognition_backlog_s,
        ),
        (
            "deliveries_waiting",
            "Memo revisions and answers the broker has not acknowledged.",
            numbers.deliveries_waiting,
        ),
        ("dead_letters", "Those that nobody tries any more.", numbers.dead_letters),
        (
            "oldest_undelivered_memo_seconds",
            "Age of the oldest of them; 0 when none waits.",
            numbers.oldest_undelivered_s,
        ),
        ("disk_free_bytes", "Free space of the disk of var.", numbers.disk_free_bytes),
        (
            "quotas_warned",
            "Clients who have used most of this month's calls.",
            numbers.quotas_warned,
        ),
        (
            "quotas_used_up",
            "Clients who have used all of this month's calls.",
            numbers.quotas_used_up,
        ),
    ):
        if value is not None:
            yield GaugeMetricFamily(f"sipbot_{name}", meaning, value=float(value))


def _of_ledger(status: Status) -> Iterator[Metric]:
    if status.counts is None:
        return
    calls = CounterMetricFamily("sipbot_calls", "Ended calls by end state.", labels=["state"])
    for end_state, number in status.counts.calls.items():
        calls.add_metric([end_state.value], number)
    yield calls
    memos = GaugeMetricFamily("sipbot_memos", "Memos by status.", labels=["status"])
    for memo_status, number in status.counts.memos.items():
        memos.add_metric([memo_status.value], number)
    yield memos


def _of_children(status: Status) -> Iterator[Metric]:
    up = GaugeMetricFamily("sipbot_child_up", "1 while the process lives.", labels=["child"])
    memory = GaugeMetricFamily(
        "sipbot_child_resident_memory_bytes", "Resident memory of a process.", labels=["child"]
    )
    restarts = CounterMetricFamily(
        "sipbot_child_restarts", "Restarts since sipbot was started.", labels=["child"]
    )
    for child in status.children:
        up.add_metric([child.name], float(child.pid is not None))
        if child.rss_bytes is not None:
            memory.add_metric([child.name], child.rss_bytes)
        if child.restarts is not None:
            restarts.add_metric([child.name], child.restarts)
    yield from (up, memory, restarts)
