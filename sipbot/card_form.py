"""``[card]``, ``[[contact]]`` and ``[[faq]]`` of a client's file: what operators must know.

What an answering agency's client sheet holds: who the client is, how they want things said, words
that are not said, what must not be promised, what is always asked, whom to ask, how urgent messages
are passed on, and what callers ask often.  It changes no call; `sipbot.client_card` is what becomes
of it.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, model_validator

from sipbot.client_card import ClientCard, Contact, Faq
from sipbot.form_parts import FROZEN, Line
from sipbot.numbers import canonical
from sipbot.toml_file import wrong
from sipbot.toml_places import Path as KeyPath
from sipbot.transfer_target import is_number

LINES_MAX = 30
"""Entries of one list: two screens of a telephone's width, which nobody reads in a call."""

LINE_CHARS = 200
TEXT_CHARS = 600
"""An answer is read aloud: 600 characters of Japanese take two minutes at 300 a minute, the pace of
newsreaders; 600 of English, some 40 s."""

CONTACTS_MAX = 50
FAQ_MAX = 100
"""With all limits reached a card has some 130,000 characters: 520 kB as the longest UTF-8, and a
line to the console may have a megabyte (`sipbot.lines.LIMIT_BYTES`)."""

Flaw = tuple[KeyPath, str, str]
"""Key, problem, remedy; as `TomlFile.mistake` takes them."""

_URL = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&'()*+,;=%\[\]-]+")
"""RFC 3986's characters; no other scheme, for the console makes a link of it."""


def _readable(value: str) -> str:
    """Refuse what no screen shows, such as marks that turn the direction of a text around."""
    if not value.strip():
        raise wrong("is empty", "Write something, or remove it")
    for one in value:
        if not (one.isprintable() or one == "\n" or unicodedata.category(one) == "Zs"):
            problem = f"holds a control character (U+{ord(one):04X})"
            raise wrong(problem, "Remove it; for a new line write \\n")
    return value


def _one_line(value: str) -> str:
    if "\n" in value:
        raise wrong("has more than one line", "Write each line as an entry of its own")
    return _readable(value)


def _is_url(value: str) -> str:
    if not _URL.fullmatch(value):
        raise wrong("is not an address of the web", 'Write it as in "https://www.example.jp/"')
    return value


_Line = Annotated[str, Field(max_length=LINE_CHARS), AfterValidator(_one_line)]
_Text = Annotated[str, Field(max_length=TEXT_CHARS), AfterValidator(_readable)]


class CardForm(BaseModel):
    """What operators must know who call back; shown with every memo of the client."""

    model_config = FROZEN

    about: _Text | None = Field(default=None, examples=["給湯器の販売と修理。"])
    """Who the client is and what they do."""
    wording: tuple[_Line, ...] = Field(
        default=(),
        max_length=LINES_MAX,
        strict=False,
        examples=[["「修理」ではなく「点検」と言う"]],
    )
    """How things are said in the client's name."""
    never_say: tuple[_Line, ...] = Field(
        default=(), max_length=LINES_MAX, strict=False, examples=[["故障", "クレーム"]]
    )
    """Words that are not used with this client's callers."""
    never_promise: tuple[_Line, ...] = Field(
        default=(), max_length=LINES_MAX, strict=False, examples=[["訪問の日時", "修理の金額"]]
    )
    """What operators do not promise: that is the client's to say."""
    ask: tuple[_Line, ...] = Field(
        default=(), max_length=LINES_MAX, strict=False, examples=[["型番", "設置した年"]]
    )
    """What is asked in every call back."""
    urgent: _Text | None = Field(
        default=None, examples=["ガス漏れのおそれ: 当番に電話し、出なければ工場長へ。"]
    )
    """How urgent messages are passed on."""
    hours_note: _Text | None = Field(default=None, examples=["昼休みも電話には出ます。"])
    """What to know of the hours beside the hours themselves."""
    address: _Line | None = Field(default=None, examples=["東京都千代田区霞が関1-1-1"])
    """Where callers find the client."""
    url: Annotated[str, Field(max_length=LINE_CHARS), AfterValidator(_is_url)] | None = Field(
        default=None, examples=["https://www.example.jp/"]
    )
    """The client's page: http or https."""

    @model_validator(mode="after")
    def _says_something(self) -> "CardForm":
        if not any(getattr(self, name) for name in type(self).model_fields):
            raise wrong("says nothing", 'Add about = "…" or wording = ["…"], or remove [card]')
        return self


class ContactForm(BaseModel):
    """Somebody at the client's who can be asked; the first in the file is asked first."""

    model_config = FROZEN

    name: Annotated[Line, Field(examples=["佐藤様"])]
    """Who it is."""
    about: _Line | None = Field(default=None, examples=["見積書と請求書"])
    """In what this person is asked."""
    number: str | None = Field(default=None, max_length=64, examples=["03-1234-5678"])
    """Telephone number or extension, in any spelling."""
    note: _Line | None = Field(default=None, examples=["火曜は不在"])
    """What else to know."""


class FaqForm(BaseModel):
    """What callers ask often, and what they are told."""

    model_config = FROZEN

    question: Annotated[_Line, Field(examples=["駐車場はありますか"])]
    """The question, in callers' words."""
    answer: Annotated[_Text, Field(examples=["建物の裏に三台分あります。"])]
    """What operators answer."""


def flaws(contacts: Sequence[ContactForm], faq: Sequence[FaqForm], region: str) -> Iterator[Flaw]:
    """What is wrong with contacts and questions beyond one table by itself.

    Args:
        contacts: of the file.
        faq: of the file.
        region: whose national numbers are meant.
    """
    for place, contact in enumerate(contacts):
        if contact.number is not None and not is_number(canonical(contact.number, region)):
            key: KeyPath = ("contact", place, "number")
            remedy = 'Write it as "+81312345678", or as dialled at home'
            yield key, "is not a telephone number", remedy
    asked: set[str] = set()
    for place, one in enumerate(faq):
        question = " ".join(one.question.split()).casefold()
        if question in asked:
            yield ("faq", place, "question"), "is asked twice", "Put both answers into one"
        asked.add(question)


def card_of(
    card: CardForm | None,
    contacts: Sequence[ContactForm],
    faq: Sequence[FaqForm],
    *,
    language: str,
    region: str,
) -> ClientCard | None:
    """Make the card that operators see; None where the file has nothing of it.

    Args:
        card: of the file.
        contacts: of the file, without `flaws`.
        faq: of the file.
        language: of the client.
        region: whose national numbers are meant.
    """
    if not (card or contacts or faq):
        return None
    said = card.model_dump(exclude_none=True) if card else {}
    return ClientCard(
        language=language,
        contacts=tuple(_contact(one, region) for one in contacts),
        faq=tuple(Faq(question=one.question, answer=one.answer) for one in faq),
        **said,
    )


def _contact(form: ContactForm, region: str) -> Contact:
    return Contact(
        name=form.name,
        about=form.about or "",
        number=canonical(form.number, region) if form.number else "",
        shown=form.number or "",
        note=form.note or "",
    )
