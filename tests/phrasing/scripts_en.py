"""How English-speaking callers say digits, times and sums, and what else they say."""

import re
from collections.abc import Callable

from tests.phrasing.scripts_said import (
    FULL_WIDTH,
    Dice,
    Number,
    Tongue,
    Voice,
    code_of,
    listed,
    spelled,
)

ONES = listed(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)


TENS = listed("- - twenty thirty forty fifty sixty seventy eighty ninety")


ORDINALS = listed(
    "- first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
    "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth "
    "twenty-first twenty-second twenty-third twenty-fourth twenty-fifth twenty-sixth "
    "twenty-seventh twenty-eighth"
)


def _en_count(value: int) -> str:
    if value < 20:
        return ONES[value]
    if value < 100:
        return TENS[value // 10] + (f"-{ONES[value % 10]}" if value % 10 else "")
    if value < 1000:
        rest = f" and {_en_count(value % 100)}" if value % 100 else ""
        return f"{ONES[value // 100]} hundred{rest}"
    rest = f" {_en_count(value % 1000)}" if value % 1000 else ""
    return f"{_en_count(value // 1000)} thousand{rest}"


def _en_runs(digits: str, zero: str) -> str:
    """Digits with "double" and "triple"."""
    table = [zero, *ONES[1:10]]
    words: list[str] = []
    for run in re.finditer(r"(\d)\1*", digits):
        left, name = len(run[0]), table[int(run[1])]
        while left > 3:
            words.append(f"double {name}")
            left -= 2
        words.append({1: name, 2: f"double {name}", 3: f"triple {name}"}[left])
    return " ".join(words)


def _en_pairs(digits: str, zero: str) -> str:
    """Digits in pairs where that is easily understood, else one by one."""
    table = [zero, *ONES[1:10]]
    head, rest = (digits[0], digits[1:]) if len(digits) == 3 else ("", digits)
    pairs = [rest[at : at + 2] for at in range(0, len(rest), 2)]
    if len(rest) not in {2, 4} or "00" in pairs or (len(rest) == 2 and rest[0] == "0"):
        return " ".join(table[int(digit)] for digit in digits)
    said = [f"{zero} {table[int(p[1])]}" if p[0] == "0" else _en_count(int(p)) for p in pairs]
    return " ".join(([table[int(head)]] if head else []) + said)


def _en_round(digits: str, zero: str) -> str:
    """ "eight hundred", "oh eight hundred", "five thousand", "" for what is not round."""
    if re.fullmatch(r"[1-9]00", digits):
        return f"{ONES[int(digits[0])]} hundred"
    if re.fullmatch(r"0[1-9]00", digits):
        return f"{zero} {ONES[int(digits[1])]} hundred"
    if re.fullmatch(r"[1-9]000", digits):
        return f"{ONES[int(digits[0])]} thousand"
    return f"{_en_count(int(digits[:2]))} hundred" if re.fullmatch(r"[1-9]{2}00", digits) else ""


def en_voice(dice: Dice, region: str, *, bare: bool) -> Voice:
    pause = " " if bare else ", "
    if dice.chance(0.45):
        join = dice.choice(("-", "-", "-", " ", " ", "", ".", ", ") if region == "US" else
                           (" ", " ", " ", "-", "", ", ", " ", "."))  # fmt: skip
        if dice.chance(0.12):
            inner = dice.choice((" ", "-", " "))
            return Voice(spelled("0123456789", inner), pause, pause, digits=True)
        if dice.chance(0.04):
            return Voice(spelled(FULL_WIDTH), "-", pause, digits=True)
        if region == "US" and dice.chance(0.15):
            plain = spelled("0123456789")
            return Voice(plain, "-", pause, digits=True, brackets="first")
        if dice.chance(0.08):
            first = spelled(["oh", *ONES[1:10]], " ")
            return Voice(spelled("0123456789"), pause, pause, digits=False, first=first)
        join = " " if bare and join == ", " else join
        return Voice(spelled("0123456789"), join, pause, digits=True)
    zeros = ("oh", "oh", "oh", "zero", "zero", "o")
    zero = dice.choice((*zeros, "nought", "nought") if region == "GB" else zeros)
    inner = "-" if not bare and dice.chance(0.12) else " "
    plain = spelled([zero, *ONES[1:10]], inner)
    throw = dice.random()
    doubles = throw < (0.6 if region == "GB" else 0.2)
    paired = not doubles and throw > (0.95 if region == "GB" else 0.72)
    rounded = dice.chance(0.6)

    def say(digits: str) -> str:
        if rounded and (said := _en_round(digits, zero)):
            return said
        if doubles:
            return _en_runs(digits, zero)
        return _en_pairs(digits, zero) if paired else plain(digits)

    join = dice.choice((pause, pause, pause, " ", " " if bare or dice.chance(0.5) else "... "))
    join = " dash " if dice.chance(0.05) else join
    return Voice(say, join, pause, digits=False, plain=not rounded)


def en_slots(
    dice: Dice, voice: Voice, number: Number | None, region: str
) -> dict[str, Callable[[], str]]:
    months = listed(
        "January February March April May June July August September October November December"
    )
    days = listed("Monday Tuesday Wednesday Thursday Friday Saturday")
    british = region == "GB"

    def count(value: int) -> str:
        return str(value) if voice.digits else _en_count(value)

    def date() -> str:
        day, month = dice.randrange(1, 29), dice.choice(months)
        end = {1: "st", 2: "nd", 3: "rd"}.get(0 if 10 < day < 14 else day % 10, "th")
        said = f"{day}{end}" if voice.digits else ORDINALS[day]
        return f"the {said} of {month}" if british else f"{month} {said}"

    def when() -> str:
        hour, minute = dice.randrange(1, 13), dice.choice((15, 20, 30, 40, 45))
        clock = f"{hour}:{minute}" if voice.digits else f"{_en_count(hour)} {_en_count(minute)}"
        late = " in the afternoon" if hour < 6 else ""
        if british and dice.chance(0.4):
            return f"half past {count(hour)}"
        return dice.choice((clock, f"{count(hour)} o'clock", f"{clock}{late}"))

    def money() -> str:
        value = dice.choice((18, 45, 60, 120, 249, 375, 1250, 4800))
        unit = "pounds" if british else "dollars"
        if voice.digits:
            return f"{'£' if british else '$'}{value:,}"
        return f"{_en_count(value)} {unit}"

    def postal() -> str:
        if not british:
            return code_of(voice, dice.digits(5))
        one, two = dice.randrange(1, 9), dice.randrange(1, 9)
        area = dice.choice(("SW", "NW", "SE", "BN", "OX", "M"))
        end = dice.choice(("AA", "QT", "JD"))
        if voice.digits:
            return f"{area}{one} {two}{end}"
        return f"{' '.join(area)} {ONES[one]} {ONES[two]} {' '.join(end)}"

    own = "mobile" if british else "cell"
    return {
        "name": lambda: dice.choice(EN_NAMES[region]),
        "firm": lambda: dice.choice(EN_FIRMS),
        "date": date,
        "dow": lambda: dice.choice(days),
        "time": when,
        "money": money,
        "code": lambda: code_of(voice, dice.digits(dice.choice((4, 5, 6, 7)))),
        "ref": lambda: code_of(voice, dice.digits(dice.choice((4, 5, 6)))),
        "ext": lambda: code_of(voice, dice.digits(dice.choice((2, 3, 3, 4)))),
        "room": lambda: code_of(voice, f"{dice.randrange(1, 9)}{dice.choice(('0', '1', '2'))}4"),
        "postal": postal,
        "age": lambda: count(dice.randrange(68, 95)),
        "few": lambda: count(dice.randrange(2, 10)),
        "many": lambda: count(dice.choice((12, 15, 20, 24, 36, 50))),
        "house": lambda: count(dice.randrange(2, 99)),
        "zip": lambda: "postcode" if british else "zip code",
        "ring": lambda: dice.choice(("ring", "call", "phone") if british else ("call", "reach")),
        "phone": lambda: own if number and number.kind == "mobile" else "phone",
    }


EN_NAMES = {
    "GB": (
        "Margaret Ellis", "Mrs Thornton", "James Whitcombe", "Priya Shah", "Tom", "Dr Evans",
        "Dorothy Pike", "Angus MacLeod", "Sian Howells", "Mr Okafor", "Gemma from accounts",
    ),
    "US": (
        "Bill Kowalski", "Denise", "Mrs. Hernandez", "Jim Tolbert", "Alicia Monroe", "Ray",
        "Dr. Feldman", "Barb Swenson", "Tyrone Watts", "Linda Cho", "Kevin with the sales team",
    ),
}  # fmt: skip


EN_FIRMS = (
    "Harper and Sons", "Northside Plumbing", "Two Rivers Dental", "First Capital", "Studio Nine",
    "Seven Oaks Realty", "the county office", "Four Square Logistics", "Brightwell Insurance",
    "One Stop Print", "Lakeview Motors", "the surgery",
)  # fmt: skip


EN_OPEN = (
    "Hi, this is {name} from {firm}.",
    "Hello, good morning, it's {name} calling from {firm}.",
    "Good afternoon. My name is {name}, I'm calling on behalf of {firm}.",
    "Hello? Hello, oh, it's the machine. This is {name} speaking.",
    "Hi there, {name} here.",
    "Yeah, hi, it's {name}.",
    "Hello dear, it's {name}, you won't remember me.",
    "Hello, um, this is a message for the service department.",
    "Good evening, I do hope someone gets this. It's {name}.",
    "Hey, it's {name} returning your call.",
    "Hi, you called me about {few} minutes ago, this is {name}.",
    "",
)


EN_WHY = (
    "I'm calling about order number {code}, which still hasn't arrived.",
    "I've got an appointment on {date} at {time} and I need to move it.",
    "It's regarding the invoice for {money} dated {date}.",
    "I was quoted {money} and I've been charged {money}.",
    "My reference number is {ref}.",
    "I'm {age} years old and I don't do the internet, I'm afraid.",
    "My mother is {age} and she needs {few} of those tablets.",
    "I'm in room {room} and the heating's been off for {few} days.",
    "We'd like to book a table for {few} on {dow} at {time}.",
    "I ordered {many} boxes and only {few} turned up.",
    "The {zip} is {postal}.",
    "I live at {house} Station Road, the {zip} is {postal}.",
    "No one has got back to me, and this is my third message.",
    "I wanted to ask you one thing about the contract.",
    "It's about the meeting on {dow}, is it still {time}?",
    "My account number is {code}, and, um, the statement looks wrong.",
    "I'm calling for a second opinion, basically.",
    "Just a quick one.",
    "I've been waiting in for your engineer since {time}.",
    "The policy number is {code}, I think it runs out on {date}.",
)


EN_TELL = {
    "US": (
        "My number is {tel}.",
        "You can reach me at {tel}.",
        "Please give me a call back at {tel}.",
        "Call me back at {tel} whenever you get a chance.",
        "My {phone} number's, uh, {tel}.",
        "Best number for me is {tel}.",
        "If you could call me at {tel}, I'd appreciate it.",
        "That's {tel}, and ask for {name}.",
        "The number here is {tel}.",
        "So it's {tel}.",
        "I'm at {tel} until {time}.",
        "Got a pen? {tel}.",
        "Hold on, let me get my glasses. Okay, it's {tel}.",
        "Number's {tel}, bye.",
        "Callback number {tel}.",
        "I'm gonna give you my number, it's {tel}, y'all call me.",
    ),
    "GB": (
        "My number is {tel}.",
        "You can ring me on {tel}.",
        "Could you possibly call me back on {tel}, please?",
        "My {phone} number is {tel}.",
        "I'm on {tel} until about {time}.",
        "The telephone number is {tel}.",
        "The number, er, let me just find it, is {tel}.",
        "Give us a bell on {tel}.",
        "If you'd be so kind as to telephone me, it's {tel}.",
        "So that's {tel}, and ask for {name}.",
        "It's {tel}, cheers.",
        "Best to get me on {tel}, after {time} if you can.",
        "Have you got a pencil? It's {tel}.",
        "Our number hasn't changed, dear, it's {tel}.",
        "I can be contacted on {tel} during office hours.",
        "Me number's {tel}, love.",
    ),
}


EN_FIRST = (
    "{tel}, that's my number.",
    "{tel}. That's the number to call me back on.",
    "{tel}, that's where you can get me.",
)


EN_EXTRA = (
    "Extension {ext}.",
    "I'm on extension {ext}.",
    "I'll be here until {time}.",
    "Any time after {time} is fine.",
    "Please call before {date}.",
    "The order number is {code}.",
    "It's the house with the green door, number {house}.",
    "I'm away from {date} for {few} days.",
    "Quote reference {ref} when you {ring} me.",
    "There's no rush, {dow} would be fine.",
    "I'm not in on {dow}.",
    "The total was {money}.",
)


EN_CLOSE = (
    "Thank you.", "Thanks, bye.", "Bye bye now.", "Thank you ever so much.", "Have a good one.",
    "Much appreciated.", "Speak soon.", "Okay, thanks.", "God bless.", "Many thanks.", "",
)  # fmt: skip


EN_NONE = (
    "You've got my number.",
    "I'll try you again around {time}.",
    "No need to call back.",
    "You have my number on file.",
    "Just email me, please.",
    "I'll call again on {dow}.",
    "I'm not going to leave my number on a machine.",
)


def en_tongue(region: str, *, bare: bool) -> Tongue:
    again = [
        "I'll say that again, {tel}.", "Again, that's {tel}.", "I'll repeat that: {tel}.",
        "Let me repeat it, {tel}.", "Did you get that? It's {tel}.",
    ]  # fmt: skip
    sorry = [
        "no, sorry,", "sorry,", "no, wait,", "I mean", "I beg your pardon,", "correction,",
        "no, hang on,", "scratch that,", "no, it's", "excuse me,", "no no,",
    ]  # fmt: skip
    if not bare:
        again += ["One more time, {tel}.", "Once more for you, {tel}."]
    after = (
        "Sorry, the last part is {right}, not {wrong}.",
        "No, I've got that wrong, it ends in {right}, not {wrong}.",
        "Sorry, I said {wrong} at the end but it should be {right}.",
        "I tell a lie, it's {right} at the end, not {wrong}.",
    )
    british = region == "GB"
    fillers = ("er", "erm", "um", "let me see") if british else ("uh", "um", "let's see", "ah")
    restart = (
        "no, let me start again,", "sorry, I'll start from the beginning,", "hang on, start over,",
        "no, I'll do that again,",
    )  # fmt: skip
    return Tongue(
        fillers=fillers,
        sorry=[phrase.rstrip(",") for phrase in sorry],
        restart=[phrase.rstrip(",") for phrase in restart],
        again=again,
        after=after,
        plus=("plus ", "plus ", "country code "),
        area=("area code ", "area code ") if not british else ("code ", "code "),
        free=("toll free ", "one ") if not british else ("freephone ", "",),
    )  # fmt: skip
