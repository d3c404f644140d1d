"""The one question that a script asks before the caller hangs up."""

from datetime import date
from pathlib import Path
from typing import Literal

import pytest

from sipbot import steps
from sipbot.dialplan import load_file
from sipbot.dialplan_diff import changes
from sipbot.dialplan_outline import outline
from sipbot.dialplan_tests import run_tests
from sipbot.errors import DialplanError
from sipbot.records import EndedBy, EndState
from sipbot.rehearsal import Rehearsal, rehearse
from sipbot.script import advance
from sipbot.script_events import Event, HungUp, KeyPressed, SpeechEnded, SpeechStarted, Understood
from sipbot.script_state import Phase, Script
from sipbot.steps import Course
from tests.clients import client, write_client
from tests.courses import course, prompt

ALL = ("number", "name", "wish", "company", "callback_window")


def asking(
    *items: str,
    when_deaf: Literal["skip", "ask"] = "skip",
    language: str = "en",
    region: str = "US",
) -> Course:
    """A message, then one question for the first of these that is missing."""
    more = steps.FollowUp(
        name="more", ways={item: f"more-{item}" for item in items}, when_deaf=when_deaf
    )
    questions = [
        steps.Digits(name=f"more-{item}", item=item, ask_when="always", then="end")
        if item == "number"
        else steps.Ask(name=f"more-{item}", item=item, then="end", prompts=(prompt(item),))
        for item in items
    ]
    record = steps.Record(name="record", then="more")
    return course(record, more, *questions, language=language, region=region)


def asked(rules: Course, *says: str, known: bool = True, keys: str = "") -> Rehearsal:
    return rehearse(rules, known, keys, says)


def test_the_name_that_nobody_said_is_asked_for() -> None:
    call = asked(asking("name"), "I would like to return a book", "Jane Park")

    assert ("record", "more", "more-name") == call.visited
    assert "Jane Park" == call.answers["name"]
    assert EndState.MEMO == call.state


def test_a_caller_who_said_everything_is_asked_nothing() -> None:
    call = asked(asking("name", "number"), "this is Jane Park from Harbor Books, I need a quote")

    assert ("record", "more") == call.visited


@pytest.mark.parametrize(
    ("language", "region", "text"),
    [
        ("ja", "JP", "やまと工業の佐藤と申します。見積もりをお願いします。"),
        ("en", "US", "my name is tom reed and i need a quote"),
        ("ko", "KR", "한빛전자 김민수입니다. 견적서를 보내 주세요."),
    ],
)
def test_a_name_is_understood_in_each_language(language: str, region: str, text: str) -> None:
    call = asked(asking("name", language=language, region=region), text)

    assert ("record", "more") == call.visited


def test_only_one_question_is_asked_and_it_is_for_the_most_valuable_item() -> None:
    call = asked(asking(*reversed(ALL)), "hello there", known=False, keys="-2025550143#")

    assert ("record", "more", "more-number") == call.visited


def test_a_withheld_number_that_was_said_is_not_asked_for() -> None:
    call = asked(
        asking("number"), "call me on two oh two five five five oh one four three", known=False
    )

    assert ("record", "more") == call.visited


def test_a_withheld_number_that_was_not_said_is_keyed() -> None:
    call = asked(asking("number"), "please call me back", known=False, keys="-2025550143#")

    assert "2025550143" == call.answers["number"]


def test_a_number_that_came_with_the_call_is_not_asked_for() -> None:
    call = asked(asking("number"), "please call me back")

    assert ("record", "more") == call.visited


def test_who_said_nothing_is_asked_nothing() -> None:
    call = asked(asking(*ALL, when_deaf="ask"), known=False)

    assert ("record", "more") == call.visited
    assert EndState.NO_MESSAGE == call.state


def test_what_an_earlier_step_asked_for_is_not_asked_again() -> None:
    rules = asking("name")
    first = steps.Ask(name="first", item="name", tries=1, then="record")
    rules = course(*rules.steps.values(), first, start="first", language="en", region="US")

    call = asked(rules, "", "I would like to return a book")

    assert ("first", "record", "more") == call.visited


# -- live calls, event by event ------------------------------------------------------------------


def at_the_message(rules: Course, *, known: bool = True) -> Script:
    """A call in which the message is being spoken."""
    from sipbot.script_events import Answered, Offered, PromptEnded

    script = Script(course=rules, caller_known=known)
    for event in (
        Offered(),
        Answered(),
        PromptEnded(prompt="greeting"),
        PromptEnded(prompt="beep"),
    ):
        script, _ = advance(script, event)
    assert Phase.RECORDING is script.phase
    return script


def after(script: Script, *events: Event) -> Script:
    for event in events:
        script, _ = advance(script, event)
    return script


def test_without_a_live_ear_nothing_is_asked() -> None:
    script = after(at_the_message(asking("name")), SpeechStarted(), SpeechEnded())

    assert ("record", "more") == script.visited


def test_without_a_live_ear_the_question_is_asked_where_the_file_wants_it() -> None:
    rules = asking("name", when_deaf="ask")

    script = after(at_the_message(rules), SpeechStarted(), SpeechEnded())

    assert ("record", "more", "more-name") == script.visited


def test_a_message_that_a_key_ends_is_judged_by_the_text_so_far() -> None:
    said = Understood(text="this is Jane Park calling about my order")

    script = after(at_the_message(asking("name")), SpeechStarted(), said, KeyPressed(key="#"))

    assert ("record", "more") == script.visited


def test_the_text_of_the_turn_counts_where_the_newest_partial_text_is_late() -> None:
    ended = SpeechEnded(text="this is Jane Park calling about my order")

    script = after(at_the_message(asking("name")), SpeechStarted(), ended)

    assert ("record", "more") == script.visited


def test_words_of_the_turn_are_wanted_only_where_a_question_may_follow() -> None:
    with_question = at_the_message(asking("name"))
    plain = at_the_message(course())

    def wanted(script: Script) -> bool:
        from sipbot.follow_up import is_planned

        return is_planned(script)

    assert (True, False) == (wanted(with_question), wanted(plain))


def test_a_caller_who_hangs_up_at_the_question_leaves_the_message() -> None:
    said = Understood(text="I need a quote")
    script = after(at_the_message(asking("name")), SpeechStarted(), said, KeyPressed(key="#"))
    assert ("record", "more", "more-name") == script.visited

    script, actions = advance(script, HungUp(by=EndedBy.CALLER))

    assert [EndState.MEMO] == [getattr(action, "state", None) for action in actions]


# -- in files -------------------------------------------------------------------------------------

FILE = """start = "record"
[step.record]
do = "record"
then = "more"
[step.more]
do = "follow_up"
items = ["name", "number"]
ask.name = "menu.wav"
read_back = false
"""


def test_tests_of_a_file_see_the_question(tmp_path: Path) -> None:
    test = """[[test]]
at = 2027-04-06T10:00:00
from = "09012345678"
says = ["見積もりをお願いします", "山田です"]
expect = { steps = ["record", "more", "more-name"], outcome = "memo" }
[[test]]
at = 2027-04-06T10:00:00
from = "09012345678"
says = ["山田と申します。見積もりをお願いします"]
expect = { steps = ["record", "more"] }
"""
    assert [(), ()] == [one.misses for one in run_tests(client(tmp_path, FILE + test), "JP")]


def test_the_own_question_is_said_in_its_place(tmp_path: Path) -> None:
    plan = client(tmp_path, FILE)

    assert ["menu.wav"] == [one.name for one in plan.steps["more-name"].prompts]
    assert ["builtin:ja/callback"] == [one.name for one in plan.steps["more-number"].prompts]


def test_show_draws_each_question_in_the_order_of_value(tmp_path: Path) -> None:
    node = outline(client(tmp_path, FILE), "JP").node("more")

    ways = [("no number said", "more-number"), ("no name said", "more-name"), ("else", "end")]
    assert ("follow_up", ways) == (node.kind, [(one.label, one.to) for one in node.exits])


WRONG = [
    ('items = ["name", "age"]', "items"),
    ("items = []", "items"),
    ('items = ["number"]\nask.name = "menu.wav"', "is none of items"),
    ("least = 12\nmost = 11", "is larger than most"),
    ("no_speech_s = 30", "is not shorter than max_s"),
    ('then = "nowhere"', "is not a step of this file"),
    ('ask.name = "nothing.wav"', "nothing.wav"),
    ('items = ["name"]\n[step.more-name]\ndo = "hang_up"', "is the name of the question for name"),
]


@pytest.mark.parametrize(("keys", "told"), WRONG)
def test_check_says_what_is_wrong_with_a_follow_up(tmp_path: Path, keys: str, told: str) -> None:
    text = FILE.partition("items")[0]

    with pytest.raises(DialplanError) as caught:
        client(tmp_path, text + keys + "\n")

    assert told in str(caught.value)


CATEGORIES = """[[category]]
name = "urgent"
words = ["至急"]
urgent = true
[[category]]
name = "repair"
words = ["故障", "動かない"]
"""
CALL = """[[test]]
at = 2027-04-06T10:00:00
says = ["{said}"]
expect = {{ {expect} }}
"""


@pytest.mark.parametrize(
    ("said", "expect"),
    [
        ("エアコンが動かないので見てください", 'category = "repair", urgent = false'),
        ("至急お電話ください", 'category = "urgent", urgent = true'),
        ("至急ではありません", 'category = "", urgent = false'),
        ("至急ではありませんが、故障です", 'category = "repair", urgent = false'),
    ],
)
def test_tests_of_a_file_see_category_and_urgency(tmp_path: Path, said: str, expect: str) -> None:
    plan = client(tmp_path, CATEGORIES + CALL.format(said=said, expect=expect))

    assert [()] == [one.misses for one in run_tests(plan, "JP")]


def test_a_word_that_can_never_count_is_warned_of(tmp_path: Path) -> None:
    plan = client(
        tmp_path, CATEGORIES + '[[category]]\nname = "lift"\nwords = ["エレベーター故障"]\n'
    )

    (warning,) = plan.warnings
    assert 'who says it says "故障", which is repair' in warning.problem


def test_a_category_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DialplanError) as caught:
        client(tmp_path, CATEGORIES + '[[category]]\nname = "repair"\nwords = ["修理"]\n')

    assert "is used twice. Put the words of both into one table" in str(caught.value)


def test_a_test_that_expects_an_unknown_category_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DialplanError) as caught:
        client(tmp_path, CATEGORIES + CALL.format(said="故障です", expect='category = "repairs"'))

    assert "is a category of no route and of no [[category]]" in str(caught.value)


def test_categories_of_the_defaults_count_for_a_client_of_their_language(tmp_path: Path) -> None:
    (tmp_path / "_defaults.toml").write_text('language = "ja"\n' + CATEGORIES, encoding="utf-8")
    own = '[[category]]\nname = "repair"\nwords = ["修理"]\n'
    plan = load_file(write_client(tmp_path, own), "JP")

    assert [("repair", ("修理",)), ("urgent", ("至急",))] == [
        (one.name, one.words) for one in plan.categories
    ]


def test_diff_tells_what_changes_about_categories(tmp_path: Path) -> None:
    old = client(tmp_path, CATEGORIES)
    new = client(tmp_path, CATEGORIES.replace('"故障", ', ""))

    told = [one.text for one in changes(old, new, "JP", date(2027, 4, 1))]

    assert ["repair is 「動かない」 instead of 「故障」, 「動かない」"] == told
