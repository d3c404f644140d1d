"""Accounts: what each role may do, and what accounts.toml may say."""

from itertools import product
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.accounts import EVERY, OF_THE_SITE, Account, Accounts, Right, Role, may
from sipbot.accounts_file import ACCOUNTS_MAX, AccountsFile, read_accounts
from sipbot.bus_password import new_hash
from sipbot.errors import AccountsError

ARGON = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43
ROLES: tuple[Role, ...] = get_args(Role)
RIGHTS: tuple[Right, ...] = get_args(Right)
OF_CLIENTS = [right for right in RIGHTS if right not in OF_THE_SITE]

HANAKO = """[[account]]
name = "hanako"
role = "operator"
clients = ["yamato", "sato-law"]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "accounts.toml"
    path.write_text(text, encoding="utf-8")
    return path


def mistakes_of(folder: Path, text: str) -> str:
    with pytest.raises(AccountsError) as caught:
        read_accounts(written(folder, text))
    return str(caught.value)


def account(role: Role, *clients: str, masked: bool = False) -> Account:
    return Account(name="hanako", role=role, clients=clients, masked=masked)


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        ("viewer", {"see", "listen", "live"}),
        ("operator", {"see", "listen", "live", "act"}),
        ("lead", {"see", "listen", "live", "act", "plans", "export"}),
        ("admin", set(OF_CLIENTS)),
    ],
)
def test_role_may_with_its_clients_what_the_table_says(role: Role, rights: set[str]) -> None:
    assert rights == {what for what in OF_CLIENTS if may(account(role, "yamato"), what, "yamato")}


@pytest.mark.parametrize(("role", "what"), list(product(ROLES, OF_CLIENTS)))
def test_nobody_may_anything_with_another_client(role: Role, what: Right) -> None:
    assert not may(account(role, "yamato"), what, "sato-law")


@pytest.mark.parametrize(("role", "what"), list(product(ROLES, OF_CLIENTS)))
def test_right_of_a_client_is_not_given_for_no_client(role: Role, what: Right) -> None:
    assert not may(Account(name="hanako", role=role, clients=EVERY), what)


@pytest.mark.parametrize("role", ROLES)
def test_only_an_admin_sees_the_system(role: Role) -> None:
    assert (role == "admin") == may(account(role, "yamato"), "system")


@pytest.mark.parametrize("what", ["live", "act", "plans", "export"])
def test_masked_admin_gets_nothing_that_shows_a_number(what: Right) -> None:
    assert not may(account("admin", "yamato", masked=True), what, "yamato")


@given(st.sampled_from(ROLES), st.sampled_from(OF_CLIENTS), st.from_regex(r"[a-z]{1,9}"))
def test_account_of_every_client_may_what_one_of_that_client_may(
    role: Role, what: Right, client: str
) -> None:
    every = Account(name="hanako", role=role, clients=EVERY)
    assert may(account(role, client), what, client) == may(every, what, client)


def test_file_gives_the_accounts_in_their_order(tmp_path: Path) -> None:
    taro = '[[account]]\nname = "taro"\nrole = "admin"\nclients = ["*"]\nextension = "201"\n'
    expected = [
        Account(name="hanako", role="operator", clients=("yamato", "sato-law")),
        Account(name="taro", role="admin", clients=EVERY, extension="201"),
    ]
    assert expected == list(read_accounts(written(tmp_path, HANAKO + taro)))


def test_file_gives_the_hashes_beside_the_accounts(tmp_path: Path) -> None:
    bus = new_hash("word")
    text = f'{HANAKO}password = "{ARGON}"\nbus_password = "{bus}"\n'
    found = read_accounts(written(tmp_path, text))
    assert (ARGON, bus) == (found.password_of("hanako"), found.bus_password_of("hanako"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('password = "secret"', "5:1: account[0].password = (hidden): is not an argon2id hash"),
        ('bus_password = "$6$a$b"', "bus_password = (hidden): is not the hash of a bus password"),
        ("masked = true", "5:1: account[0].masked = true: leaves no number to call back"),
        ('extension = "call me"', "is neither a telephone number nor a SIP URI"),
        ('lang = "ja"', "Did you mean language?"),
        ('language = "fr"', 'Write one of "", "en", "ja"'),
    ],
)
def test_mistake_names_place_value_and_remedy(tmp_path: Path, line: str, said: str) -> None:
    assert said in mistakes_of(tmp_path, f"{HANAKO}{line}\n")


@pytest.mark.parametrize(
    ("clients", "said"),
    [
        ('["*", "yamato"]', "4:1: account[0].clients"),
        ("[]", "is empty, so there is nothing to see"),
        ('["Yamato"]', "does not have the right form"),
    ],
)
def test_clients_that_make_no_sense_are_a_mistake(tmp_path: Path, clients: str, said: str) -> None:
    assert said in mistakes_of(tmp_path, HANAKO.replace('["yamato", "sato-law"]', clients))


def test_all_mistakes_are_said_at_once(tmp_path: Path) -> None:
    text = HANAKO.replace("operator", "boss").replace("hanako", "sipbot")
    assert 2 == len(mistakes_of(tmp_path, text).splitlines())


def test_name_that_stands_twice_is_a_mistake_at_the_second(tmp_path: Path) -> None:
    assert "accounts.toml:6:1: account[1].name" in mistakes_of(tmp_path, HANAKO * 2)


def test_secret_with_a_misspelt_key_is_not_repeated(tmp_path: Path) -> None:
    assert "hunter2" not in mistakes_of(tmp_path, f'{HANAKO}pasword = "hunter2"\n')


def test_missing_file_is_said_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(AccountsError, match=r"accounts\.toml.*cannot be read"):
        read_accounts(tmp_path / "accounts.toml")


def replaced(path: Path, text: str) -> None:
    """As an editor does it: a new file under the old name."""
    other = path.with_suffix(".new")
    other.write_text(text, encoding="utf-8")
    other.replace(path)


def test_changed_file_is_in_force_at_the_next_look(tmp_path: Path) -> None:
    file = AccountsFile(written(tmp_path, HANAKO))
    replaced(file.path, HANAKO.replace("hanako", "taro"))
    assert ["taro"] == [one.name for one in file.now()]


def test_file_that_was_spoilt_leaves_the_last_good_form_in_force(tmp_path: Path) -> None:
    file = AccountsFile(written(tmp_path, HANAKO))
    replaced(file.path, "[[account")
    names = [one.name for one in file.now()]
    assert (["hanako"], True) == (names, file.trouble is not None)


def test_file_that_was_wrong_from_the_start_lets_nobody_in(tmp_path: Path) -> None:
    file = AccountsFile(written(tmp_path, "[[account"))
    assert (0, True) == (len(file.now()), file.trouble is not None)


def test_unknown_name_has_no_account_and_no_hashes() -> None:
    nobody = Accounts()
    expected = (None, "", "")
    found = (nobody.get("x"), nobody.password_of("x"), nobody.bus_password_of("x"))
    assert expected == found


def test_as_many_accounts_as_there_may_be_fit_into_the_file(tmp_path: Path) -> None:
    bus = new_hash("secret")
    table = f'''[[account]]
name = "{{name}}"
role = "operator"
clients = ["yamato", "wakaba-law", "northgate"]
language = "ja"
extension = "201"
password = "{ARGON}"
bus_password = "{bus}"

'''
    text = "".join(table.replace("{name}", f"operator-{n:04}") for n in range(ACCOUNTS_MAX))
    assert ACCOUNTS_MAX == len(read_accounts(written(tmp_path, text)))
