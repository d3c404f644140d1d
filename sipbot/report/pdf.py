"""A report's page as PDF; the only importer of WeasyPrint.

WeasyPrint rather than a browser: a server needs no Chromium (300 MB, a sandbox, a display of its
own) to print one sheet, and its PDF has the same bytes for the same page.  It is an extra
(``sipbot[pdf]``) and needs Debian's libpango-1.0-0, libpangoft2-1.0-0 and, for Japanese,
fonts-noto-cjk.
"""

from typing import Any, NoReturn

from sipbot.errors import ReportError

_REMEDY = (
    "Install it: .venv/bin/pip install -e '.[pdf]', and libpango-1.0-0, libpangoft2-1.0-0 and "
    "fonts-noto-cjk from Debian; or ask for --format html, which browsers print"
)


def pdf(page: str) -> bytes:
    """Return a page as PDF; nothing is fetched for it.

    Raises:
        ReportError: WeasyPrint or what it needs is not installed.
    """
    try:
        from weasyprint import HTML  # noqa: PLC0415 - an extra, and slow to load
    except (ImportError, OSError) as error:
        raise ReportError(f"PDF cannot be made: {error}. {_REMEDY}") from error
    made: bytes = HTML(string=page, url_fetcher=_refuse).write_pdf()
    return made


def _refuse(url: str, *_: Any, **__: Any) -> NoReturn:  # noqa: ANN401 - WeasyPrint's signature
    raise ReportError(f"a report fetches nothing, but asks for {url[:80]}")
