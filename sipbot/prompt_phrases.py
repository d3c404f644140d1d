"""言葉遣い: what is not said on a client's line, and what to say instead.  Pure.

A short list on purpose: forms that manners books for the telephone (電話応対) agree on, that slip
into greetings written in a hurry, and that a pattern finds without guessing at grammar.  Where a
form has a right use as well, it is not here.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Phrase(NamedTuple):
    """A form to avoid."""

    pattern: re.Pattern[str]
    instead: str
    why: str


def _phrases(*rows: tuple[str, str, str]) -> tuple[Phrase, ...]:
    return tuple(
        Phrase(re.compile(pattern, re.IGNORECASE), instead, why) for pattern, instead, why in rows
    )


AVOIDED = {
    "ja": _phrases(
        ("了解(し|いた|です|で)", "承知いたしました", "is said among equals, not to a caller"),
        ("ご?苦労(様|さま)", "お疲れさまでございます", "is said to people below oneself"),
        ("なるほどですね", "さようでございますか", "judges what the caller says"),
        ("よろしかった(でしょうか|ですか)", "よろしいでしょうか", "asks in the past about now"),
        (
            "のほう(を|に)?(お願い|伺|うかが|お聞|お話)",
            "をお願いいたします",
            "のほう adds nothing",
        ),
        (
            "お?名前(を|は)?(頂戴|ちょうだい)",
            "お名前を伺えますでしょうか",
            "a name is not handed over",
        ),
        ("とんでもござい", "とんでもないことでございます", "cuts とんでもない in two"),
        ("す(み|い)ません", "恐れ入ります、申し訳ございません", "is too familiar"),
        ("ちょっと", "少々", "is too familiar"),
        ("(?:わ|分)かりません", "わかりかねます", "refuses without softening"),
        ("にいません", "におりません", "speaks of one's own people as of others"),
        (
            "[おご御][^、。をはにがとで\\s]{1,6}してください",
            "お…ください",
            "is humble about the caller's act",
        ),
        ("おっしゃられ", "おっしゃい", "is honorific twice"),
        ("(ご覧|お越し|お見え|お帰り)になられ", "…になり", "is honorific twice"),
        ("お?伺いさせていただ", "伺い", "is humble twice"),
        ("拝見させていただ", "拝見し", "is humble twice"),
        ("申され", "おっしゃい", "is humble about the caller's act"),
        (
            "(読ま|休ま|行か|帰ら|送ら|やら|取ら|伝わら)させていただ",
            "…いたします",
            "has さ too many",
        ),
        ("(出|見|来)れ(ない|ま)|食べれ", "…られません", "lacks ら"),
        ("貴社", "御社", "is written, not spoken"),
        ("もしもし", "お電話ありがとうございます", "is not said by who is called"),
        ("さっき", "さきほど", "is too familiar"),
        ("大丈夫です(か|よ)", "よろしいでしょうか", "can be taken for a no"),
    ),
    "en": _phrases(
        (r"\bno problem\b", "you are welcome", "speaks of a problem"),
        (
            r"\b(hang on|hold on a sec\w*|wait a sec\w*)\b",
            "please hold the line",
            "is too familiar",
        ),
        (r"\byou guys\b|\bfolks\b", "you", "is too familiar"),
        (r"\b(gonna|wanna|gotta)\b", "going to, want to, have to", "is too familiar"),
        (r"\b(yeah|yep|nope)\b", "yes, no", "is too familiar"),
        (r"\byour call is important to us\b", "say what happens next", "no caller believes it"),
    ),
    "ko": _phrases(
        ("실게요", "…해 주세요", "mixes a promise with an honorific"),
        ("수고하(세요|십시오)", "감사합니다", "is said to people below oneself"),
        ("여보세요", "전화해 주셔서 감사합니다", "is not said by who is called"),
        ("잠깐만요", "잠시만 기다려 주세요", "is too familiar"),
    ),
}


def avoided(text: str, language: str) -> Iterator[tuple[str, Phrase]]:
    """What stands in a text and should not, each with the words found."""
    for phrase in AVOIDED.get(language, ()):
        if found := phrase.pattern.search(text):
            yield found.group(), phrase


def containing(text: str, phrases: Iterable[str]) -> list[str]:
    """Those of the phrases that stand in a text; case and spaces make no difference."""
    plain = _plain(text)
    return [phrase for phrase in phrases if _plain(phrase) in plain]


def _plain(text: str) -> str:
    return "".join(text.casefold().split())
