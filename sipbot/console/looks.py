"""How a page looks: its language and colours, its templates, and the files that go with it.

A language is chosen in the page (a cookie), else by the account, else by the browser.  Nobody has
to be logged in to choose, so the log-in page can be read too.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal

import jinja2
import markupsafe
import msgspec
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from sipbot.accounts import Account
from sipbot.console.guard import csrf_token
from sipbot.console.parts import HERE, parts_of
from sipbot.console.places import is_https, safe_next
from sipbot.console.words import ALL, LANGUAGES, Words

Theme = Literal["auto", "light", "dark"]

COOKIE = "look"
COOKIE_S = 365 * 86_400
"""A year; nothing but a language and a name of colours is in it."""

ASSET_S = 30 * 86_400
"""Files have their hash in their address, so browsers may keep them; a month is long enough."""

_COOKIE = re.compile(r"(en|ja|-)\.(auto|light|dark)")

router = APIRouter()


class Place(msgspec.Struct, frozen=True):
    """A page in the navigation; there is one for each that exists."""

    path: str
    word: str
    """Key of its name in `words`."""
    allowed: Callable[[Account], bool] = lambda _: True
    """Who finds it there; the page itself asks again."""
    of_archive: bool = False
    """Whether it is there only where the site has an archive."""


PAGES = [Place("/", "memos")]
"""Those that come later add theirs when they are imported."""


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """In which language and colours somebody reads."""

    language: str
    theme: Theme

    @property
    def words(self) -> Words:
        """The words of the language."""
        return ALL[self.language]


def look_of(request: Request, me: Account | None) -> Look:
    """Return how a page shall look.

    Args:
        request: from the browser.
        me: who has logged in; None for nobody.
    """
    found = _COOKIE.fullmatch(request.cookies.get(COOKIE, ""))
    language, theme = found.groups() if found else ("-", "auto")
    if language == "-":
        language = (me.language if me else "") or preferred(
            request.headers.get("accept-language", "")
        )
    return Look(language=language, theme=_theme(theme))


def preferred(accepted: str) -> str:
    """Return the language of ours that a browser likes best (RFC 9110, section 12.5.4)."""
    best, weight = "en", 0.0
    for part in accepted[:400].split(","):
        tag, _, quality = part.partition(";q=")
        language = tag.strip().split("-", 1)[0].lower()
        try:
            likes = float(quality) if quality else 1.0
        except ValueError:
            continue
        if language in LANGUAGES and likes > weight:
            best, weight = language, likes
    return best


def show(
    request: Request,
    name: str,
    me: Account | None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,  # noqa: ANN401 - what a template shows
) -> HTMLResponse:
    """Return a page.

    Args:
        request: that asks for it.
        name: of the template.
        me: who has logged in; None for nobody.
        status: of HTTP.
        headers: of the answer.
        values: what the template shows.
    """
    look = look_of(request, me)
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    page = (
        _templates()
        .get_template(name)
        .render(
            w=look.words,
            look=look,
            me=me,
            csrf_field=csrf_field(csrf_token(request) if me else ""),
            pages=_places(request, me),
            here=here if request.method == "GET" else "/",
            languages=LANGUAGES,
            **values,
        )
    )
    # What callers said is in no cache, neither a proxy's nor the browser's.
    cached = {"Cache-Control": "no-store", "Vary": "Cookie", **(headers or {})}
    return HTMLResponse(page, status_code=status, headers=cached)


def _places(request: Request, me: Account | None) -> list[Place]:
    archive = parts_of(request).settings.others
    ours = (page for page in PAGES if archive or not page.of_archive)
    return [page for page in ours if me is not None and page.allowed(me)]


def macros(name: str, context: Mapping[str, Any], *names: str) -> list[Callable[..., str]]:
    """Return macros of a template, which see these values beside their arguments."""
    module = _templates().get_template(name).make_module(dict(context))
    return [getattr(module, one) for one in names]


def csrf_field(token: str) -> markupsafe.Markup:
    """Return the hidden field that every form carries."""
    if not token:
        return markupsafe.Markup()
    return markupsafe.Markup('<input type="hidden" name="csrf" value="{}">').format(token)


@router.post("/look")
async def choose(
    request: Request,
    language: Annotated[str, Form()] = "",
    theme: Annotated[str, Form()] = "",
    next_: Annotated[str, Form(alias="next")] = "/",
) -> Response:
    """Keep a choice of language or colours, and go back to where it was made."""
    before = _COOKIE.fullmatch(request.cookies.get(COOKIE, ""))
    was_language, was_theme = before.groups() if before else ("-", "auto")
    chosen = language if language in LANGUAGES else was_language
    value = f"{chosen}.{_theme(theme or was_theme)}"
    answer = RedirectResponse(safe_next(next_), status_code=303)
    answer.set_cookie(
        COOKIE,
        value,
        max_age=COOKIE_S,
        httponly=True,
        samesite="lax",
        secure=is_https(parts_of(request).settings),
    )
    return answer


class Assets(StaticFiles):
    """The files that go with the pages; they may be kept by browsers."""

    def __init__(self) -> None:
        super().__init__(directory=HERE / "static")

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file that may be kept when its address has its hash."""
        answer = await super().get_response(path, scope)
        if answer.status_code == 200 and scope.get("query_string"):
            answer.headers["Cache-Control"] = f"public, max-age={ASSET_S}, immutable"
        return answer


@cache
def asset(name: str) -> str:
    """Return the address of a file, with the hash of what is in it."""
    content = (HERE / "static" / name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


def clock(at: datetime) -> str:
    """Return a time of the day as the clock of this machine shows it."""
    return at.astimezone().strftime("%H:%M")


def day_clock(at: datetime, now: datetime, language: str) -> str:
    """Return a time; its day too, when that is not today."""
    local, today = at.astimezone(), now.astimezone()
    if local.date() == today.date():
        return clock(at)
    day = f"{local.month}月{local.day}日" if language == "ja" else f"{local.day} {local:%b}"
    year = "" if local.year == today.year else f"{local.year}年" if language == "ja" else ""
    if local.year != today.year and language != "ja":
        day = f"{day} {local.year}"
    return f"{year}{day} {clock(at)}"


def span_words(seconds: float, words: Words) -> str:
    """Return a length of time in its largest unit: 40 s, 12 min, 3 h, 2 d."""
    whole = max(0, int(seconds))
    for unit, size in (("unit_d", 86_400), ("unit_h", 3_600), ("unit_min", 60)):
        # Two hours are told in hours, one and a half in minutes: that is how fine people ask.
        if whole >= size * (2 if unit != "unit_min" else 1):
            return words[unit].format(n=whole // size)
    return words["unit_s"].format(n=whole)


def due_words(due: datetime, now: datetime, words: Words) -> str:
    """Return how long there is still time, or how long it is over."""
    left_s = (due - now).total_seconds()
    return words["due_in" if left_s >= 0 else "overdue"].format(time=span_words(abs(left_s), words))


def age_words(at: datetime, now: datetime, words: Words) -> str:
    """Return how long somebody has been waiting."""
    age_s = (now - at).total_seconds()
    if age_s < 60:
        return words["just_now"]
    return words["waits"].format(time=span_words(age_s, words))


def since_words(at: datetime, now: datetime, words: Words) -> str:
    """Return how long it has been since, beside a name that says what."""
    return span_words((now - at).total_seconds(), words)


def _theme(value: str) -> Theme:
    match value:
        case "light" | "dark":
            return value
        case _:
            return "auto"


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(asset=asset, clock=clock)
    return environment
