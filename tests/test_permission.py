"""Who may send a command: the name in its topic, the name in `by`, and the accounts."""

import pytest

from sipbot.accounts import EVERY, Account, Accounts
from sipbot.command import Refused, Request, read
from sipbot.decision import refuse
from sipbot.permission import permitted
from tests.commands import a_request, payload
from tests.memo_samples import AT, MEMO_ID

ACCOUNTS = Accounts(
    [
        Account(name="hanako", role="operator", clients=("yamato",)),
        Account(name="ichiro", role="operator", clients=("sato-law",)),
        Account(name="visitor", role="viewer", clients=EVERY),
    ]
)


def code(request: Request | Refused) -> str | None:
    return request.code if isinstance(request, Refused) else None


@pytest.mark.parametrize("sender", [None, "hanako"])
def test_command_of_an_account_that_may_act_is_permitted(sender: str | None) -> None:
    request = a_request("claim", by="hanako")
    assert request is permitted(request, sender, ACCOUNTS)


@pytest.mark.parametrize("by", ["ichiro", "visitor", "nobody"])
def test_command_of_whoever_may_not_act_for_this_client_is_forbidden(by: str) -> None:
    assert "forbidden" == code(permitted(a_request("claim", by=by), None, ACCOUNTS))


@pytest.mark.parametrize("accounts", [None, ACCOUNTS])
def test_command_in_the_name_of_another_is_forbidden(accounts: Accounts | None) -> None:
    assert "forbidden" == code(permitted(a_request("claim", by="hanako"), "taro", accounts))


def test_without_accounts_the_broker_alone_decides() -> None:
    request = a_request("claim", by="anybody")
    assert request is permitted(request, None, None)


def test_answer_does_not_tell_whether_an_account_exists() -> None:
    def words(by: str) -> str:
        found = permitted(a_request("claim", by=by), None, ACCOUNTS)
        assert isinstance(found, Refused)
        return found.problem.replace(by, "")

    assert words("ichiro") == words("nobody")


def test_forbidden_command_is_answered_with_its_code() -> None:
    found = permitted(a_request("claim", by="nobody"), None, ACCOUNTS)
    assert isinstance(found, Refused)
    answer = refuse(found, AT)
    assert ("rejected", "forbidden", "r1") == (answer.status, answer.code, answer.req)
    assert ("nobody", MEMO_ID) == (answer.by, answer.memo)


def test_command_that_cannot_be_used_says_so_first() -> None:
    found = read("yamato", "claim", payload(lease_s=1))
    assert found is not None
    assert "bad_field" == code(permitted(found, "taro", ACCOUNTS))
