"""Makes one HTML file of a report: no address of anything else in it, and it prints well.

Data path: pack, statement -> [render] -> pdf, a file, the console
"""

from datetime import timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import markupsafe

from sipbot.report.pack import BENCHMARK_CLIENTS, Pack
from sipbot.report.pictures import ends_plot, heat_plot, trend_plots
from sipbot.report.statement import Statement
from sipbot.report.words import Say

TEMPLATES = Path(__file__).parent / "templates"


def weekly(pack: Pack, say: Say) -> str:
    """Return the page of a week."""
    plots = SimpleNamespace(
        heat=_svg(heat_plot(pack, say)),
        ends=_svg(ends_plot(pack, say)),
        trends=[(name, _svg(plot)) for name, plot in trend_plots(pack, say)],
    )
    since = pack.since.astimezone(say.tz).date()
    until = (pack.until - timedelta(seconds=1)).astimezone(say.tz).date()
    return _page(
        "weekly.html",
        pack,
        say,
        plots=plots,
        period=say.say("week_of", week=pack.week, since=say.day(since), until=say.day(until)),
        benchmark_least=BENCHMARK_CLIENTS,
        today=pack.made_at.astimezone(say.tz).date().isoformat(),
    )


def monthly(statement: Statement, say: Say) -> str:
    """Return the page of a month."""
    return _page("monthly.html", statement, say)


def _page(name: str, it: Pack | Statement, say: Say, **values: Any) -> str:  # noqa: ANN401 - what a template shows
    css = markupsafe.Markup((TEMPLATES / "sheet.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file
    font = markupsafe.Markup(say["font"])  # noqa: S704 - our own words
    return _templates().get_template(name).render(it=it, t=say, css=css, font=font, **values)


def _svg(plot: str) -> markupsafe.Markup:
    """Mark a plot as what needs no escaping: `plots` has escaped every word in it."""
    return markupsafe.Markup(plot)  # noqa: S704


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
