"""Which form of a client's file is in force: at a start, and after every change."""

import hashlib
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.dialplan import Dialplans
from sipbot.dialplan_judge import begin, drive, take
from sipbot.errors import DialplanError
from sipbot.in_force import Changes, InForce, alert_of, own_prompts, rather_than_nobody, told
from sipbot.last_good import LastGood, Mark
from sipbot.patterns import NumberIndex, overlap
from sipbot.topics import ID
from tests.clients import BEEP

AT = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
LATER = AT + timedelta(hours=1)

FILE = """schema = 1
client = "{client}"
say_name = "{client}"
numbers = [{numbers}]
language = "ja"

[answer]
after_s = {after_s}
greeting = "{greeting}"
thanks = "builtin:ja/thanks"
"""
FAILING_TEST = """
[[test]]
at = 2026-09-24T10:00:00
expect = { outcome = "transferred" }
"""


class Site:
    """A folder of dialplans, and what is kept of it."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "dialplans"
        (self.folder / "prompts").mkdir(parents=True)
        self.kept = LastGood(home / "var" / "dialplans")
        self.prompt("hello")

    def write(
        self,
        client: str,
        *numbers: str,
        after_s: int = 0,
        greeting: str = "hello.wav",
        more: str = "",
    ) -> str:
        """Write a client's file and return its name."""
        listed = ", ".join(f'"{number}"' for number in numbers or (client,))
        text = FILE.format(client=client, numbers=listed, after_s=after_s, greeting=greeting) + more
        (self.folder / f"{client}.toml").write_text(text, encoding="utf-8")
        return client

    def spoil(self, client: str) -> str:
        """Make a client's file wrong: in line 8, column 1."""
        path = self.folder / f"{client}.toml"
        path.write_text(path.read_text("utf-8").replace("after_s", "afer_s"), encoding="utf-8")
        return client

    def defaults(self, text: str) -> str:
        (self.folder / "_defaults.toml").write_text(f"schema = 1\n{text}", encoding="utf-8")
        return "_defaults"

    def prompt(self, name: str) -> None:
        shutil.copy(BEEP, self.folder / "prompts" / f"{name}.wav")

    def begin(self, at: datetime = AT) -> InForce:
        """Start, and keep what is in force."""
        return self.keep(begin(self.folder, "JP", self.kept, at))

    def take(self, now: InForce, *files: str, at: datetime = LATER, **more: set[str]) -> InForce:
        """Take a change, and keep what is in force."""
        changes = Changes(
            files=frozenset(files), **{key: frozenset(value) for key, value in more.items()}
        )
        return self.keep(drive(take(now, changes, self.kept, at)))

    def keep(self, now: InForce) -> InForce:
        texts = {name: text for name, text in now.unkept.items() if text}
        self.kept.keep(texts)
        plans = [plan for name in texts if (plan := now.plans.of(name))]
        self.kept.prompts.keep({plan.client: own_prompts(plan) for plan in plans})
        marks = {alert_of(name): Mark(since=each.since) for name, each in now.refused.items()}
        self.kept.mark(marks, self.kept.marks().keys() - marks.keys())
        return now

    def sha256(self, client: str) -> str:
        return hashlib.sha256((self.folder / f"{client}.toml").read_bytes()).hexdigest()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def after_s(now: InForce, client: str) -> float | None:
    plan = now.plans.of(client)
    return plan.answer.after_s if plan else None


def first(now: InForce, name: str) -> str:
    return str(now.refused[name].mistakes[0])


# -- changes -------------------------------------------------------------------------------------


def test_changed_file_is_in_force_and_its_hash_is_that_of_its_bytes(site: Site) -> None:
    now = site.begin() if site.write("sato") else None
    assert now is not None

    now = site.take(now, site.write("sato", after_s=5))

    assert (5, site.sha256("sato")) == (after_s(now, "sato"), now.form("sato"))


def test_new_client_is_in_force_and_found_by_its_number(site: Site) -> None:
    site.write("sato")
    now = site.take(site.begin(), site.write("tanaka", "0312345678"))

    found = now.plans.find("+81312345678")
    assert found is not None
    assert "tanaka" == found.client


def test_broken_file_leaves_the_last_good_form_in_force_and_tells_since_when(site: Site) -> None:
    site.write("sato", after_s=5)
    good = site.begin()
    now = site.take(good, site.spoil("sato"), at=LATER)
    again = site.take(now, site.spoil("sato"), at=LATER + timedelta(hours=1))

    assert good.plans.of("sato") is now.plans.of("sato")
    assert LATER == now.refused["sato"].since == again.refused["sato"].since
    assert f"{site.folder / 'sato.toml'}:8:1: answer.afer_s = 5" in first(now, "sato")


def test_file_whose_own_test_fails_leaves_the_last_good_form_in_force(site: Site) -> None:
    site.write("sato", after_s=5)
    now = site.take(site.begin(), site.write("sato", after_s=9, more=FAILING_TEST))

    assert 5 == after_s(now, "sato")
    assert f'{site.folder / "sato.toml"}:14:12: test[0].expect.outcome = "transferred"' in first(
        now, "sato"
    )


def test_mended_file_is_in_force_and_nothing_is_told_of_it(site: Site) -> None:
    site.write("sato")
    now = site.take(site.begin(), site.spoil("sato"))
    now = site.take(now, site.write("sato", after_s=7))

    assert (7, {}) == (after_s(now, "sato"), now.refused)


def test_removed_file_takes_its_client_and_numbers_out(site: Site) -> None:
    site.write("sato")
    site.write("tanaka")
    now = site.begin()
    (site.folder / "sato.toml").unlink()
    now = site.take(now, removed={"sato"})

    assert (None, None) == (now.plans.of("sato"), now.plans.find("sato"))
    assert now.plans.find("tanaka")


def test_removed_broken_file_is_no_longer_told(site: Site) -> None:
    site.write("sato")
    site.write("tanaka")
    now = site.take(site.begin(), site.spoil("sato"))

    assert {} == site.take(now, removed={"sato"}).refused


# -- prompts -------------------------------------------------------------------------------------


def test_spoilt_prompt_is_told_of_the_clients_who_play_it_and_of_nobody_else(site: Site) -> None:
    site.prompt("other")
    site.write("sato")
    site.write("tanaka", greeting="other.wav")
    now = site.begin()
    (site.folder / "prompts" / "hello.wav").write_bytes(b"RIFF but nothing else")

    now = site.take(now, prompts={"hello.wav"})

    assert ["sato"] == list(now.refused)
    assert "hello.wav" in first(now, "sato")


def test_prompt_that_was_missing_puts_the_file_in_force_when_it_comes(site: Site) -> None:
    site.write("sato")
    now = site.take(site.begin(), site.write("sato", greeting="new.wav"))
    assert ["sato"] == list(now.refused)
    site.prompt("new")

    now = site.take(now, prompts={"new.wav"})

    assert {} == now.refused
    assert now.form("sato") == site.sha256("sato")


def heard(now: InForce, client: str) -> bytes:
    """What the greeting of a client in force sounds like."""
    plan = now.plans.of(client)
    return plan.greeting.read_bytes() if plan and plan.greeting.is_file() else b""


def test_start_with_a_broken_file_and_a_broken_prompt_answers_with_the_kept_prompt(
    site: Site,
) -> None:
    site.write("sato")
    site.begin()
    site.spoil("sato")
    (site.folder / "prompts" / "hello.wav").write_bytes(b"no sound")

    assert BEEP.read_bytes() == heard(site.begin(), "sato")


def test_start_with_a_prompt_that_is_gone_answers_with_the_kept_prompt_and_says_so(
    site: Site,
) -> None:
    site.write("sato")
    site.begin()
    (site.folder / "prompts" / "hello.wav").unlink()

    now = site.begin()

    assert BEEP.read_bytes() == heard(now, "sato")
    assert "hello.wav" in first(now, "sato")


def test_prompt_that_is_spoilt_while_calls_come_is_heard_as_it_was(site: Site) -> None:
    site.write("sato")
    now = site.begin()
    (site.folder / "prompts" / "hello.wav").write_bytes(b"no sound")
    now = site.take(now, prompts={"hello.wav"})
    spoilt = heard(now, "sato")
    site.prompt("hello")
    now = site.take(now, prompts={"hello.wav"})

    assert [BEEP.read_bytes()] * 2 == [spoilt, heard(now, "sato")]
    assert {} == now.refused
    assert site.folder / "prompts" / "hello.wav" == own_prompts(now.plans.all[0])["hello.wav"]


def test_kept_prompt_of_another_client_is_never_heard(site: Site) -> None:
    site.write("tanaka")
    site.begin()
    site.write("sato", greeting="other.wav")
    site.write("suzuki")
    (site.folder / "prompts" / "hello.wav").unlink()

    now = site.begin()

    assert ["tanaka"] == [plan.client for plan in now.plans.all]


# -- numbers -------------------------------------------------------------------------------------


def test_number_of_a_client_in_force_is_not_given_to_another(site: Site) -> None:
    site.write("sato", "0312345678")
    site.write("tanaka")
    now = site.take(site.begin(), site.write("tanaka", "tanaka", "03-1234-56XX"))

    assert ["tanaka"] == list(now.refused)
    assert f"{site.folder / 'tanaka.toml'}:4:22" in first(now, "tanaka")
    assert f"{site.folder / 'sato.toml'}:4" in first(now, "tanaka")
    assert now.plans.find("0312345678") is now.plans.of("sato")
    assert now.plans.find("tanaka") is now.plans.of("tanaka")


def test_number_that_two_files_claim_at_once_is_given_to_neither(site: Site) -> None:
    site.write("sato", "sato", after_s=1)
    site.write("tanaka", "tanaka", after_s=2)
    now = site.begin()
    site.write("sato", "sato", "0312345678")
    site.write("tanaka", "tanaka", "0312345678")

    now = site.take(now, "sato", "tanaka")

    assert {"sato", "tanaka"} == now.refused.keys()
    assert "tanaka.toml:4" in first(now, "sato")
    assert "sato.toml:4" in first(now, "tanaka")
    assert (1, 2) == (after_s(now, "sato"), after_s(now, "tanaka"))
    assert now.plans.find("0312345678") is None


def test_owner_who_changes_too_keeps_the_number_that_another_claims(site: Site) -> None:
    site.write("sato", "0312345678")
    site.write("tanaka")
    now = site.begin()
    site.write("sato", "0312345678", after_s=4)
    site.write("tanaka", "0312345678")

    now = site.take(now, "sato", "tanaka")

    assert (["tanaka"], 4) == (list(now.refused), after_s(now, "sato"))


def test_number_moves_to_another_client_when_both_files_say_so(site: Site) -> None:
    site.write("sato", "sato", "0312345678")
    site.write("tanaka")
    now = site.take(site.begin(), site.write("tanaka", "0312345678"))
    assert ["tanaka"] == list(now.refused)

    now = site.take(now, site.write("sato", "sato"))

    assert {} == now.refused
    assert now.plans.find("0312345678") is now.plans.of("tanaka")


def test_number_of_a_client_who_is_taken_out_is_given_to_who_waits_for_it(site: Site) -> None:
    site.write("sato", "0312345678")
    site.write("tanaka")
    now = site.take(site.begin(), site.write("tanaka", "0312345678"))

    now = site.take(now, removed={"sato"})

    assert {} == now.refused
    assert now.plans.find("0312345678") is now.plans.of("tanaka")


PATTERNS = st.text("0X1", min_size=2, max_size=3)


@given(st.lists(st.tuples(st.sampled_from("abc"), PATTERNS), max_size=12), PATTERNS)
def test_index_tells_everything_that_shares_a_number_after_additions_and_removals(
    given_away: list[tuple[str, str]], asked: str
) -> None:
    index: NumberIndex[str] = NumberIndex()
    has: dict[str, str] = {}
    for owner, number in given_away:
        if has.pop(number, None):
            index.remove(number)
        else:
            has[number] = owner
            index.add(number, owner)
    before = index.copy()
    for number in list(has)[::2]:
        index.remove(number)
    left = dict(list(has.items())[1::2])

    assert sorted((n, o) for n, o in has.items() if overlap(n, asked)) == sorted(
        before.sharing(asked)
    )
    assert sorted((n, o) for n, o in left.items() if overlap(n, asked)) == sorted(
        index.sharing(asked)
    )


# -- the defaults of all clients -----------------------------------------------------------------


def test_changed_defaults_are_in_force_for_every_client(site: Site) -> None:
    site.write("sato")
    site.write("tanaka")
    now = site.take(site.begin(), site.defaults("[record]\nmax_s = 60\n"))

    assert [60, 60] == [plan.record.max_s for plan in now.plans.all]
    assert {} == now.refused


def test_defaults_that_break_one_client_are_in_force_for_nobody(site: Site) -> None:
    site.write("sato")
    site.write("tanaka", more="\n[record]\nend_silence_s = 20\n")
    now = site.begin()

    now = site.take(now, site.defaults("[record]\nmax_s = 15\n"))

    assert [180, 180] == [plan.record.max_s for plan in now.plans.all]
    assert ["_defaults"] == list(now.refused)
    assert str(site.folder / "tanaka.toml") in first(now, "_defaults")


def test_defaults_count_once_the_client_who_did_not_fit_is_mended(site: Site) -> None:
    site.write("sato")
    site.write("tanaka", more="\n[record]\nend_silence_s = 20\n")
    now = site.take(site.begin(), site.defaults("[record]\nmax_s = 15\n"))

    now = site.take(now, site.write("tanaka"))

    assert ([15, 15], {}) == ([plan.record.max_s for plan in now.plans.all], now.refused)


def test_broken_defaults_leave_those_of_before_in_force_also_for_changed_clients(
    site: Site,
) -> None:
    site.write("sato")
    site.defaults("[record]\nmax_s = 60\n")
    now = site.take(site.begin(), site.defaults("[record]\nmaxs = 15\n"))
    now = site.take(now, site.write("sato", after_s=3))

    (plan,) = now.plans.all
    assert (60, 3) == (plan.record.max_s, plan.answer.after_s)
    assert "_defaults.toml:3:1: record.maxs" in first(now, "_defaults")


# -- the next start ------------------------------------------------------------------------------


def test_start_with_a_broken_file_uses_the_last_good_form_and_remembers_since_when(
    site: Site,
) -> None:
    site.write("sato", after_s=5)
    was = site.sha256("sato")
    site.take(site.begin(), site.spoil("sato"), at=LATER)

    now = site.begin(at=LATER + timedelta(days=1))

    assert (5, was) == (after_s(now, "sato"), now.form("sato"))
    assert LATER == now.refused["sato"].since


def test_start_with_a_failing_test_uses_the_last_good_form(site: Site) -> None:
    site.write("sato", after_s=5)
    site.begin()
    site.write("sato", after_s=9, more=FAILING_TEST)

    assert 5 == after_s(site.begin(), "sato")


def test_start_without_a_last_good_form_names_every_mistake(site: Site) -> None:
    site.write("sato")
    site.write("tanaka")
    site.write("suzuki", more=FAILING_TEST)
    site.spoil("sato")
    site.spoil("tanaka")

    with pytest.raises(DialplanError) as caught:
        site.begin()

    named = [mistake.file.name for mistake in caught.value.mistakes]
    assert ["sato.toml", "suzuki.toml", "tanaka.toml"] == sorted(named)


def test_first_start_with_a_wrong_file_answers_the_others_and_names_its_numbers(site: Site) -> None:
    site.write("sato")
    site.write("tanaka", "03-1234-5678", "tanaka", "sato", "not a number!")
    site.spoil("tanaka")

    now = site.begin()

    refusal = now.refused["tanaka"]
    assert (["sato"], None) == ([p.client for p in now.plans.all], now.plans.find("0312345678"))
    assert ("+81312345678", "tanaka") == refusal.numbers
    assert "calls for +81312345678, tanaka are refused since" in told(refusal, "")[0]


@pytest.mark.parametrize("text", ["numbers = [", "numbers = 5", "", 'numbers = [5, ["x"], "sato"]'])
def test_first_start_with_a_file_whose_numbers_are_unknown_says_so(site: Site, text: str) -> None:
    site.write("sato")
    (site.folder / "tanaka.toml").write_text(text, encoding="utf-8")

    refusal = site.begin().refused["tanaka"]

    assert () == refusal.numbers
    assert "calls for its numbers are refused" in told(refusal, "")[0]


def test_numbers_of_a_client_whose_last_good_form_is_in_force_are_answered(site: Site) -> None:
    site.write("sato", "0312345678")
    now = site.take(site.begin(), site.spoil("sato"))

    assert () == now.refused["sato"].numbers
    assert now.plans.find("0312345678")


def test_many_numbers_that_nobody_answers_are_counted(site: Site) -> None:
    site.write("sato")
    site.write("tanaka", *(f"031234567{n}" for n in range(5)))
    site.spoil("tanaka")

    problem, _ = told(site.begin().refused["tanaka"], "")

    assert "+81312345670, +81312345671, +81312345672 and 2 more numbers are refused" in problem


def test_restart_leaves_a_client_out_who_was_out_before_and_answers_the_others(site: Site) -> None:
    site.write("sato")
    now = site.begin()
    site.write("tanaka")
    site.take(now, site.spoil("tanaka"))

    now = site.begin()

    assert (["sato"], ["tanaka"]) == ([p.client for p in now.plans.all], list(now.refused))


def test_start_with_two_owners_of_a_number_leaves_it_with_the_old_one(site: Site) -> None:
    site.write("sato", "sato", "0312345678")
    site.write("tanaka")
    site.begin()
    site.write("tanaka", "0312345678")

    now = site.begin()

    assert ["tanaka"] == list(now.refused)
    assert now.plans.find("0312345678") is now.plans.of("sato")
    assert now.plans.find("tanaka") is now.plans.of("tanaka")


def test_start_with_broken_defaults_uses_those_of_before(site: Site) -> None:
    site.write("sato")
    site.defaults("[record]\nmax_s = 60\n")
    site.begin()
    site.defaults("[record]\nmaxs = 15\n")

    now = site.begin()

    assert ([60], ["_defaults"]) == ([p.record.max_s for p in now.plans.all], list(now.refused))


def test_start_with_defaults_that_break_a_client_uses_those_of_before(site: Site) -> None:
    site.write("sato", more="\n[record]\nend_silence_s = 20\n")
    site.begin()
    site.defaults("[record]\nmax_s = 15\n")

    now = site.begin()

    assert ([180], ["_defaults"]) == ([p.record.max_s for p in now.plans.all], list(now.refused))
    assert "sato.toml" in first(now, "_defaults")


def test_start_with_broken_defaults_and_nothing_of_before_names_all_mistakes(site: Site) -> None:
    site.write("sato")
    site.spoil("sato")
    site.defaults("[record]\nmaxs = 15\n")

    with pytest.raises(DialplanError) as caught:
        site.begin()

    assert {"_defaults.toml", "sato.toml"} == {one.file.name for one in caught.value.mistakes}


def test_kept_form_is_written_only_when_it_changed(site: Site) -> None:
    site.write("sato")
    site.begin()
    before = site.kept.path("sato").stat()

    site.begin()

    assert before.st_ino == site.kept.path("sato").stat().st_ino


def test_kept_forms_in_great_number_are_the_files_bytes(site: Site) -> None:
    texts = {f"c{n}": f"n = {n}\n" for n in range(120)}
    site.kept.keep(texts)

    assert sorted(texts) == site.kept.names()
    assert texts == {name: site.kept.path(name).read_text("utf-8") for name in texts}
    assert [] == list(site.kept.folder.glob("*.new"))


# -- nobody at all -----------------------------------------------------------------------------


def test_change_that_would_leave_nobody_leaves_everything_and_tells_what_is_wrong(
    site: Site,
) -> None:
    site.write("sato")
    before = site.begin()
    site.write("suzuki")
    site.spoil("suzuki")
    (site.folder / "sato.toml").unlink()
    changes = Changes(files=frozenset({"suzuki"}), removed=frozenset({"sato"}))
    after = drive(take(before, changes, site.kept, LATER))

    stays = rather_than_nobody(before, after)

    assert () == after.plans.all
    assert stays is not None
    assert before.plans is stays.plans
    assert {"suzuki"} == stays.refused.keys()


def test_change_that_leaves_one_client_is_taken_over(site: Site) -> None:
    site.write("sato")
    site.write("tanaka")
    before = site.begin()
    (site.folder / "sato.toml").unlink()
    after = drive(take(before, Changes(removed=frozenset({"sato"})), site.kept, LATER))

    assert rather_than_nobody(before, after) is None


@given(*[st.frozensets(st.sampled_from("abc"))] * 4)
def test_changes_one_after_the_other_end_as_the_last_left_each_file(
    files: frozenset[str], removed: frozenset[str], later: frozenset[str], gone: frozenset[str]
) -> None:
    first = Changes(files=files - removed, removed=removed)
    second = Changes(files=later - gone, removed=gone)

    both = first.then(second)

    assert frozenset() == both.files & both.removed
    assert (files | removed | later | gone) == both.files | both.removed
    assert gone <= both.removed
    assert later - gone <= both.files


# -- what is told --------------------------------------------------------------------------------


def test_alert_names_three_places_the_number_of_others_and_the_form_in_force(site: Site) -> None:
    site.write("sato")
    now = site.begin()
    wrong = "".join(f"wrong{n} = 1\n" for n in range(5))
    now = site.take(now, site.write("sato", more=wrong))

    problem, remedy = told(now.refused["sato"], now.form("sato"))

    assert "sato.toml:11:1: answer.wrong0 = 1" in problem
    assert "sato.toml:13:1" in problem
    assert "and 2 more" in problem
    assert f"({now.form('sato')[:8]}) stays in force since 2026-11-22 06:00:00 UTC" in problem
    assert "sipbot dialplan check" in remedy


def test_alert_about_a_failed_test_names_the_command_that_shows_it(site: Site) -> None:
    site.write("sato")
    now = site.take(site.begin(), site.write("sato", more=FAILING_TEST))

    _, remedy = told(now.refused["sato"], now.form("sato"))

    assert remedy.endswith("; sipbot dialplan test")


@given(st.text(min_size=1, max_size=255))
def test_alert_about_a_file_of_any_name_is_a_legal_topic(name: str) -> None:
    assert ID.fullmatch(alert_of(name))


def test_alerts_about_files_of_long_and_strange_names_are_not_the_same() -> None:
    names = ["a" * 63, "a" * 62 + "b", "A", "a", "日本", "本日", "_defaults", "defaults"]

    assert len(names) == len({alert_of(name) for name in names})


def test_dialplans_with_changes_are_those_that_were_loaded_so(site: Site) -> None:
    site.write("sato", "0312345678")
    site.write("tanaka", "03-1234-99XX")
    now = site.begin()
    before = now.plans
    after = before.changed({"tanaka": None})

    assert json.dumps(["sato"]) == json.dumps([plan.client for plan in after.all])
    assert (None, "tanaka") == (
        after.find("0312349955"),
        getattr(before.find("0312349955"), "client", None),
    )
    assert Dialplans(after.all, "JP").find("0312345678") is after.find("0312345678")
