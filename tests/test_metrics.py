"""What Prometheus reads, over HTTP."""

import urllib.request
from collections.abc import Iterator

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from sipbot.memo import Status as MemoStatus
from sipbot.metrics import Metrics
from sipbot.records import EndState
from sipbot.status import ChildStatus, Counts, Status
from sipbot.topics import Numbers
from tests.memo_samples import AT

STATUS = Status(
    site="osaka",
    version="0.1.0",
    boot="b1",
    started_at=AT,
    at=AT,
    state="degraded",
    reasons=("agent 1 is not running",),
    since=AT,
    broker_connected=True,
    numbers=Numbers(
        lines=8,
        lines_in_use=3,
        recognition_backlog_s=12.5,
        deliveries_waiting=2,
        dead_letters=1,
        oldest_undelivered_s=7.0,
        disk_free_bytes=1 << 30,
        quotas_warned=2,
        quotas_used_up=1,
    ),
    counts=Counts(
        at=AT,
        memos={MemoStatus.OPEN: 4},
        calls={EndState.MEMO: 5, EndState.NO_MESSAGE: 0},
        calls_today={},
        today_since=AT,
    ),
    children=(
        ChildStatus(name="main", pid=1, rss_bytes=1000, restarts=None),
        ChildStatus(name="agent-1", pid=None, rss_bytes=None, restarts=2),
    ),
)


@pytest.fixture
def metrics() -> Iterator[Metrics]:
    served = Metrics(0)
    served.start()
    yield served
    served.stop()


def scrape(metrics: Metrics) -> dict[str, float]:
    """Every sample by its name, a label's value in brackets behind it."""
    with urllib.request.urlopen(f"http://127.0.0.1:{metrics.port}/metrics") as answer:
        text = answer.read().decode()
    return {
        sample.name + "".join(f"[{value}]" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_scrape_of_a_status_has_every_figure_in_base_units(metrics: Metrics) -> None:
    metrics.show(STATUS)
    assert {
        "sipbot_info[b1][osaka][0.1.0]": 1.0,
        "sipbot_state[ready]": 0.0,
        "sipbot_state[degraded]": 1.0,
        "sipbot_state[full]": 0.0,
        "sipbot_state[stopping]": 0.0,
        "sipbot_start_time_seconds": AT.timestamp(),
        "sipbot_status_time_seconds": AT.timestamp(),
        "sipbot_broker_connected": 1.0,
        "sipbot_quotas_warned": 2.0,
        "sipbot_quotas_used_up": 1.0,
        "sipbot_lines": 8.0,
        "sipbot_lines_in_use": 3.0,
        "sipbot_recognition_backlog_seconds": 12.5,
        "sipbot_deliveries_waiting": 2.0,
        "sipbot_dead_letters": 1.0,
        "sipbot_oldest_undelivered_memo_seconds": 7.0,
        "sipbot_disk_free_bytes": float(1 << 30),
        "sipbot_calls_total[memo]": 5.0,
        "sipbot_calls_total[no_message]": 0.0,
        "sipbot_memos[open]": 4.0,
        "sipbot_child_up[main]": 1.0,
        "sipbot_child_up[agent-1]": 0.0,
        "sipbot_child_resident_memory_bytes[main]": 1000.0,
        "sipbot_child_restarts_total[agent-1]": 2.0,
    } == scrape(metrics)


def test_scrape_leaves_out_what_was_not_measured(metrics: Metrics) -> None:
    blind = Numbers(lines=4, lines_in_use=0)
    metrics.show(msgspec.structs.replace(STATUS, numbers=blind, counts=None))
    found = scrape(metrics)
    assert not [name for name in found if "backlog" in name or "calls" in name or "disk" in name]


def test_scrape_before_the_first_status_is_empty(metrics: Metrics) -> None:
    assert {} == scrape(metrics)


def test_scrape_serves_the_latest_status(metrics: Metrics) -> None:
    metrics.show(STATUS)
    metrics.show(msgspec.structs.replace(STATUS, numbers=Numbers(lines=8, lines_in_use=8)))
    assert 8.0 == scrape(metrics)["sipbot_lines_in_use"]


def test_second_server_on_a_port_says_that_it_cannot(metrics: Metrics) -> None:
    with pytest.raises(OSError, match="in use"):
        Metrics(metrics.port).start()
