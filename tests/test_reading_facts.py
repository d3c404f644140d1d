"""What a client's dialplan says about reading its texts."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sipbot.dialplan import Dialplans, load_file
from sipbot.golden import Verdict, digest, folder_of, gated, write_verdict
from sipbot.reading_facts import facts_of
from sipbot.understanding import ClientFacts
from tests.clients import write_client

TERM = """
[[term]]
write = "やまと工業"
read = "ヤマトコウギョウ"

[[category]]
name = "repair"
words = ["故障"]
"""


def test_facts_of_a_client_are_its_zone_its_words_and_its_categories(tmp_path: Path) -> None:
    """Everything that a text is understood by."""
    plan = load_file(write_client(tmp_path, TERM), "JP")

    facts = facts_of("sato", Dialplans((plan,), "JP"))

    assert ("JP", ZoneInfo("Asia/Tokyo")) == (facts.region, facts.zone)
    assert ["やまと工業"] == [term.write for term in facts.terms]
    assert ["repair"] == [category.name for category in facts.categories]


def test_facts_of_a_client_that_is_gone_are_those_of_the_site() -> None:
    """Its last messages are still read, and their numbers understood."""
    assert ClientFacts(region="JP", known=False) == facts_of("sato", Dialplans((), "JP"))


def test_words_that_make_texts_worse_are_hidden_all_the_same(tmp_path: Path) -> None:
    plan = load_file(write_client(tmp_path, TERM), "JP")
    folder_of(tmp_path, "sato").mkdir(parents=True)
    terms = digest(plan.terms, plan.language)
    worse = Verdict(terms=terms, better=False, at=datetime(2026, 12, 1, tzinfo=UTC))
    write_verdict(tmp_path, "sato", worse)

    facts = facts_of("sato", Dialplans((gated(plan, tmp_path),), "JP"))

    assert ((), plan.terms) == (facts.terms, facts.hidden)
