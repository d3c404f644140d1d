"""One caller, whose habits say how a message is put together."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

import phonenumbers

from tests.phrasing.habits_counts import (
    EN_MONTHS,
    EN_ONES,
    EN_ORDINALS,
    JA_WORDS,
    KO_HOURS,
    KO_TENS,
    KO_UNITS,
    east_int,
    en_int,
    mapped,
)
from tests.phrasing.habits_en import EN
from tests.phrasing.habits_forms import (
    _same,
    _wide,
    digit_form,
    en_word_form,
    ja_word_form,
    ko_word_form,
)
from tests.phrasing.habits_ja import JA
from tests.phrasing.habits_ko import KO, agree, ro
from tests.phrasing.habits_phones import GAP, Form, Phone, fits, slip
from tests.phrasing.habits_tongue import Phrases

TONGUES = {"ja": JA, "en": EN, "ko": KO}


@dataclass
class Caller:
    """One caller with habits of speech, whose message is put together."""

    rng: random.Random
    language: str
    region: str
    words: bool
    spaced: bool  # the recogniser leaves out punctuation
    wide: bool
    style: str
    years: int = 0

    @property
    def tongue(self) -> Phrases:
        """The phrases of the caller's language."""
        return TONGUES[self.language]

    def form(self, phone: Phone) -> Form:
        """How this caller's telephone number is written."""
        if not self.words:
            form = digit_form(self.rng, self.language)
            if self.wide and form.group is not _wide:
                form = Form(_wide, self.rng.choice(["－", "の", ""]), "、")
                form = Form(_wide, form.sep, form.pause, open=form.sep != "")
            return form
        if self.language == "ja":
            return ja_word_form(self.rng, spaced=self.spaced)
        if self.language == "ko":
            return ko_word_form(self.rng)
        return en_word_form(self.rng, phone.region)

    def filler(self) -> str:
        """A sound of thinking, or nothing."""
        if self.rng.random() < 0.55:
            return ""
        lead = "、 " if self.language == "ja" else ""
        return lead + self.rng.choice(self.tongue.fillers)

    def render(self, groups: tuple[str, ...], form: Form, *, pause_at: int = -1) -> str:
        """The groups one after another, perhaps with a filler after one of them."""
        if form.whole is not None and pause_at < 0 and len(groups) > 1:
            return form.whole(groups)
        out = ""
        for i, group in enumerate(groups):
            out += form.group(group)
            if i == pause_at:
                out += f"{form.pause} {self.rng.choice(self.tongue.fillers)} "
            elif i < len(groups) - 1:
                out += form.sep
        return out

    def corrected(self, groups: tuple[str, ...], form: Form, *, final: bool) -> str:
        """The number with a slip that the caller puts right."""
        rng, tongue = self.rng, self.tongue
        at = rng.randrange(1, len(groups))
        wrong = (*groups[:at], slip(rng, groups[at]))
        marks = tongue.corrections if self.style == "d" else tongue.corrections[:-1]
        mark = rng.choice(marks)
        sort = rng.random()
        if not form.open or sort < 0.2:
            full = (*wrong, *groups[at + 1 :])
            return self.render(full, form) + mark + self.render(groups, form)
        if sort < 0.4:
            begun = wrong if at < len(groups) - 1 else groups[:at]
            mark = rng.choice(tongue.restarts)
            return self.render(begun, form) + mark + self.render(groups, form)
        if sort < 0.55 and final and len(groups[-1]) == 4:
            full = (*groups[:-1], slip(rng, groups[-1]))
            tail = rng.choice(tongue.last_part).replace("{g}", form.group(groups[-1]))
            return self.render(full, form) + tail
        said = (*groups[:at], slip(rng, groups[at]))
        head = self.render(said[:-1], form) + form.sep + form.group(said[-1])
        if form.whole is not None:
            head = self.render(said, Form(form.group, form.sep, form.pause))
            form = Form(form.group, form.sep, form.pause)
        return head + mark + self.render(groups[at:], form)

    def abroad(self, phone: Phone, form: Form) -> str:
        """The number with its country's code."""
        parsed = phonenumbers.parse(phone.e164, None)
        style = phonenumbers.PhoneNumberFormat.INTERNATIONAL
        shown = str(phonenumbers.format_number(parsed, style))
        groups = tuple(part for part in re.split(r"[^0-9]+", shown) if part)
        if not self.words and form.group is not _wide:
            form = Form(_same, form.sep, form.pause, open=form.open)
        if self.language == "ja" and self.rng.random() < 0.3:
            return f"国 番号 {form.group(groups[0])} 、 {self.render(groups[1:], form)}"
        if self.language == "ko" and self.rng.random() < 0.3:
            return f"국가번호 {form.group(groups[0])}, {self.render(groups[1:], form)}"
        if self.language == "en" and self.rng.random() < 0.2:
            rest = self.render(groups[1:], form)
            return f"country code {form.group(groups[0])}, then {rest}"
        if not self.words:
            joint = "" if not form.open else self.rng.choice([GAP, "-", GAP])
            return ("＋" if form.group is _wide else "+") + joint.join(map(form.group, groups))
        plus = {"ja": "プラス ", "en": "plus ", "ko": "플러스 "}[self.language]
        if self.language == "en" and groups[0] == "44" and self.rng.random() < 0.4:
            return f"plus forty-four{form.sep}{self.render(groups[1:], form)}"
        if form.sep in ("ハイフン", " dash "):
            return plus + ", ".join(map(form.group, groups)).replace(", ", self._comma())
        return plus + self._comma().join(map(form.group, groups))

    def _comma(self) -> str:
        """What stands between parts of a sentence."""
        return "、" if self.language == "ja" else ", "

    def said(self, phone: Phone, *, final: bool) -> str:
        """The telephone number as this caller says it."""
        rng, groups, form = self.rng, phone.groups, self.form(phone)
        whole = self.render(groups, form)
        sort = rng.random()
        foreign = self.language == "en" and phone.region not in ("US", "GB")
        if foreign or (sort < 0.06 and phone.kind in ("mobile", "land", "ip")):
            return self.abroad(phone, form)
        if sort < 0.08 and phone.region == "US":
            return self.render(("1", *groups), Form(form.group, form.sep, form.pause))
        if sort < 0.2 and form.open:
            return self.render(groups, form, pause_at=rng.randrange(len(groups) - 1))
        if sort < 0.34:
            return whole + rng.choice(self.tongue.again) + whole
        if sort < 0.52:
            return self.corrected(groups, form, final=final)
        if sort < 0.58 and phone.kind == "land" and form.open and len(groups) < 4:
            plain = Form(form.group, form.sep, form.pause)
            text = rng.choice(self.tongue.area).replace("{a}", form.group(groups[0]))
            return text.replace("{r}", self.render(groups[1:], plain))
        if sort < 0.63 and self.language in ("ja", "ko") and phone.kind == "land":
            parts = [form.group(group) for group in groups]
            local = " 局 の " if self.language == "ja" else "국에 "
            gap = " の " if self.language == "ja" else " "
            return f"{parts[0]}{gap}{parts[1]}{local}{parts[2]}"
        return whole

    # numbers that are not telephone numbers

    def integer(self, value: int) -> str:
        """A plain number."""
        if not self.words:
            return _wide(str(value)) if self.wide else str(value)
        if self.language == "en":
            return en_int(value)
        if self.language == "ja":
            said = east_int(value, "〇一二三四五六七八九", "十百千万")
            return " ".join(said) if self.spaced else said
        return east_int(value, "영일이삼사오육칠팔구", "십백천만")

    def figures(self, text: str) -> str:
        """Figures said one by one, as of an order."""
        if not self.words:
            return _wide(text) if self.wide else text
        digits = text.replace("-", "")
        if self.language == "en":
            zero = self.rng.choice(["oh", "zero"])
            return " ".join(EN_ONES[int(d)] if d != "0" else zero for d in digits)
        if self.language == "ja":
            return mapped(JA_WORDS["mixed"], " " if self.spaced else "")(digits)
        return mapped(tuple("공일이삼사오육칠팔구"), "")(digits)

    def reference(self) -> str:
        """An order's, a card's or a customer's number."""
        rng = self.rng
        size = rng.choice([4, 5, 6, 6, 7, 8, 9, 10, 12])
        number = rng.choice("123456789") + "".join(rng.choices("0123456789", k=size - 1))
        if self.words:
            return self.figures(number)
        if size in (8, 12) and rng.random() < 0.6:
            number = "-".join(number[i : i + 4] for i in range(0, size, 4))
        elif size < 7 and rng.random() < 0.3:
            number = rng.choice(["A", "B", "K", "TX"]) + rng.choice(["-", ""]) + number
        return self.figures(number)

    def time(self, first: int = 8, last: int = 19) -> str:
        """A time of the day."""
        hour, minute = self.rng.randint(first, last), self.rng.choice([0, 0, 0, 30, 30, 15, 45, 10])
        twelve = (hour - 1) % 12 + 1
        if self.language == "ja":
            tail = "" if not minute else (f" {self.integer(minute)} 分" if minute != 30 else " 半")
            return f"{self.integer(hour if self.rng.random() < 0.5 else twelve)} 時{tail}"
        if self.language == "ko":
            name = KO_HOURS[twelve] if self.words else str(twelve)
            tail = "" if not minute else (f" {self.integer(minute)}분" if minute != 30 else " 반")
            noon = "오전" if hour < 12 else "오후"
            return f"{noon} {name} 시{tail}" if self.words else f"{noon} {name}시{tail}"
        half = "a.m." if hour < 12 else "p.m."
        if not self.words:
            return f"{twelve}:{minute:02d} {half}" if minute else f"{twelve} {half}"
        tail = f" {en_int(minute)}" if minute else " o'clock"
        return en_int(twelve) + tail

    def date(self) -> str:
        """A day of the year."""
        month, day = self.rng.randint(1, 12), self.rng.randint(1, 28)
        if self.language == "ja":
            return f"{self.integer(month)} 月 {self.integer(day)} 日"
        if self.language == "ko":
            names = {6: "유", 10: "시"} if self.words else {}
            return f"{names.get(month, self.integer(month))}월 {self.integer(day)}일"
        name = EN_MONTHS[month - 1]
        if self.words:
            if day <= 20:
                return f"{name} {EN_ORDINALS[day]}"
            return f"{name} twenty-{EN_ORDINALS[day - 20]}"
        ends = {1: "st", 2: "nd", 3: "rd"}
        end = "th" if day in (11, 12, 13) else ends.get(day % 10, "th")
        us = self.region == "US"
        return f"{name} {day}{end}" if us else f"the {day}{end} of {name}"

    def amount(self) -> str:
        """A sum of money."""
        if self.language == "en":
            value = self.rng.randint(12, 1900)
            if self.words:
                return en_int(value) + (" dollars" if self.region == "US" else " pounds")
            sign = "$" if self.region == "US" else "£"
            return f"{sign}{value:,}" + self.rng.choice(["", "", ".50", ".99"])
        value = self.rng.randint(3, 400) * 100 * (1 if self.language == "ja" else 10)
        unit = " 円" if self.language == "ja" else "원"
        if not self.words and not self.wide and self.rng.random() < 0.5:
            return f"{value:,}{unit}"
        return self.integer(value) + unit

    def postcode(self) -> str:
        """A postal code."""
        rng = self.rng
        if self.language == "ja":
            high, low = rng.randint(100, 999), rng.randint(1, 99)
            if self.words:
                return f"{self.figures(str(high))} の {self.figures(f'{low:04d}')}"
            return self.figures(f"{high}-{low:04d}")
        if self.language == "ko" or self.region == "US":
            return self.figures(f"{rng.randint(10000, 63000):05d}")
        a, b, c = rng.randint(1, 28), rng.randint(1, 9), rng.choice(["AB", "JQ", "LN", "TX"])
        town = rng.choice(["SW", "M", "LS", "BN", "EH"])
        if self.words:
            return f"{' '.join(town)} {en_int(a)} {en_int(b)} {' '.join(c)}"
        return f"{town}{a} {b}{c}"

    def count(self) -> str:
        """A small number of things."""
        value = self.rng.randint(2, 9)
        return self.integer(value)

    def native_count(self) -> str:
        """A small number of things, before a Korean word for pieces."""
        value = self.rng.randint(2, 9)
        return KO_HOURS[value] if self.words else str(value)

    def age(self) -> str:
        """The age of an elderly person."""
        self.years = self.years or self.rng.randint(66, 93)
        value = self.years
        if self.language == "ko" and self.words:
            tens, ones = KO_TENS[value // 10], value % 10
            short = {1: "한", 2: "두", 3: "세", 4: "네"}
            return tens + (short.get(ones, KO_UNITS[ones]) if ones else "")
        return self.integer(value)

    def room(self) -> str:
        """The number of a room."""
        number = f"{self.rng.randint(1, 15)}0{self.rng.randint(1, 9)}"
        if self.words and self.language == "ko":
            return self.integer(int(number))
        return self.figures(number)

    def fill(self, template: str, phone: Phone | None) -> str:
        """The template with everything in it that it asks for."""
        rng = self.rng
        final = re.search(r"\{n\}( です| で ございます|입니다)? ?[.。]", template) is not None

        def value(match: re.Match[str]) -> str:
            name = match.group(1)
            if name == "n":
                assert phone is not None
                return self.said(phone, final=final)
            makers: dict[str, Callable[[], str]] = {
                "f": self.filler,
                "name": lambda: rng.choice(self.tongue.names),
                "firm": lambda: rng.choice(self.tongue.firms),
                "ord": self.reference,
                "t": self.time,
                "t1": lambda: self.time(8, 11),
                "t2": lambda: self.time(14, 18),
                "d": self.date,
                "amt": self.amount,
                "zip": self.postcode,
                "zipname": lambda: "zip code" if self.region == "US" else "postcode",
                "cnt": self.count,
                "cnt2": self.native_count,
                "age": self.age,
                "room": self.room,
                "ext": lambda: self.figures(str(rng.randint(11, 4999))),
                "c4": lambda: self.figures(f"{rng.randint(1000, 9999)}"),
                "ro_zip": lambda: "번으로",
                "ro": lambda: "" if phone is None else ro(phone.e164),
            }
            return makers[name]()

        return re.sub(r"\{(\w+)\}", value, template)

    def message(self, phone: Phone | None) -> str:
        """The whole message."""
        rng, style, tongue = self.rng, self.style, self.tongue

        def some(pool: dict[str, list[str]]) -> list[str]:
            rows = [row for row in pool[style] if phone is None or fits(row, phone)]
            return [rng.choice(rows)]

        opening, who, reason = some(tongue.openings), some(tongue.who), some(tongue.reasons)
        closing = some(tongue.closings) if rng.random() < 0.75 else []
        if phone is None:
            two = rng.sample(tongue.reasons[style], 2)
            parts = opening + who + (two if rng.random() < 0.4 else reason)
            parts += some(tongue.without) if rng.random() < 0.8 else closing
        else:
            call = [self.stutter(row) for row in some(tongue.calls)]
            orders = [
                opening + who + reason + call + closing,
                opening + who + reason + call,
                opening + who + call + reason + closing,
                who + call + closing,
                some(tongue.first) + reason + closing,
                opening + some(tongue.first) + reason,
                [rng.choice(tongue.bare)],
            ]
            parts = rng.choices(orders, [26, 14, 16, 14, 14, 10, 6])[0]
        text = " ".join(self.fill(part, phone) for part in parts)
        return self.tidy(text)

    def stutter(self, row: str) -> str:
        """The phrase, now and then with its first word twice."""
        first, _, rest = row.partition(" ")
        if self.rng.random() > 0.08 or not rest or "{" in first or not first.isalpha():
            return row
        comma = "、 " if self.language == "ja" else " "
        if self.language == "en" and first != "I":
            row = row[0].lower() + row[1:]
        return f"{first}{comma}{row}"

    def tidy(self, text: str) -> str:
        """The text as a recogniser of this kind writes it."""
        if self.language == "ja":
            return self._tidy_ja(text)
        text = re.sub(r"\s+", " ", text.replace(GAP, " ")).strip()
        text = re.sub(r" ([,.])", r"\1", text)
        text = re.sub(r"(\d) (살|개)", r"\1\2", text)
        text = re.sub("([가-힣])(이에요|이거든예|이고요|라고 합니다)", agree, text)
        text = re.sub(r"([,.]),+", r"\1", text)
        text = text.replace("m..", "m.")
        if self.spaced:
            text = re.sub(r"[,?]|\.+(?= |$)", " ", text)
            text = re.sub(r"(?<=\w)-(?=\w)", " ", text)
            text = re.sub(r"\s+", " ", text).strip()
            return text.lower() if self.language == "en" else text
        if self.language == "en":
            text = re.sub(
                r"(^|(?<=[a-z0-9][.?] )(?<![ap]\.m\. ))([a-z])(?=[a-z' ])",
                lambda m: m.group(2).upper(),
                text,
            )
        return text

    def _tidy_ja(self, text: str) -> str:
        """The Japanese text as a recogniser of this kind writes it."""
        if self.spaced:
            return re.sub(r"[\s\x01、。]+", " ", text).strip()
        text = text.replace(" ", "").replace(GAP, " ")
        text = re.sub(r"、+", "、", text).replace("。、", "。").replace("、。", "。")
        text = re.sub(r"^、|、$", "", text)
        if self.rng.random() < 0.15:
            text = text.replace("。", " ").strip()
        return text
