"""How English-speaking callers say numbers, and the words around them.  Pure."""

import re

from sipbot.said_tokens import NUMERAL, Entry, T, Token, Tongue, entries

_DIGITS = {
    "0": "zero|nought|naught|nil|oh|o|ought|zeros|ohs|zeroes|os|noughts",
    "1": "one|ones",
    "2": "two|twos",
    "3": "three|threes",
    "4": "four|fours|fower",
    "5": "five|fives|fife",
    "6": "six|sixes",
    "7": "seven|sevens",
    "8": "eight|eights",
    "9": "nine|nines|niner",
    "10": "ten",
    "11": "eleven",
    "12": "twelve",
    "13": "thirteen",
    "14": "fourteen",
    "15": "fifteen",
    "16": "sixteen",
    "17": "seventeen",
    "18": "eighteen",
    "19": "nineteen",
    "20": "twenty",
    "30": "thirty",
    "40": "forty|fourty",
    "50": "fifty",
    "60": "sixty",
    "70": "seventy",
    "80": "eighty",
    "90": "ninety",
}
_SCALES = {
    "100": "hundred",
    "1000": "thousand|k|grand",
    "1000000": "million",
    "1000000000": "billion",
}
_PHONE = (
    "phone number|telephone number|cell number|mobile number|cell phone number|"
    "mobile phone number|contact number|callback number|call back number|call-back number|"
    "direct number|direct line|home number|work number|office number|fax number|fax|cell|"
    "mobile|cell phone|mobile phone|tel|telephone|phone|landline|daytime number|"
    "best number|number to call|number to reach me|cellphone|toll free|toll free number|"
    "number for me|freephone|hotline|desk number|desk phone|whatsapp|whatsapp number|"
    "home phone|work phone|main line|main number|switchboard|phone no|tel no|telephone no|"
    "number to call back|call back|callback|direct dial|daughter's number|wife's number|"
    "husband's number|assistant's number|personal number|business number|store number is"
)
_SOFT = (
    "number|call me|call me on|call me at|reach me|reach me at|reach me on|call us|call|"
    "reach|dial|ring me|ring|text me|give me a call|give us a call|get me|contact|numbers|"
    "ring us|text|phone me|ring back|get back to me|return my call|return the call|"
    "call him|call her|call them|home|office"
)
_ORDER_NOUNS = (
    "order|invoice|customer|client|account|reference|ref|ticket|case|booking|reservation|"
    "policy|member|membership|serial|tracking|receipt|claim|po|purchase order|job|quote|"
    "quotation|part|model|patient|confirmation|item|product|contract|file|incident|request|"
    "service request|work order|delivery|parcel|package|shipment|consignment|card|"
    "credit card|employee|student|loyalty|routing|sort|registration|license|licence|"
    "vehicle|flight|passport|transaction|payment|support ticket|complaint|insurance|"
    "prescription|appointment|document|return|rma|sku|batch|lot|meter|id|identification|"
    "access|security|repair|warranty|user|subscription|estimate|bill|docket|application|"
    "enquiry|inquiry|case file|gate|bus|lottery|social security|student id|waybill"
)
_BARE_ORDER = (
    "invoice|ticket|booking|reservation|policy|claim|po|purchase order|work order|"
    "reference|ref|account|case|order|confirmation|flight|receipt|quote|job|incident|rma|"
    "sku|contract|file|customer|serial|tracking|pin|passcode|member|shipment|estimate|"
    "parcel|delivery note"
)
_ROOMS = "room|apartment|apt|suite|unit|flat"
_EXTENSIONS = "extension|extension number|ext|ext.|extn|extension no|extension number is|x|exten"
_UNITS = (
    "o'clock|oclock|am|pm|a.m|p.m|a m|p m|minutes|minute|mins|min|hours|hour|hrs|days|day|"
    "weeks|week|months|month|years|year|year old|years old|people|persons|person|guests|"
    "percent|per cent|st|nd|rd|th|street|avenue|road|lane|drive|floor|times|seconds|pieces|"
    "units|boxes|copies|items|of us|of them|kids|children|adults|nights|night|rooms|"
    "bedrooms|stars|miles|kilometers|kilometres|pounds of|kg|kilos|inches|feet|foot|meters|"
    "metres|chairs|tables|things|orders|pairs|or so|calls|messages|boulevard|blvd|ave|"
    "business days|working days|quarter|percent off|degrees|square|cases|bags|litres|"
    "liters|gallons|tickets|seats|bottles|tons|pallets|packs|sets|invoices|options|"
    "questions"
)
_AROUND: dict[T, str] = {
    T.SEP: "dash|hyphen|dot|then|space|slash|minus|bracket|brackets|open bracket|close bracket",
    T.FILLER: (
        "uh|um|er|erm|ah|hmm|mm|eh|uhm|umm|err|uhh|hm|well|so|let me see|let's see|you know|"
        "like|okay|ok|right|yeah|yes|and then|let me check|just a second|hang on|hold on|"
        "one second|one moment|just a moment|one sec|i think|i believe|that's right|alright|"
        "ahem|ehm|huh|yep|let me think|let me look|give me a second|bear with me|um let me see|"
        "followed by|here we go|just a sec|what is it|what was it|comma|area code|code|uh huh|"
        "after that"
    ),
    T.BREAK: "or|or else|alternatively|either|also|plus also|as well as",
    T.GLUE: (
        "it's|its|it is|that's|that is|is|was|the|my|at|on|to|thank you|thanks|please|a|are|"
        "this is|should be|would be|be|will be|in total|goes|reads|ends|ending|in|there|as|"
        "follows|digits|digit|part|bit|bye|four digits|two digits|three digits|i said|"
        "and that's|you|for you|old one|right one|that one|this one|other one|say|read|got|did|"
        "i|we|but|those|these|just|all|because|not|it"
    ),
    T.AGAIN: (
        "again|once again|once more|one more time|i repeat|i'll repeat|repeat|repeating|"
        "let me repeat|i'll say that again|let me say that again|i'll say it again|to repeat|"
        "i will repeat|so that's|that was|let me repeat that|i'll repeat that|"
        "one more time that's|say again|that's again|i'll give it to you again|"
        "i'll read that back|let me read that back"
    ),
    T.CANCEL: (
        "about my order|don't have|do not have|can't find|cannot find|forgot|don't know|lost|"
        "change my|update my|changed my|instead of my|regarding my"
    ),
}
_FIX = (
    "correction|i mean|make that|scratch that|strike that|my mistake|my bad|"
    "i made a mistake|rather|wrong one|the wrong one|let me correct that|"
    "that's wrong|that is wrong|"
    "that's not right|wrong|oops|whoops|i meant|i misspoke|let me start over|start over|"
    "let me start again|wait no|no wait|no sorry|sorry no|excuse me no|or rather|"
    "i beg your pardon|let me correct myself|sorry i meant|sorry i mean|actually no|"
    "no actually|no i mean|sorry that's|sorry make that|let me try again|misspoke|"
    "that should be|it should be|should have been|that's incorrect|let me fix that|"
    "disregard that|forget that|ignore that|apologies|take that back|i take that back|"
    "i got that wrong|not right|i tell a lie|i've got that wrong|i have got that wrong|"
    "that was wrong|let me say it again|i tell you a lie|i misread that|i misread it|misread that|"
    "i read that wrong|i've misread that|i said that wrong|i mixed that up|i mixed those up|"
    "i got that mixed up|i got those mixed up|i got those the wrong way round|i swapped those"
)
_SORRY = (
    "no|sorry|wait|excuse me|pardon me|pardon|actually|nope|oh no|oh sorry|oh wait|hang on a second"
)
_NEGATED = "not|instead of|rather than"
_PLACES = {
    "tail": (
        "last four numbers|last two numbers|last bit|final four|final four digits|"
        "last|ends in|ending in|ends with|ending with|the end|last four|last four digits|"
        "last two|last two digits|last three|last three digits|last digit|final digits|"
        "the last four digits|the last two digits|the last digit|last one|last part"
    ),
    "middle": "middle|middle digits|middle three|middle part|the middle",
    "head": "first three|first three digits|first four digits|first part|the area code|beginning",
}
_POSTAL = "zip|zip code|postcode|postal code|post code|zipcode|date of birth|birthday|address"
_SINCE = "born|year|in the year|years|since|age|highway|route|interstate"
_STOPS = (
    "one of|one thing|no one|someone|one day|oh well|oh hi|oh hello|oh yes|oh and|oh my|"
    "oh god|one more|that one|this one|the one|another one|which one|call one|two of|"
    "both of|one or two|a k a|one another|any one|each one|no problem|no longer|no idea|"
    "no worries|no rush|no hurry|no need|no answer|no later|to a t|ten minutes ago|"
    "double check|double checked|double booked|double booking|double room|double charged|"
    "triple check|nine one one|twenty four seven|the two|one way|second floor|pound cake|"
    "the pound|number one priority|sorry for|sorry about|sorry to|sorry i missed|"
    "one time password|wait for|waiting|wait until|i can't wait|call centre|call center|"
    "one last|no one answered|all right|five star|one year|oh thank you|oh thanks|oh ok|"
    "oh okay|oh by|a good one|the card"
)

LEXICON: dict[str, Entry] = {}
for _kind, _words in _AROUND.items():
    LEXICON |= entries(_kind, _words)
LEXICON |= entries(T.UNIT, _UNITS) | entries(T.LABEL, _POSTAL, "postal")
LEXICON |= entries(T.LABEL, _SINCE, "since")
for _digit, _words in _DIGITS.items():
    LEXICON |= entries(T.DIGIT, _words, _digit)
LEXICON |= entries(T.DIGIT, "oh|o", "0", weak=True)
for _scale, _words in _SCALES.items():
    LEXICON |= entries(T.SCALE, _words, _scale)
for _factor, _words in {"2": "double|dbl", "3": "triple|treble", "4": "quadruple"}.items():
    LEXICON |= entries(T.TIMES, _words, _factor)
for _place, _words in _PLACES.items():
    LEXICON |= entries(T.PLACE, _words, _place)
LEXICON |= entries(T.FIX, _FIX) | entries(T.SORRY, _SORRY) | entries(T.FIX, _NEGATED, "but")
LEXICON |= entries(T.LABEL, _SOFT, "number") | entries(T.LABEL, _PHONE, "phone")
for _noun in _ORDER_NOUNS.split("|"):
    LEXICON |= entries(
        T.LABEL,
        "|".join(f"{_noun} {word}" for word in ("number", "no", "no.", "code", "id", "num", "#")),
        "order",
    )
LEXICON |= entries(T.LABEL, _BARE_ORDER, "order?") | entries(T.LABEL, _ROOMS, "room")
LEXICON |= entries(
    T.LABEL, "room number|apartment number|unit number|suite number|flat number", "order"
)
LEXICON |= entries(T.LABEL, _EXTENSIONS, "extension")
LEXICON |= entries(T.MONEY, "yen|jpy", "JPY") | entries(T.MONEY, "dollars|dollar|bucks", "$")
LEXICON |= entries(T.MONEY, "usd|us dollars|u.s. dollars|american dollars", "USD")
LEXICON |= entries(T.MONEY, "pounds|pound|quid|gbp|pounds sterling", "GBP")
LEXICON |= entries(T.MONEY, "euros|euro|eur", "EUR") | entries(T.MONEY, "won|krw|korean won", "KRW")
LEXICON |= entries(T.CENTS, "cents|cent|pence|p") | entries(T.PLUS, "plus|country code")
LEXICON |= entries(T.OTHER, _STOPS) | entries(T.AND, "and") | entries(T.POINT, "point")

_FIGURES = frozenset(word for words in _DIGITS.values() for word in words.split("|"))
_COUNTED = frozenset({"one", "two", "three", "four"})
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_GAP = re.compile(r"[ \t\-]{1,3}")
_ANY = re.compile(r"[^\W\d_]+")
_MEANT = re.compile(r"(?:as in|for) ([a-z])[a-z]+")
"""Which letter was meant: ``B as in bravo``."""
_WORDS_MAX = 6


def _match(text: str, at: int, before: Token | None) -> tuple[Entry, int] | None:
    if text.startswith(("a.m", "p.m"), at) and before is not None and before.kind in NUMERAL:
        return Entry(T.UNIT), at + 3
    word = _WORD.match(text, at)
    if word is None:
        return None
    if meant := _meant(text, at, before):
        return Entry(T.FILLER), meant
    if before is not None and before.end == at and before.literal:
        return _suffix(word.group(), word.end())
    if len(word.group()) <= 4 and word.group() not in LEXICON.keys() - {"a", "i", "k", "p", "o"}:
        after = text[word.end() : word.end() + 2].lstrip("-")
        if after[:1].isdigit() and not after[:1].isspace():
            return Entry(T.LETTER, word.group().upper()), word.end()
    phrases = [(word.group(), word.end())]
    while len(phrases) < _WORDS_MAX:
        gap = _GAP.match(text, phrases[-1][1])
        found = _WORD.match(text, gap.end()) if gap else None
        if found is None:
            break
        phrases.append((f"{phrases[-1][0]} {found.group()}", found.end()))
    for phrase, end in reversed(phrases):
        entry = LEXICON.get(phrase) or LEXICON.get(phrase.removesuffix("'s"))
        if entry is not None and _fits(entry, phrase, before, text, at):
            return entry, _past_point(text, phrase, end)
    if len(word.group()) == 1 or (word.end() < len(text) and text[word.end()].isdigit()):
        return Entry(T.LETTER, word.group().upper()), word.end()
    return Entry(T.OTHER), word.end()


def _meant(text: str, at: int, before: Token | None) -> int:
    """Return where the words end that only say which letter stands before; 0 for none."""
    meant = _MEANT.match(text, at)
    if meant is None or before is None or before.end - before.start != 1:
        return 0
    return meant.end() if meant.group(1) == text[before.start] else 0


def _past_point(text: str, phrase: str, end: int) -> int:
    """Take the point of an abbreviation (ext., no.) with it."""
    short = phrase.rsplit(" ", 1)[-1] in ("no", "ext", "extn", "tel", "ref", "apt", "num")
    return end + 1 if short and text.startswith(".", end) else end


def _suffix(word: str, end: int) -> tuple[Entry, int]:
    """What is written against figures: 5th, 12k, 3pm, 12B, 0143x12."""
    entry = LEXICON.get(word)
    if entry is not None and entry.kind in (T.UNIT, T.SCALE, T.MONEY, T.CENTS):
        return entry, end
    if word in ("x", "ext", "extension"):
        return Entry(T.LABEL, "extension"), end
    if word == "s":
        return Entry(T.UNIT), end
    return Entry(T.LETTER, word.upper()) if len(word) <= 3 else Entry(T.OTHER), end


def _fits(entry: Entry, phrase: str, before: Token | None, text: str, at: int) -> bool:
    numeral = before is not None and before.kind in NUMERAL
    if entry.kind in (T.UNIT, T.CENTS) or (entry.kind is T.SCALE and phrase == "k"):
        return numeral and before is not None and text[before.end : at].strip(" -") == ""
    if entry.kind is T.MONEY:
        return numeral or phrase in ("jpy", "usd", "eur", "gbp", "krw")
    if phrase == "hundred":
        return True
    if phrase == "x":
        return numeral
    if entry.kind is T.OTHER and (phrase.startswith("oh ") or phrase == "nine one one"):
        return not numeral
    if entry.kind is T.PLACE and phrase.rsplit(" ", 1)[-1] in _COUNTED:
        after = _WORD.match(text, at + len(phrase) + 1)
        return after is None or after.group() not in _FIGURES
    if phrase in ("year", "years", "since", "age", "id no"):
        return not numeral
    return True


def _other(text: str, at: int) -> int:
    found = _ANY.match(text, at)
    return found.end() if found else at + 1


ENGLISH = Tongue(match=_match, other=_other, big=1000, together=True)
