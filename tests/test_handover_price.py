"""What the report of a hand-over says of quota and price: both sites', for the calls there were."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sipbot.handover_coverage import Abilities, Coverage, again, cover
from sipbot.handover_parity import Facts, Item, compare
from tests import quotas

AT = datetime(2026, 11, 20, 3, 4, 5, tzinfo=UTC)
SITE = Abilities(
    site="a", region="JP", sipbot="0", lines=4, ears={}, readings=True, targets=(), people=None
)
QUOTA = "calls_per_month = 300\n"
PRICE = '[price]\ncurrency = "JPY"\nmonthly = "15000"\nover = "180"\ntax = "10"\n'
USED = {"2026-10": 312, "2026-11": 20}


def items(
    folder: Path, there: str, here: str | None, used: dict[str, int] | None = None
) -> dict[str, Item]:
    """Compare two files of a client, given as what follows ``[quota]``."""
    plans = [
        quotas.plans(folder / str(place), sato=text).all[0]
        for place, text in enumerate((there, there if here is None else here))
    ]
    was: Coverage = cover(plans[0], AT, region="JP", prompts={}, used=used or {}, heard={})
    now = None if here is None else again(plans[1], was, "JP", {})
    found = compare(
        client="sato",
        say_name="Sato",
        bundle="b",
        there=was,
        giver=SITE,
        here=now,
        taker=SITE,
        facts=Facts(),
    )
    return {one.about: one for one in found.items}


def test_month_costs_what_its_statement_says_at_both_sites(tmp_path: Path) -> None:
    dearer = PRICE.replace('"180"', '"200.5"')
    found = items(tmp_path, QUOTA + PRICE, QUOTA + dearer, USED)
    october = found["what 2026-10 costs, by the calls that counted there"]
    assert "312 calls, 12 beyond the quota: 18,876 JPY with tax, 2,160 of it for those beyond" == (
        october.there
    )
    assert ("differs", "19,146 JPY") == (october.kind, october.here.split(": ")[1][:10])


def test_month_that_goes_on_is_named_as_such(tmp_path: Path) -> None:
    found = items(tmp_path, QUOTA + PRICE, QUOTA + PRICE, USED)
    assert "same" == found["what 2026-11 so far costs, by the calls that counted there"].kind


def test_smaller_quota_charges_more_calls_and_is_told(tmp_path: Path) -> None:
    found = items(tmp_path, QUOTA + PRICE, "calls_per_month = 100\n" + PRICE, USED)
    october = found["what 2026-10 costs, by the calls that counted there"]
    assert october.here.startswith("312 calls, 212 beyond the quota: 58,476 JPY")
    assert ("differs", "100 calls a month: too few for the busiest month") == (
        found["quota"].kind,
        found["quota"].here,
    )


@pytest.mark.parametrize("here", [QUOTA, None], ids=["no_price_here", "file_wrong_here"])
def test_price_that_one_site_lacks_is_unknown_and_never_nothing(
    tmp_path: Path, here: str | None
) -> None:
    found = items(tmp_path, QUOTA + PRICE, here, USED)
    kinds = {one.kind for about, one in found.items() if "price" in about or "costs" in about}
    assert {"unknown"} == kinds
    assert "0 JPY" not in found["price"].here


def test_clients_without_any_price_have_no_costs(tmp_path: Path) -> None:
    found = items(tmp_path, QUOTA, QUOTA, USED)
    assert ("unknown", "no price is set") == (found["price"].kind, found["price"].here)
    assert not [about for about in found if "costs" in about]
