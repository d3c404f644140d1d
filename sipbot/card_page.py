"""A client's knowledge card on a terminal, behind the memo that it helps with.  Pure."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sipbot.client_card import ClientCard, Contact
from sipbot.memo_state import Labels
from sipbot.terminal import printable


def card_page(card: ClientCard, labels: Labels) -> RenderableType:
    """Return a card as something that a terminal can show.

    Args:
        card: of the client.
        labels: of the reader's language.
    """
    table = Table.grid(padding=(0, 2))
    table.title, table.title_justify = Text(labels["card"], style="bold"), "left"
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, lines in _rows(card):
        for place, line in enumerate(lines):
            table.add_row("" if place else labels[name], printable(line))
    return table


def facts_of_card(card: ClientCard) -> str:
    """Return in a few words what a card has: ``3 lines, 2 contacts, 4 questions``."""
    lines = sum(
        len(entries) for entries in (card.wording, card.never_say, card.never_promise, card.ask)
    )
    counted = ((lines, "line"), (len(card.contacts), "contact"), (len(card.faq), "question"))
    return ", ".join(f"{n} {noun}{'' if n == 1 else 's'}" for n, noun in counted if n)


def _rows(card: ClientCard) -> Iterator[tuple[str, list[str]]]:
    """The card's parts in the order of the console, each line by itself."""
    yield "card_about", card.about.splitlines()
    yield "card_urgent", card.urgent.splitlines()
    yield "card_wording", list(card.wording)
    yield "card_never_say", list(card.never_say)
    yield "card_never_promise", list(card.never_promise)
    yield "card_ask", list(card.ask)
    yield "card_contacts", [_contact(one) for one in card.contacts]
    yield "card_hours_note", card.hours_note.splitlines()
    yield "card_address", card.address.splitlines()
    yield "card_url", card.url.splitlines()
    faq = [line for one in card.faq for line in (one.question, *_indented(one.answer))]
    yield "card_faq", faq


def _contact(contact: Contact) -> str:
    parts = (contact.name, contact.about, contact.shown, contact.note)
    return "  ".join(part for part in parts if part)


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in text.splitlines()]
