"""Messages put together from an opening, reasons, a sentence with the number and a farewell."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from tests.phrasing.scripts_en import (
    EN_CLOSE,
    EN_EXTRA,
    EN_FIRST,
    EN_NONE,
    EN_OPEN,
    EN_TELL,
    EN_WHY,
    en_slots,
    en_tongue,
    en_voice,
)
from tests.phrasing.scripts_ja import (
    JA,
    JA_CLOSE,
    JA_EXTRA,
    JA_NONE,
    JA_OPEN,
    JA_TELL,
    JA_WHY,
    ja_slots,
    ja_voice,
)
from tests.phrasing.scripts_ko import (
    KO,
    KO_CLOSE,
    KO_EXTRA,
    KO_NONE,
    KO_OPEN,
    KO_TELL,
    KO_WHY,
    ko_slots,
    ko_voice,
    with_particles,
)
from tests.phrasing.scripts_said import PLAN, Dice, Number, Tongue, Voice, a_number, spoken_form
from tests.phrasing.utterance import Utterance


class Slots(dict[str, str]):
    """Fills the slots of a sentence, each time anew."""

    def __init__(self, makers: dict[str, Callable[[], str]]) -> None:
        super().__init__()
        self._makers = makers

    def __missing__(self, key: str) -> str:
        return self._makers[key]()

    def fill(self, sentence: str) -> str:
        """The sentence with its slots filled."""
        return sentence.format_map(self)


@dataclass(frozen=True)
class Script:
    """The sentences from which a message is made."""

    opening: Sequence[str]
    why: Sequence[str]
    tell: Sequence[str]
    first: Sequence[str]
    extra: Sequence[str]
    close: Sequence[str]
    none: Sequence[str]


SCRIPTS = {
    "JP": Script(
        JA_OPEN, JA_WHY, JA_TELL,
        ("{tel}の{name}です。", "{tel}、{name}です。", "{tel}、こちらが連絡先です。",
         "{tel}に電話ください、{name}です。"),
        JA_EXTRA, JA_CLOSE, JA_NONE,
    ),
    "US": Script(EN_OPEN, EN_WHY, EN_TELL["US"], EN_FIRST, EN_EXTRA, EN_CLOSE, EN_NONE),
    "GB": Script(EN_OPEN, EN_WHY, EN_TELL["GB"], EN_FIRST, EN_EXTRA, EN_CLOSE, EN_NONE),
    "KR": Script(
        KO_OPEN, KO_WHY, KO_TELL,
        ("{tel}입니다, {name}인데요.", "{tel}번으로 전화 주세요.", "{tel}, 제 번호예요."),
        KO_EXTRA, KO_CLOSE, KO_NONE,
    ),
}  # fmt: skip


def _sentences(
    dice: Dice, script: Script, slots: Slots, told: tuple[str, str] | None
) -> Iterator[str]:
    """The sentences of one message; `told` is the number and what follows it."""
    if told is None:
        yield slots.fill(dice.choice(script.opening))
        for why in dice.sample([w for w in script.why if "{" in w], dice.choice((1, 1, 2))):
            yield slots.fill(why)
        if dice.chance(0.7):
            yield slots.fill(dice.choice(script.none))
        yield dice.choice(script.close)
        return
    spoken, after = told
    place = dice.choices(("first", "early", "late"), (0.12, 0.2, 0.68))[0]
    template = dice.choice(script.first if place == "first" else script.tell)
    if spoken[-1] in "ぜろいちにさんよごくなはきう":
        template = template.replace("{tel}に", "{tel}の番号に")
    number = slots.fill(template.replace("{tel}", "\0")).replace("\0", spoken)
    if place != "first":
        yield slots.fill(dice.choice(script.opening))
    whys = [slots.fill(w) for w in dice.sample(script.why, dice.choice((0, 1, 1, 1, 2)))]
    if place == "late":
        yield from whys
    yield number
    yield after
    if place != "late":
        yield from whys
    if dice.chance(0.35):
        yield slots.fill(dice.choice(script.extra))
    yield dice.choice(script.close)


def _bare(text: str, language: str) -> str:
    """Without punctuation, as some recognisers write."""
    if language == "ja":
        return re.sub(r"[、。]+\s*", " ", text).strip()
    text = re.sub(r"(?:\.\.\.|[,.?!:])(?=\s|$)", "", text).strip()
    return text.lower() if language == "en" else text


def _tidy(text: str, language: str) -> str:
    text = re.sub(r" {2,}", " ", text).strip()
    text = re.sub(r"、{2,}", "、", text).replace("、。", "。")
    if language == "en":
        text = re.sub(r"(^|[.?!] )([a-z])", lambda m: m[1] + m[2].upper(), text)
        text = re.sub(r"(\.\.\. )([A-Z])", lambda m: m[1] + m[2].lower(), text)
    return text


def _region(dice: Dice, language: str) -> str:
    return {"ja": "JP", "ko": "KR"}.get(language) or dice.choice(("US", "GB"))


def _parts(
    dice: Dice, region: str, number: Number | None, *, bare: bool
) -> tuple[Voice, Tongue, Slots]:
    if region == "JP":
        voice = ja_voice(dice, bare=bare)
        return voice, JA, Slots(ja_slots(dice, voice, number))
    if region == "KR":
        voice = ko_voice(dice, bare=bare)
        return voice, KO, Slots(ko_slots(dice, voice, number))
    voice = en_voice(dice, region, bare=bare)
    return voice, en_tongue(region, bare=bare), Slots(en_slots(dice, voice, number, region))


def _utterance(dice: Dice, language: str) -> Utterance:
    region = _region(dice, language)
    bare = dice.chance(0.3)
    number: Number | None = None
    if not dice.chance(0.125):
        if dice.chance(0.03):
            foreign = dice.choice([other for other in PLAN if other != region])
            number = a_number(dice, foreign, abroad=2.0)
            while not number.country:
                number = a_number(dice, foreign, abroad=2.0)
        else:
            number = a_number(dice, region)
    voice, tongue, slots = _parts(dice, region, number, bare=bare)
    told = None if number is None else spoken_form(dice, voice, number, tongue)
    gap = "" if language == "ja" and not bare else " "
    sentences = [part for part in _sentences(dice, SCRIPTS[region], slots, told) if part]
    text = gap.join(sentences)
    if language == "ko":
        text = with_particles(text)
    text = _tidy(_bare(text, language) if bare else text, language if not bare else "")
    return Utterance(text, language, region, number.e164 if number else "")


def utterances(language: str, count: int, rng: Random) -> list[Utterance]:
    """So many messages in "ja", "en" or "ko"."""
    dice = Dice(rng.getrandbits(64))
    return [_utterance(dice, language) for _ in range(count)]
