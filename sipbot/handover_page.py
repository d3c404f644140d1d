"""The parity report as a page that prints: for the client, and for both agencies to sign.  Pure."""

from html import escape

from sipbot.handover_parity import Kind, Report

KIND_WORDS: dict[Kind, tuple[str, str]] = {
    "blocks": ("must be mended", "要修正"),
    "lost": ("lost", "減少"),
    "differs": ("differs", "相違"),
    "unknown": ("not measured", "未測定"),
    "gained": ("gained", "増加"),
    "same": ("same", "同じ"),
}
"""English, Japanese."""

_STYLE = """\
@page { size: A4; margin: 18mm }
body { font: 11pt/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; color: #111 }
table { border-collapse: collapse; width: 100% }
th, td { border: 1px solid #888; padding: .3rem .5rem; text-align: left; vertical-align: top }
tr { break-inside: avoid }
.blocks td:first-child, .lost td:first-child { font-weight: bold }
.sign { margin-top: 3rem }"""


def page(report: Report) -> str:
    """Return the report as one HTML file without anything from elsewhere."""
    hours = "not measured / 未測定"
    if report.hours_lost is not None and report.hours_gained is not None:
        hours = f"−{report.hours_lost:g} h, +{report.hours_gained:g} h"
    title = f"Parity report / 引継ぎ確認書: {report.say_name} ({report.client})"
    rows = "\n".join(
        f'<tr class="{one.kind}"><td>{" / ".join(KIND_WORDS[one.kind])}</td>'
        f"<td>{escape(one.about)}</td><td>{escape(one.there)}</td>"
        f"<td>{escape(one.here)}</td><td>{escape(one.remedy)}</td></tr>"
        for one in report.items
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<style>{_STYLE}</style></head><body>
<h1>{escape(title)}</h1>
<p>From / 引継元: {escape(report.giver)}. To / 引継先: {escape(report.taker)}.
Bundle / 識別子: {escape(report.bundle)}.</p>
<p>Hours in the next twelve months / 今後12か月の受付時間: {hours}</p>
<table><thead><tr><th></th><th>About / 項目</th><th>There / 引継元</th><th>Here / 引継先</th>
<th>Remedy / 対応</th></tr></thead><tbody>
{rows}
</tbody></table>
<p class="sign">Accepted / 承認: ______________________ &nbsp; ______________________</p>
</body></html>
"""
