"""Messages of callers with habits: business, elderly, hurried, in dialect."""

import random

from tests.phrasing.habits_caller import Caller
from tests.phrasing.habits_phones import STYLES, a_phone
from tests.phrasing.utterance import Utterance


def _caller(rng: random.Random, language: str) -> Caller:
    """A caller with habits."""
    region = {"ja": "JP", "ko": "KR"}.get(language) or rng.choice(["US", "GB"])
    words = rng.random() < 0.5
    spaced = words and rng.random() < 0.45
    wide = language == "ja" and not words and rng.random() < 0.15
    return Caller(rng, language, region, words, spaced, wide, rng.choice(STYLES))


def utterances(language: str, count: int, rng: random.Random) -> list[Utterance]:
    """So many messages in "ja", "en" or "ko"."""
    out = []
    for _ in range(count):
        caller = _caller(rng, language)
        region = caller.region
        if language == "en" and rng.random() < 0.03:
            region = rng.choice(["JP", "KR"])
        phone = None if rng.random() < 0.125 else a_phone(rng, region)
        while phone is not None and region != caller.region and phone.kind != "land":
            phone = a_phone(rng, region)
        text = caller.message(phone)
        out.append(Utterance(text, language, caller.region, phone.e164 if phone else ""))
    return out
