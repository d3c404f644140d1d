"""The page of a run of many lines."""

from xml.etree import ElementTree

from benchmarks.lines_page import plot, ratio, table
from tests.line_levels import a_level


def test_cost_of_a_line_is_held_against_the_bare_agents_of_as_many_lines() -> None:
    levels = [a_level("sipbot", 4, cpu=0.25), a_level("bare", 4, cpu=0.5), a_level("bare", 8)]
    assert 0.5 == ratio(levels[0], levels)


def test_cost_without_a_yardstick_is_not_measured() -> None:
    levels = [a_level("sipbot", 4), a_level("bare", 8)]
    assert ratio(levels[0], levels) is None


def test_yardstick_is_not_held_against_itself() -> None:
    levels = [a_level("bare", 4)]
    assert ratio(levels[0], levels) is None


def test_yardstick_that_used_nothing_measurable_is_no_divisor() -> None:
    levels = [a_level("sipbot", 4), a_level("bare", 4, cpu=0.0)]
    assert ratio(levels[0], levels) is None


def test_table_has_a_row_for_each_level_and_a_dash_for_what_nobody_measured() -> None:
    rows = table([a_level("sipbot", 4, cpu=0.3), a_level("bare", 4, cpu=0.4)]).splitlines()
    assert (
        "| 4 | sipbot | 4 | 9 / - | 1 | 98.00 % | 40 | 1.5 / 0.3 | 0.75 | 6 / 5 | 0.5 |" == rows[2]
    )


def test_plot_says_its_figures_in_words_too() -> None:
    picture = plot([a_level("sipbot", 4, cpu=0.3), a_level("bare", 4, cpu=0.4)])
    assert "4 lines: 0.75; at most 1.2 is wanted" in "".join(
        ElementTree.fromstring(picture).itertext()
    )
