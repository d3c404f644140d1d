"""A client's knowledge card: what whoever calls back for the client must know.  Pure.

The client's file says it (`sipbot.card_form`); main keeps it with the dialplan in force, and the
console asks for it when it shows a memo.  Nothing of a call depends on it.
"""

import msgspec


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody at the client's who can be asked."""

    name: str
    about: str
    """In what they are asked; may be empty."""
    number: str
    """In one spelling; empty for none."""
    shown: str
    """The number as the client's file writes it."""
    note: str


class Faq(msgspec.Struct, frozen=True, kw_only=True):
    """What callers ask, and what they are told."""

    question: str
    answer: str


class ClientCard(msgspec.Struct, frozen=True, kw_only=True):
    """What a client wants known and said; what the file leaves out is empty."""

    language: str
    """In which it is written: the client's."""
    about: str = ""
    wording: tuple[str, ...] = ()
    never_say: tuple[str, ...] = ()
    never_promise: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    urgent: str = ""
    hours_note: str = ""
    address: str = ""
    url: str = ""
    """Of http or https; empty for none."""
    contacts: tuple[Contact, ...] = ()
    faq: tuple[Faq, ...] = ()
