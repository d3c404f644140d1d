"""A shift with a whole sipbot: a caller's message, two operators' browsers, and a call back."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from sipbot.memo import Memo, Status
from sipbot.passwords import hashed
from sipbot.sip import wire
from tests.agents import Person, person
from tests.bot import Bot, running
from tests.brokers import RunningBroker
from tests.browsers import a_chromium, logged_in
from tests.consoles import PASSWORD
from tests.free_ports import free_ports
from tests.own_caller import own_call
from tests.test_calls_back import ACCOUNT, CALLER, NUMBER, PHONE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.sip,
    pytest.mark.asr,
    pytest.mark.broker,
    pytest.mark.peer,
]

expect.set_options(timeout=60_000)
"""A busy machine is slow; speed is for benchmarks/bench_console.py."""

CONSOLE = """
[console]
port = {port}
"""

OPERATOR = """
[[account]]
name = "{name}"
role = "operator"
clients = ["desk"]
password = "{password}"
"""


def a_bot(folder: Path, mosquitto: RunningBroker, models: Path, caller: Person) -> Bot:
    """Return a sipbot with a console, two operators, a trunk, and a telephone for hanako."""
    folder.mkdir()
    return Bot(folder, mosquitto.port, models, account=ACCOUNT.format(port=caller.port))


def with_console(bot: Bot, operator: Person) -> str:
    """Add what the console needs; return where it is reached."""
    port, known = free_ports(), hashed(PASSWORD)
    with (bot.folder / "config.toml").open("a", encoding="utf-8") as config:
        config.write(CONSOLE.format(port=port) + PHONE.format(port=operator.port))
    accounts = bot.folder / "accounts.toml"
    tables = (OPERATOR.format(name=name, password=known) for name in ("hanako", "taro"))
    accounts.write_text("".join(tables), encoding="utf-8")
    accounts.chmod(0o600)
    return f"http://127.0.0.1:{port}"


async def takes_it_and_listens(hanako: Page, memo: Memo) -> None:
    await hanako.click(f"#memo-{memo.id} .who a")
    await hanako.click("#play")
    await expect(hanako.locator("#at")).to_have_text(re.compile("0:0[1-9]"))
    await hanako.click("button[data-key-for=c]")
    await expect(hanako.locator("#told")).to_contain_text("The memo is yours.")


async def test_message_of_a_caller_is_heard_called_back_and_closed_and_a_colleague_sees_it(
    mosquitto: RunningBroker, vosk_models: Path, tmp_path: Path, message_wav: Path
) -> None:
    (tmp_path / "operator").mkdir()
    async with person(tmp_path / "operator") as operator, person(tmp_path) as caller:
        bot = a_bot(tmp_path / "bot", mosquitto, vosk_models, caller)
        url = with_console(bot, operator)
        async with running(bot), a_chromium() as chromium:
            await bot.logged("console")
            hanako = await logged_in(chromium, url, "hanako")
            taro = await logged_in(chromium, url, "taro")
            said = {"wav": str(message_wav), "keys": "#"}
            await own_call(bot, CALLER, "desk", heard=tmp_path / "heard.wav", **said)
            memo = await bot.memo(CALLER)
            row, history = taro.locator(f"#memo-{memo.id}"), taro.locator("#history")
            await expect(row).to_have_count(1)

            await takes_it_and_listens(hanako, memo)
            await expect(row).to_contain_text("hanako, until")
            await taro.click(f"#memo-{memo.id} .who a")

            await hanako.click(f"button[name=number][value='{NUMBER}']")
            await operator.answer()
            await caller.answer()
            await expect(history).to_contain_text("the caller has answered")
            caller.parent.say(wire.HangUp(call=caller.call))
            await operator.parent.next(wire.Ended)
            await expect(history).to_contain_text("the call back is over")

            await expect(hanako.locator("#history")).to_contain_text("the call back is over")
            await hanako.click("button[value=reached]")
            await expect(history).to_contain_text("called back: reached")
            await hanako.click("button[data-key-for=d]")
            await expect(history).to_contain_text("closed")
            (after,) = bot.memos()
    assert (Status.DONE, "reached") == (after.status, after.result)
