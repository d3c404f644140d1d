"""The filters of the embedded broker: which of them match a topic."""

from hypothesis import given
from hypothesis import strategies as st

from sipbot.bus_rights import covers
from sipbot.filter_table import FilterTable

LEVELS = st.sampled_from(["a", "b", "", "$s"])
TOPICS = st.lists(LEVELS, min_size=1, max_size=4).map("/".join)
FILTERS = st.builds(
    lambda levels, rest: "/".join([*levels, *rest]) or "#",
    st.lists(LEVELS | st.just("+"), max_size=4),
    st.sampled_from([[], ["#"]]),
)


def of(*filters: str) -> FilterTable[str]:
    table = FilterTable[str]()
    for one in filters:
        table[one] = one
    return table


@given(st.sets(FILTERS, max_size=8), st.sets(FILTERS, max_size=4), TOPICS)
def test_table_finds_the_filters_that_a_comparison_with_each_would_find(
    kept: set[str], dropped: set[str], topic: str
) -> None:
    """The tree is right whatever was put in and taken out."""
    table = of(*kept, *dropped)
    for one in dropped:
        del table[one]

    hidden = topic.startswith("$")
    compared = {
        one
        for one in kept - dropped
        if covers(one, topic) and not (hidden and one.startswith(("+", "#")))
    }
    assert compared == set(table.matching(topic))
    assert kept - dropped == set(table)


def test_table_finds_each_filter_once() -> None:
    """A subscriber would be told twice."""
    assert ["a/#", "a/+", "a/b"] == sorted(of("a/b", "a/+", "a/#", "b").matching("a/b"))


def test_table_may_be_changed_by_whoever_goes_through_it() -> None:
    """While a session that is back is sent what is retained, others subscribe."""
    table = of("a", "b")
    for one in table:
        table[f"{one}/more"] = one

    assert {"a", "b", "a/more", "b/more"} == set(table)


def test_table_keeps_no_level_of_a_filter_that_is_gone() -> None:
    """Every answer to a command has a filter of its own."""
    table = of("a/b/c")
    del table["a/b/c"]

    assert {} == table._root.below
