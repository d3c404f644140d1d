"""A client's golden set: recordings with what is said in them, and the verdict on the terms.

``dialplans/speech/<client>/`` holds ``NAME.txt``, what is said as people write it, each with
``NAME.wav`` beside it; without a recording, NAME is a memo whose audio sipbot has kept.  What is
named after a memo is what its caller said, and goes when the memo's words or recording go.
``verdict.json`` there says what the last trial of the terms found; `gated` holds a client's terms
back while it says that exactly these made texts worse.  A call is never refused for it.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import msgspec

from sipbot.disk import sync_folder
from sipbot.errors import Mistake, SipbotError, SpoolError
from sipbot.plan import Dialplan
from sipbot.term_form import terms_of
from sipbot.vocabulary import Term

SPEECH_FOLDER = "speech"
"""Below the folder of dialplans."""

_VERDICT = "verdict.json"


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One recording and what is said in it."""

    name: str
    text: str
    audio: Path | None
    """None: the recording of the memo with this name."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the last trial found."""

    terms: str
    """`digest` of the terms that were tried."""
    better: bool
    """Nothing became worse."""
    forced: bool = False
    """Somebody wants them all the same."""
    at: datetime
    found: dict[str, list[float]] = {}
    """Ear → error rate before and after, terms found before and after, terms said."""


def folder_of(dialplans: Path, client: str) -> Path:
    """Where a client's golden set is, or would be."""
    return dialplans / SPEECH_FOLDER / client


def references(dialplans: Path, client: str) -> list[Reference]:
    """Return a client's references, by name.

    Raises:
        SipbotError: there is none, or one cannot be read or is empty.
    """
    folder = folder_of(dialplans, client)
    found = []
    for path in sorted(folder.glob("*.txt")) if folder.is_dir() else ():
        try:
            text = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SipbotError(f"{path}: cannot be read ({error}). Save it as UTF-8") from error
        if not text:
            raise SipbotError(f"{path}: is empty. Write what is said in the recording")
        audio = path.with_suffix(".wav")
        found.append(Reference(name=path.stem, text=text, audio=audio if audio.is_file() else None))
    if not found:
        raise SipbotError(
            f"{folder}: holds no reference. Put recordings there, each NAME.wav with what is said "
            "in NAME.txt; or NAME.txt alone, named after a memo whose recording is kept"
        )
    return found


def named_after(dialplans: Path, memos: Iterable[str]) -> list[Path]:
    """Return every client's files that are named after these memos: what their callers said.

    Args:
        dialplans: the folder of the dialplans.
        memos: their ids.
    """
    names = set(memos)
    found = (dialplans / SPEECH_FOLDER).glob("*/*") if names else ()
    return sorted(path for path in found if path.name.partition(".")[0] in names)


def forget(dialplans: Path, memos: Iterable[str]) -> None:
    """Delete every client's files that are named after these memos; blocks, for a thread.

    Args:
        dialplans: the folder of the dialplans.
        memos: their ids.

    Raises:
        SpoolError: one cannot be deleted.
    """
    for path in named_after(dialplans, memos):
        try:
            path.unlink(missing_ok=True)
            sync_folder(path.parent)
        except OSError as error:
            raise SpoolError(
                f"{path}: holds what a caller said, and cannot be deleted: {error.strerror}. Make "
                "its folder writable for sipbot, then erase again"
            ) from error


def digest(terms: tuple[Term, ...], language: str) -> str:
    """Return what changes when the terms do, in hex."""
    plain = [language, *([one.write, one.read, [*one.heard], one.kind] for one in terms)]
    return hashlib.sha256(msgspec.json.encode(plain)).hexdigest()


def last_verdict(dialplans: Path, client: str) -> Verdict | None:
    """Return what the last trial found; None without one that can be read."""
    try:
        content = (folder_of(dialplans, client) / _VERDICT).read_bytes()
        return msgspec.json.decode(content, type=Verdict)
    except (OSError, msgspec.DecodeError):
        return None  # as if it had never been tried: `gated` says so


def write_verdict(dialplans: Path, client: str, verdict: Verdict) -> None:
    """Keep what a trial found.

    Raises:
        OSError: the folder cannot be written.
    """
    path = folder_of(dialplans, client) / _VERDICT
    draft = path.with_suffix(".new")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(verdict)) + b"\n")
    draft.replace(path)


def gated(plan: Dialplan, dialplans: Path) -> Dialplan:
    """Return a plan whose terms are used as far as the golden set allows, with what to warn of.

    Args:
        plan: of one client.
        dialplans: the folder of the dialplans.
    """
    if not plan.terms or not folder_of(dialplans, plan.client).is_dir():
        return plan
    verdict = last_verdict(dialplans, plan.client)
    command = f"sipbot speech accept {plan.client}"
    if verdict is None:
        problem, remedy = "has never been tried with the golden set", f"Run: {command}"
    elif verdict.terms != digest(plan.terms, plan.language):
        problem, remedy = "has changed since it was tried with the golden set", f"Run: {command}"
    elif verdict.better or verdict.forced:
        return plan
    else:
        problem = "is not used: with it, texts of the golden set became worse"
        remedy = f"Change it, or run: {command} --force"
        plan = replace(plan, terms=())
    warning = Mistake(file=plan.path, key="term", problem=problem, remedy=remedy)
    return replace(plan, warnings=(*plan.warnings, warning))


def written_terms(plan: Dialplan) -> tuple[Term, ...]:
    """The terms of a client's file, whether they are used or not."""
    return terms_of(plan.form.term)
