"""Numbers that the caller says not to call: ``not on 202… but on my mobile``, 03…ではなく.  Pure.

A correction in digits is none of this: it takes the place of the number (`said_calls`).  Here the
better number is not said in digits, or not at all, so nobody else notices that the only number in
the text is the wrong one.
"""

import re

_REACH = 40
"""Characters looked at on each side: the longest phrase below, with its spaces."""

_AFTER = {
    "ja": re.compile(
        r"(?:番|(?:の|という)?(?:電話)?(?:番号|の方|のほう))?\s*(?:"
        r"(?:じゃ|では|や|で)\s*(?:なく|のうて|ありません(?!\s*か)|ございません(?!\s*か)|おまへん|"
        r"ない(?!\s*(?:です)?\s*(?:か|でしょう)))"
        r"|(?:は|には|へは|が|も)\s*(?:今|いま|もう)?\s*(?:使え(?:ない|ません|なく)|使わない|"
        r"(?:つなが|繋が)(?:らない|りません|らなく)|かけない(?:で|よう)|出られ(?:ない|ません)))"
    ),
    "ko": re.compile(
        r"\s*(?:번\s*)?(?:번호\s*)?(?:(?:으로|로|은|는|이|가)\s*)?(?:"
        r"말고|말구|아니라|아니고(?!요)|아닙니다|아니에요|"
        r"(?:이제\s*)?(?:안\s*(?:됩니다|돼|받|써|씁)|못\s*(?:받|써|씁)|사용\s*안|쓰지|전화하지))"
    ),
    "en": re.compile(
        r",?\s+(?:(?:is|was)(?:\s+not|n't)\s+(?:the\s+(?:one|right|best|number)|right|my\s+number|"
        r"working|in\s+use|good)|is\s+(?:broken|out\s+of\s+order|dead|disconnected|no\s+longer)|"
        r"(?:does\s+not|doesn't|won't|no\s+longer)\s+work)"
    ),
}
"""What makes a number the wrong one when it stands at once after it."""
_BEFORE = {
    "en": re.compile(
        r"(?<!if )(?<!or )(?<!why )\b(?:(?:do\s+not|don't|never|not\s+to)\s+"
        r"(?:call|ring|phone|text|use|dial|try|reach|contact)|not|instead\s+of|rather\s+than)"
        r"(?:\s+(?:me|us|back|at|on|to|this|the|that|my|our|old|number|phone|any\s*more))*[\s,]*$"
    )
}
"""The same at once before it."""


def is_rejected(text: str, start: int, end: int, language: str) -> bool:
    """Tell whether a number is one that the caller says not to call.

    Args:
        text: folded (`said_tokens.fold`).
        start: where the number begins in it.
        end: where it ends.
        language: of the text, without region.
    """
    after, before = _AFTER.get(language), _BEFORE.get(language)
    if after is not None and after.match(text, end, end + _REACH):
        return True
    return before is not None and before.search(text[max(0, start - _REACH) : start]) is not None
