"""How a caller writes the groups of a number, and what stands between them."""

import random
from functools import partial

from tests.phrasing.habits_counts import JA_WORDS, WIDE, en_group, mapped, spaced_by
from tests.phrasing.habits_phones import GAP, Form


def _brackets(groups: tuple[str, ...]) -> str:
    """The first group in brackets."""
    return f"({groups[0]}){GAP}{'-'.join(groups[1:])}"


def _brackets_middle(groups: tuple[str, ...]) -> str:
    """The middle group in brackets, as on Japanese cards."""
    if len(groups) != 3:
        return "-".join(groups)
    return f"{groups[0]}({groups[1]}){groups[2]}"


def _same(group: str) -> str:
    """The figures as they are."""
    return group


def _wide(group: str) -> str:
    """The figures in full width."""
    return group.translate(WIDE)


def digit_form(rng: random.Random, language: str) -> Form:
    """A form with figures."""
    comma = "、" if language == "ja" else f",{GAP}"
    common = [
        (8, Form(_same, "-", comma)),
        (6, Form(_same, GAP, comma)),
        (4, Form(_same, "", comma, open=False)),
        (3, Form(_same, f",{GAP}", comma)),
        (2, Form(_same, f".{GAP}", comma)),
        (2, Form(_same, ".", comma)),
        (2, Form(_same, "-", comma, whole=_brackets)),
        (2, Form(spaced_by(GAP), GAP, comma)),
        (1, Form(spaced_by(f",{GAP}"), f",{GAP}", comma)),
        (1, Form(spaced_by("-"), "-", comma)),
        (1, Form(_same, "–", comma)),
    ]
    extra = {
        "ja": [
            (9, Form(_same, "の", "の 、")),
            (4, Form(_same, "、", "、")),
            (2, Form(_same, "-", "、", whole=_brackets_middle)),
            (3, Form(_wide, "－", "、")),
            (2, Form(_wide, "の", "の 、")),
            (2, Form(_wide, "", "、", open=False)),
            (1, Form(_wide, "ー", "、")),
            (1, Form(_wide, "\u3000", "、")),
            (2, Form(_same, " ハイフン ", " ハイフン 、")),
            (1, Form(spaced_by("、"), "、", "、")),
            (1, Form(_same, "‐", "、")),
        ],
        "ko": [
            (6, Form(_same, "에 ", "에, ")),
            (3, Form(_same, "의 ", "의, ")),
            (2, Form(_same, " 다시 ", " 다시, ")),
            (1, Form(_same, "국에 ", "국에, ")),
        ],
        "en": [(1, Form(_same, " dash ", ", ")), (3, Form(_same, "-", ", "))],
    }[language]
    rows = common + extra
    form = rng.choices(rows, [weight for weight, _ in rows])[0][1]
    return Form(_same, "-", comma) if form.sep == "국에 " else form


def ja_word_form(rng: random.Random, *, spaced: bool) -> Form:
    """A form with Japanese words; spaced: a recogniser that sets words apart."""
    if spaced:
        names = ["kanji", "rei", "mixed", "mixed", "maru", "mixed"]
        words = JA_WORDS[rng.choice(names)]
        sep = rng.choice([" の ", " の ", " "])
        return Form(mapped(words, " "), sep, sep)
    name = rng.choice(list(JA_WORDS))
    joint = rng.choice(["", "", "", "、", GAP])
    sep = rng.choice(["の", "の", "の、", "、", f"の{GAP}", GAP, "ハイフン"])
    if joint == "、" and sep == GAP:
        sep = "、"
    pause = "の 、" if "の" in sep else "、"
    return Form(mapped(JA_WORDS[name], joint), sep, pause)


def ko_word_form(rng: random.Random) -> Form:
    """A form with Korean words."""
    zero = rng.choice(["공", "공", "공", "영"])
    one = "하나" if rng.random() < 0.08 else "일"
    words = (zero, one, *"이삼사오육칠팔구")
    joint = rng.choice(["", "", "", GAP])
    six = rng.choice("육륙")

    def group(figures: str) -> str:
        said = mapped(words, joint)(figures)
        return said[:1] + said[1:].replace("육", six)

    sep = rng.choice(["에 ", "에 ", "의 ", " 다시 ", GAP, GAP, ", "])
    return Form(group, sep, {"에 ": "에, ", "의 ": "의, ", " 다시 ": " 다시, "}.get(sep, ", "))


def en_word_form(rng: random.Random, region: str) -> Form:
    """A form with English words."""
    zero = rng.choice(["oh", "oh", "zero"] if region == "GB" else ["oh", "zero", "zero"])
    if region == "GB" and rng.random() < 0.1:
        zero = "nought"
    doubles = rng.random() < (0.75 if region == "GB" else 0.3)
    habits = "d" if doubles else ""
    if rng.random() < (0.3 if region == "US" else 0.15):
        habits += "p"
    sep = rng.choice([", ", ", ", GAP, ". ", "... ", " dash "])
    return Form(partial(en_group, rng, zero, habits), sep, ", ")
