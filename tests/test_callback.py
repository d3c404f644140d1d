"""Which number to call back, and when it is sure: the rule, and calls that try to deceive it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.callback import (
    Doubts,
    Spoken,
    decide,
    heard,
    is_end_of,
    keyed,
    shown_by_network,
    with_ear,
)
from sipbot.memo_answers import Callback, Evidence
from sipbot.numbers import is_e164

A, B, C = "+819086375214", "+81367431209", "+818012345678"
SHORT = "0367431"


def said(*numbers: str, engine: str = "vosk") -> tuple[Evidence, ...]:
    spoken = [
        Spoken(number=n, valid=is_e164(n), audio_from_s=float(i), audio_to_s=i + 0.5)
        for i, n in enumerate(numbers)
    ]
    return heard(spoken, engine, "JP")


KEYS = {number: keyed(number, "JP") for number in (A, B, C, SHORT)}
US = "+14155550198"
ABROAD = shown_by_network(US, "JP")
DOUBTED = heard([Spoken(number="4155550198", valid=False, doubted=True)], "vosk", "JP")
NETWORK = {number: shown_by_network(number, "JP") for number in (A, B, C)}


@pytest.mark.parametrize(
    ("expected", "evidence", "read_back"),
    [
        pytest.param((None, False), (), False, id="nothing"),
        pytest.param((A, False), NETWORK[A], False, id="the network alone"),
        pytest.param((A, False), KEYS[A], False, id="keys alone"),
        pytest.param((A, True), KEYS[A], True, id="keys read back"),
        pytest.param((SHORT, False), KEYS[SHORT], True, id="keys that are no number, read back"),
        pytest.param((A, True), KEYS[A] + NETWORK[A], False, id="keys and network"),
        pytest.param((A, True), KEYS[A] + said(A), False, id="keys and voice"),
        pytest.param((A, True), KEYS[A] + said(A) + NETWORK[C], False, id="network: an exchange"),
        pytest.param((A, True), said(A) + NETWORK[A], False, id="voice and network"),
        pytest.param((A, False), said(A) + said(A, engine="faster-whisper"), False, id="two ears"),
        pytest.param((A, False), said(A, A), False, id="said twice"),
        pytest.param((B, False), said(B, B) + NETWORK[A], False, id="said twice, another network"),
        pytest.param((A, False), said(B) + NETWORK[A], False, id="voice against network"),
        pytest.param((C, False), said(A, B, C), False, id="three numbers: the last"),
        pytest.param((A, False), KEYS[A] + said(B), True, id="voice against read-back"),
        pytest.param((A, False), KEYS[A] + NETWORK[A] + said(B), False, id="voice against both"),
        pytest.param((A, False), said(A, B) + NETWORK[A], False, id="two numbers were said"),
        pytest.param((A, False), said(A, SHORT) + NETWORK[A], False, id="second one misheard"),
        pytest.param((A, False), KEYS[A] + NETWORK[A] + said(SHORT), False, id="keyed, misheard"),
        pytest.param((A, True), KEYS[A] + said(A, SHORT), False, id="keyed, half misheard"),
        pytest.param((A, True), KEYS[A] + said(SHORT), True, id="read back, misheard"),
        pytest.param((A, False), KEYS[SHORT] + said(A), False, id="slip of the finger"),
        pytest.param((SHORT, False), said(SHORT), False, id="only half a number"),
        pytest.param((US, True), said("4155550198") + ABROAD, False, id="as said in its country"),
        pytest.param((US, False), said("4155550199") + ABROAD, False, id="but for a digit"),
        pytest.param((US, False), DOUBTED + ABROAD, False, id="doubted, as said in its country"),
        pytest.param((US, False), said("5550198") + ABROAD, False, id="the end of it"),
        pytest.param((B, False), said("67431209") + NETWORK[B], False, id="without area code"),
    ],
)
def test_callback_is_confirmed_by_two_kinds_of_evidence_without_contradiction(
    expected: tuple[str | None, bool], evidence: tuple[Evidence, ...], *, read_back: bool
) -> None:
    """The rule, case by case."""
    decided = decide(evidence, read_back=read_back)

    assert expected == (decided.number, decided.confirmed)


@pytest.mark.parametrize(
    ("expected", "evidence", "read_back"),
    [
        pytest.param(False, said(A) + NETWORK[A], False, id="voice and network"),
        pytest.param(True, KEYS[A] + NETWORK[A], False, id="keys and network"),
        pytest.param(True, KEYS[A] + said(A), False, id="keys and voice"),
        pytest.param(True, KEYS[A] + said(A), True, id="read back"),
    ],
)
def test_number_that_was_only_heard_waits_for_the_other_ear(
    expected: bool, evidence: tuple[Evidence, ...], *, read_back: bool
) -> None:
    """The other ear may hear another number, and somebody may have dialled this one until then."""
    assert expected == decide(evidence, read_back=read_back, doubts=Doubts(awaited=True)).confirmed


@pytest.mark.parametrize("read_back", [False, True])
def test_nothing_is_confirmed_beside_a_text_that_nobody_understood(*, read_back: bool) -> None:
    """Another number may be in it."""
    evidence = KEYS[A] + said(A) + NETWORK[A]

    assert not decide(evidence, read_back=read_back, doubts=Doubts(unread=True)).confirmed


def test_callback_shows_every_number_as_people_write_it_and_where_to_hear_it() -> None:
    """Whoever doubts listens to those seconds."""
    decided = decide(said(A) + NETWORK[B], read_back=False)

    assert [("090-8637-5214", 0.0, 0.5, "vosk"), ("03-6743-1209", None, None, None)] == [
        (one.shown, one.audio_from_s, one.audio_to_s, one.engine) for one in decided.evidence
    ]


numbers = st.sampled_from([A, B, C, SHORT])
one_evidence = st.one_of(
    numbers.map(lambda n: keyed(n, "JP")[0]),
    st.builds(lambda n, e: said(n, engine=e)[0], numbers, st.sampled_from(["vosk", "other"])),
    numbers.map(lambda n: shown_by_network(n, "JP")[0]),
)
evidences = st.lists(one_evidence, max_size=6).filter(
    lambda many: all(
        len({e.number for e in many if e.source == s}) < 2 for s in ("keys", "caller_id")
    )
)


@given(evidences, st.booleans())
def test_confirmed_number_has_two_kinds_or_a_read_back_and_no_valid_rival(
    evidence: list[Evidence],
    read_back: bool,
) -> None:
    """What the contract promises holds for any evidence."""
    decided = decide(evidence, read_back=read_back)

    if decided.confirmed:
        kinds = {one.source for one in evidence if one.number == decided.number and one.valid}
        rivals = {
            one.number
            for one in evidence
            if one.valid and one.source != "caller_id" and one.number != decided.number
        }
        assert (set(), True) == (rivals, len(kinds) > 1 or (read_back and kinds == {"keys"}))


@given(evidences, st.booleans(), st.randoms(use_true_random=False))
def test_decision_is_the_same_in_whatever_order_the_evidence_came(
    evidence: list[Evidence],
    read_back: bool,
    dice: random.Random,
) -> None:
    """Ears finish in any order."""
    shuffled = evidence[:]
    dice.shuffle(shuffled)

    first, other = (decide(each, read_back=read_back) for each in (evidence, shuffled))

    assert (first.number, first.confirmed) == (other.number, other.confirmed)
    assert sorted(map(repr, first.evidence)) == sorted(map(repr, other.evidence))


@given(evidences, numbers)
def test_another_number_that_is_heard_never_confirms_what_was_not(
    evidence: list[Evidence], number: str
) -> None:
    """One more voice for another number can only take certainty away."""
    before = decide(evidence, read_back=False)
    after = decide([*evidence, said(number)[0]], read_back=False)

    assert not after.confirmed or before.confirmed or number == after.number


def test_ear_that_reads_again_replaces_what_it_said_before() -> None:
    """One ear is heard once; the other's words stay."""
    before = (*said(A, B), *said(C, engine="faster-whisper"))

    after = with_ear(before, "vosk", said(C))

    assert [("faster-whisper", C), ("vosk", C)] == [(one.engine, one.number) for one in after]


# -- calls that are made up ------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Made:
    """A call, and the number that its caller wants to be called at."""

    wanted: str
    network: str | None
    keys: str | None
    read_back: bool
    ears: tuple[tuple[str, tuple[str, ...]], ...]


def a_number(dice: random.Random) -> str:
    while True:
        national = dice.choice(["3", "6", "52", "90", "80", "70", "120"])
        digits = "".join(
            dice.choices("0123456789", k=(9 if national != "90" else 10) - len(national))
        )
        if national in {"90", "80", "70"}:
            digits = "".join(dice.choices("123456789", k=1) + dice.choices("0123456789", k=7))
        if is_e164(number := f"+81{national}{digits}"):
            return number


def misheard(number: str, dice: random.Random) -> str:
    """Digits lost, doubled or changed, as ears do it; often no number any more."""
    digits = list(number.removeprefix("+81"))
    for _ in range(dice.randint(1, 3)):
        place = dice.randrange(1, len(digits))
        digits[place : place + 1] = dice.choice(["", digits[place] * 2, dice.choice("0123456789")])
    heard_as = f"+81{''.join(digits)}"
    return heard_as if is_e164(heard_as) else f"0{''.join(digits)}"


def neighbour(number: str, dice: random.Random) -> str:
    """Another line of the same company."""
    return number[:-1] + dice.choice([d for d in "0123456789" if d != number[-1]])


def a_call(seed: int) -> Made:
    """A caller whose keys, voice and telephone may all say different things."""
    dice = random.Random(seed)
    wanted = a_number(dice)
    other = dice.choice([a_number(dice), neighbour(wanted, dice)])
    network = dice.choices([wanted, other, None], [5, 4, 2])[0]
    pressed = dice.choices([None, wanted, misheard(wanted, dice)], [4, 4, 2])[0]
    spoken = dice.choice(
        [(), (wanted,), (wanted,), (other, wanted), (wanted, wanted), (wanted, other)]
    )
    ears = []
    for engine, errs in (("vosk", 0.6), ("faster-whisper", 0.4)):
        words = tuple(misheard(one, dice) if dice.random() < errs else one for one in spoken)
        ears.append((engine, words))
    return Made(
        wanted=wanted,
        network=network,
        keys=pressed,
        # Whoever hears another number read back says no, and keys it again or gives up.
        read_back=pressed == wanted and dice.random() < 0.6,
        ears=tuple(ears[: dice.choice([1, 2, 2])]),
    )


def decided_of(made: Made) -> Callback:
    evidence: list[Evidence] = [*keyed(made.keys, "JP"), *shown_by_network(made.network, "JP")]
    for engine, words in made.ears:
        evidence = with_ear(evidence, engine, said(*words, engine=engine))
    return decide(evidence, read_back=made.read_back)


CALLS: Sequence[Made] = [a_call(seed) for seed in range(1000)]


def test_of_a_thousand_deceiving_calls_no_wrong_number_is_confirmed() -> None:
    """The operator never dials a wrong number that the memo called right."""
    wrong = [
        made
        for made in CALLS
        if (decided := decided_of(made)).confirmed and decided.number != made.wanted
    ]

    assert [] == wrong


def test_of_a_thousand_deceiving_calls_some_numbers_are_confirmed_all_the_same() -> None:
    """A rule that confirms nothing would be right, and useless."""
    confirmed = sum(decided_of(made).confirmed for made in CALLS)

    assert 150 <= confirmed


def test_of_a_thousand_deceiving_calls_two_ears_alone_confirm_nothing() -> None:
    """Without keys and without a caller ID nothing is sure, however often it was heard."""
    confirmed = [
        made
        for made in CALLS
        if decided_of(replace(made, keys=None, network=None, read_back=False)).confirmed
    ]

    assert [] == confirmed


@pytest.mark.parametrize(
    ("expected", "digits"), [(True, "67431209"), (True, "431209"), (False, "31209"), (False, "9")]
)
def test_digits_that_are_no_number_are_its_end_when_they_are_too_many_for_chance(
    expected: bool,
    digits: str,
) -> None:
    (one,) = heard([Spoken(number=digits, valid=False)], "vosk", "JP")
    assert expected is is_end_of(one, B)
