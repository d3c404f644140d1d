"""The console's JSON interface: as it is described, and without a server error whatever is sent."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from sipbot.command import VERBS
from sipbot.console.api import HTTP_OF, Verb
from sipbot.console.gate import Gate
from sipbot.console.sessions import csrf_of
from sipbot.console.web import build
from sipbot.console_link import site
from tests.console_app import URL, Desk, a_desk
from tests.consoles import a_status, memo_for

Case = Any
"""Of schemathesis, whose types ask for arguments that it does not name."""

HANAKO = 'name = "hanako"\nrole = "operator"\nclients = ["yamato"]'
BOSS = 'name = "boss"\nrole = "admin"\nclients = ["*"]'

EXAMPLES = 20
"""Requests of each kind to each operation: some 200 in a few seconds."""


def cases(description: dict[str, Any], mode: GenerationMode) -> list[Case]:
    """Return requests that schemathesis makes up from the description."""
    made = list[Case]()
    operations: Any = schemathesis.openapi.from_dict(description).get_all_operations()
    for operation in operations:

        @settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.ok().as_strategy(generation_mode=mode))
        def collect(case: Case) -> None:
            made.append(case)

        # What has neither parameters nor body cannot be asked for wrongly.
        with contextlib.suppress(Unsatisfiable):
            collect()
    return made


def sent(case: Case, memo: str, token: str) -> Iterator[httpx.Request]:
    """Yield the request as it goes out, and once more about a memo that exists."""
    wanted = case.as_transport_kwargs(base_url=URL)
    try:
        ready = requests.Request(
            wanted["method"],
            wanted["url"],
            params=wanted.get("params"),
            json=wanted.get("json"),
            data=wanted.get("data"),
        ).prepare()
    except (ValueError, TypeError):
        return  # nobody can send it
    headers = {
        "Cookie": f"sipbot={token}",
        "Origin": URL,
        "X-CSRF-Token": csrf_of(token),
        "Content-Type": wanted["headers"].get("Content-Type", "application/json"),
    }
    assert ready.url is not None
    body = ready.body.encode() if isinstance(ready.body, str) else ready.body
    assert body is None or isinstance(body, bytes)
    yield httpx.Request(wanted["method"], ready.url, headers=headers, content=body)
    url = httpx.URL(ready.url)
    parts = url.raw_path.split(b"/")
    if len(parts) > 3:
        about = b"/".join((*parts[:3], memo.encode(), *parts[4:]))
        url = url.copy_with(raw_path=about)
        yield httpx.Request(wanted["method"], url, headers=headers, content=body)


async def answers(desk: Desk, name: str, mode: GenerationMode, memo: str) -> Counter[int]:
    accounts = desk.parts.accounts.now()
    account = accounts.get(name)
    assert account is not None
    token = desk.parts.sessions.begin(account, accounts)
    clock = iter(range(0, 10**9, 10))
    web = build(desk.parts)
    gate = Gate(web, desk.parts.settings, lambda: float(next(clock)))
    codes = Counter[int]()
    transport = httpx.ASGITransport(gate, client=("127.0.0.1", 40_000))
    async with httpx.AsyncClient(transport=transport, base_url=URL) as http:
        for case in cases(web.openapi(), mode):
            for request in sent(case, memo, token):
                codes[(await http.send(request)).status_code] += 1
    return codes


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
async def test_nothing_that_is_sent_makes_a_server_error(
    tmp_path: Path, mode: GenerationMode
) -> None:
    memo = memo_for("yamato")
    async with a_desk(tmp_path, [HANAKO, BOSS], [memo]) as desk:
        desk.parts.hub.tell(site(await a_status()))
        codes = await answers(desk, "boss", mode, memo.id)
    assert 50 <= codes.total(), codes
    assert set() == {code for code in codes if code >= 500}


async def test_description_is_for_those_who_are_logged_in(tmp_path: Path) -> None:
    async with a_desk(tmp_path, [HANAKO]) as desk, desk.browser("hanako") as browser:
        inside = await browser.get("/api/openapi.json")
        browser.http.cookies.clear()
        outside = await browser.get("/api/openapi.json")
    assert (200, 401) == (inside.status_code, outside.status_code)
    described = inside.json()["paths"]
    assert "/api/memos/{memo}/{verb}" in described
    assert [] == [path for path in described if not path.startswith("/api/")]


async def test_command_is_obeyed_once_and_the_second_is_told_who_holds_the_memo(
    tmp_path: Path,
) -> None:
    memo = memo_for("yamato")
    async with a_desk(tmp_path, [HANAKO, HANAKO.replace("hanako", "jiro")], [memo]) as desk:
        told = list[tuple[int, str, str]]()
        for name in ("hanako", "jiro"):
            async with desk.browser(name) as browser:
                answer = await browser.http.post(
                    f"/api/memos/{memo.id}/claim",
                    json={},
                    headers={"X-CSRF-Token": browser.csrf},
                )
                said = answer.json()
                told.append((answer.status_code, said["status"], said["holder"]))
    assert [(200, "accepted", "hanako"), (409, "conflict", "hanako")] == told


def test_every_verb_and_every_answer_of_the_bus_is_here() -> None:
    assert set(VERBS) == set(Verb.__args__)  # type: ignore[attr-defined]  # of a Literal
    assert {"accepted", "conflict", "rejected", "expired"} == set(HTTP_OF)
