"""How English-speaking callers speak, and their phrases."""

import re
from collections.abc import Callable, Sequence

from tests.phrasing.books_ja import a_reference
from tests.phrasing.books_said import Dice, Speaker, Words

EN_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]


EN_TENS = ["-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


EN_WORDS = Words(
    pause=(
        "uh",
        "um",
        "er",
        "hang on",
        "let me see",
        "bear with me",
        "then",
        "got that?",
        "and then",
        "where are my glasses",
        "okay",
        "ready?",
    ),
    wrong=(
        "no, sorry",
        "sorry, I mean",
        "no wait",
        "correction",
        "scratch that",
        "I beg your pardon",
        "er, no",
        "oops, that's",
    ),
    restart=(
        "no, sorry, let me start again",
        "wait, that's wrong, it's",
        "sorry, I'll start over",
        "actually no, from the top",
        "no, I've got that wrong, it should be",
    ),
    last=(
        "sorry, the last four are",
        "no, the end is",
        "wait, it ends in",
        "hang on, those last four digits should be",
    ),
    not_that=("that's {good} at the end, not {bad}", "it ends in {good}, not {bad}"),
    again=("again, that's", "I'll say that again", "once more", "that's", "I repeat", "so that's"),
    tail_again=("", "that's ", "the last bit again is ", "ending "),
)


def _en_number(n: int) -> str:
    if n < 20:
        return EN_ONES[n]
    if n < 100:
        return EN_TENS[n // 10] + ("-" + EN_ONES[n % 10] if n % 10 else "")
    if n < 1000:
        tail = f" and {_en_number(n % 100)}" if n % 100 else ""
        return f"{EN_ONES[n // 100]} hundred{tail}"
    return str(n)


class English(Speaker):
    """A caller in English, American or British."""

    words = EN_WORDS

    def choose(self) -> None:
        """Decide on a style of digits for the whole utterance."""
        d, p, us = self.d, self.punctuated, self.region == "US"
        self.zero = d.choice(["oh", "oh", "zero"] if us else ["oh", "oh", "zero", "nought", "o"])
        self.double = d.chance(0.15 if us else 0.7)
        self.triple = d.choice(["triple"] if us else ["triple", "treble"])
        self.pairs = us and d.chance(0.3)
        self.hundred = d.chance(0.7)
        self.inner = " "
        if self.spelled:
            self.sep = d.choice([", ", ", ", " ", " - "]) if p else " "
            if p and d.chance(0.1):
                self.inner = self.sep = ", "
        else:
            self.inner = ""
            self.sep = d.choice(
                ["-", "-", " ", " ", ".", "", ", ", "()"] if p else ["-", " ", " ", ""]
            )
            if d.chance(0.07):
                self.inner = self.sep = d.choice([", ", "-", " "] if p else [" "])
        self.plus = d.choice(["plus ", "country code "]) if self.spelled else "+"

    def say(self, groups: Sequence[str]) -> str:
        """Return the groups as the recogniser writes them."""
        parts = [self.group(g) for g in groups]
        if self.sep != "()":
            return self.sep.join(parts)
        us = self.region == "US"
        if len(parts) < 2 or len(groups[0]) < 3 or groups[0][0] == "+":
            return ("-" if us else " ").join(parts)
        return f"({parts[0]}) " + ("-" if us else " ").join(parts[1:])

    def group(self, group: str) -> str:
        """Return one group."""
        plus, digits = (self.plus if group[0] == "+" else ""), group.lstrip("+")
        if not self.spelled:
            return plus + self.inner.join(digits)
        return plus + (self.rounded(digits) or self.inner.join(self.runs(digits)))

    def rounded(self, digits: str) -> str:
        """Return the group as a round number or as pairs, when people say it so."""
        if self.inner != " ":
            return ""
        if self.hundred and digits in {"800", "0800", "0300"}:
            return (
                f"{self.zero} " if len(digits) == 4 else ""
            ) + f"{EN_ONES[int(digits[-3])]} hundred"
        if len(digits) != 4 or ("0" in (digits[0], digits[2]) and digits[2:] != "00"):
            return ""
        if self.pairs and digits.endswith("000") and digits[0] != "0":
            return f"{EN_ONES[int(digits[0])]} thousand"
        if self.pairs and digits[0] != "0" and digits[1] != "0":
            tail = "hundred" if digits[2:] == "00" else _en_number(int(digits[2:]))
            return f"{_en_number(int(digits[:2]))} {tail}"
        return ""

    def runs(self, digits: str) -> list[str]:
        """Return the digits as words, with doubles for callers who say them."""
        names = [self.zero, *EN_ONES[1:10]]
        out = []
        for match in re.finditer(r"(\d)\1*", digits):
            name, many = names[int(match[1])], len(match[0])
            if self.double and many == 2:
                out.append(f"double {name}")
            elif self.double and many == 3:
                out.append(f"{self.triple} {name}")
            else:
                out.extend([name] * many)
        return out


EN_NAMES = (
    "Tony Ford",
    "Mrs Wong",
    "Sheila Won",
    "Dave Eight-Baker",
    "Jim Tenby",
    "Olivia Tew",
    "Grace O'Hara",
    "Sam Forbes",
    "Mr Patel",
    "Aunt May",
    "Priya Singh",
    "Zeb Atkins",
)


EN_FIRMS = (
    "Four Seasons Florists",
    "Brown's Bakery",
    "Studio Seven",
    "Oh My Dog Grooming",
    "One Stop Tyres",
    "Patel and Sons",
    "Harbour Dental",
    "Double Diamond Catering",
    "the chip shop on Station Road",
    "Second Chance Books",
)


EN_OPEN = (
    "Hi, it's {name}.",
    "Hello, this is {name} from {firm}.",
    "Good morning, {firm} here.",
    "",
    "",
    "Oh hello dear, it's {name}.",
    "Hiya, only me, {name}.",
    "Hello, I'm {name}'s daughter.",
    "Yeah, hi, {name} calling.",
    "Good afternoon, my name is {name} and I represent {firm}.",
    "Uh, hi, I hope this is the right place.",
    "Hey, {name} again.",
)


EN_STORY = (
    "I placed order {ref} on {date} and it hasn't come.",
    "I've been charged {money} for something I never bought.",
    "We need a table for {count} on {date} at {hour}.",
    "I rang at {hour} yesterday and nobody picked up.",
    "My mother is {age} and she can't manage the stairs.",
    "I'm in room {room} and the heating's off.",
    "My reference is {ref}.",
    "The boiler is {count} years old and it's leaking again.",
    "",
    "",
    "",
    "There were {count} boxes and one was empty.",
    "Two of us are coming on {date}.",
    "It's about the invoice for {money}.",
    "The little one is {count} and she's got a temperature.",
)


EN_NUM = (
    "My number is {N}.",
    "Call me back on {N}.",
    "You can reach me at {N}.",
    "It's {N}.",
    "{N}.",
    "Could you ring me on {N}, please?",
    "The number's, um, {N}.",
    "My cell is {N}, anytime after {hour}.",
    "The shop's number is {N}.",
    "So that's {N}, ask for {name}.",
    "{N} is the best number for me.",
    "Please call {N} before {hour}.",
    "It's my daughter's phone, {N}.",
    "We're on {N}, extension {ext}.",
    "I'm on {N} till {hour}.",
    "Got a pen? {N}.",
    "Telephone number {N}.",
    "Gimme a ring, {N}.",
    "If you'd be so kind, I'm on {N}.",
    "Contact number, uh, {N}.",
    "Try my husband on {N}.",
)


EN_INLINE = (
    (
        "So I was in your shop at {hour} with my {count} "
        "kids, my number's {N} by the way, and the card machine "
        "took {money} twice."
    ),
    "{name} here on {N}, I'm calling about order {ref}, it was meant to be {count} boxes.",
    (
        "My dad, he's {age}, he fell on {date}, you can "
        "get me on {N}, I'm his son, and he needs his chair "
        "fixed before {hour}."
    ),
    "{N}, that's {firm}, we've been waiting for {count} days now and it's {money} we're owed.",
    (
        "We're the family in flat {room}, well, call us on "
        "{N}, because the lift's been out for {count} days."
    ),
)


EN_TAIL = (
    "I'm in until {hour}.",
    "The order was {ref}.",
    "Extension {ext}.",
    "It's room {room}.",
    "",
    "",
    "",
    "",
    "I'll be away from {date}.",
    "One call is enough.",
    "I'm only free for {count} days.",
)


EN_CLOSE = (
    "Thanks, bye.",
    "Thank you very much.",
    "Cheers.",
    "Ta-ra.",
    "",
    "",
    "Talk to you soon.",
    "Have a good one.",
)


EN_NONE = (
    "I'll call back at {hour}.",
    "You've got my number already.",
    "Don't ring me, I'll come in on {date}.",
    "My number hasn't changed, it's still the one ending {four}.",
    "Just make it {count} instead.",
    "No need to call back.",
    "I've paid the {money}, so that's that.",
    "My number's on the form.",
)


def en_makers(d: Dice, s: Speaker) -> dict[str, Callable[[], str]]:
    months = ["January", "March", "April", "June", "July", "September", "October", "December"]

    def num(low: int, high: int) -> str:
        n = d.randint(low, high)
        return _en_number(n) if s.spelled else str(n)

    def date() -> str:
        n = d.choice([3, 5, 12, 14, 21, 22])
        words = {
            3: "third",
            5: "fifth",
            12: "twelfth",
            14: "fourteenth",
            21: "twenty-first",
            22: "twenty-second",
        }
        if s.spelled:
            return f"the {words[n]} of {d.choice(months)}"
        return f"{d.choice(months)} {n}"

    def money() -> str:
        n = num(12, 980)
        unit, sign = ("dollars", "$") if s.region == "US" else ("pounds", "£")
        return f"{n} {unit}" if s.spelled else f"{sign}{n}"

    def hour() -> str:
        n = d.randint(2, 11)
        if s.spelled:
            return d.choice(
                [f"{EN_ONES[n]} thirty", f"half past {EN_ONES[n]}", f"{EN_ONES[n]} o'clock"]
            )
        return d.choice([f"{n}:30", f"{n} p.m.", f"{n} o'clock"])

    return {
        "name": lambda: d.choice(EN_NAMES),
        "firm": lambda: d.choice(EN_FIRMS),
        "hour": hour,
        "date": date,
        "money": money,
        "count": lambda: num(2, 9),
        "age": lambda: num(61, 94),
        "ref": lambda: d.choice(["", "", "B ", "K "]) + s.bare(a_reference(d)),
        "room": lambda: num(11, 48),
        "ext": lambda: s.bare(str(d.randint(11, 499))),
        "four": lambda: s.bare(f"{d.randint(1000, 9998)}"),
    }
