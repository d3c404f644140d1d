"""What a client's file lacks for people's privacy; ``sipbot dialplan check`` warns of it.

Nothing here is wrong, and an agency may have decided so: sipbot deletes nothing by itself, and a
greeting of the client's own may say what a notice would.
"""

from collections.abc import Iterator

from sipbot.errors import DialplanError, Mistake
from sipbot.plan import Dialplan
from sipbot.toml_file import read


def lacks(plan: Dialplan) -> Iterator[Mistake]:
    """Yield the warnings about a client.

    Raises:
        DialplanError: the file cannot be read any more.
    """
    file = read(plan.path, DialplanError, links=False)
    if plan.form.keep.says_nothing:
        remedy = "Write [keep] with audio_days and calls_days, here or in _defaults.toml"
        problem = "is missing, so what callers left is kept for ever"
        yield file.mistake(("keep",), problem, remedy, value=False)
    if plan.said.notice is None:
        builtin = f"builtin:{plan.language}/notice"
        problem = "is missing, so nothing tells callers that they are recorded"
        remedy = f'Write notice = "{builtin}" below [answer], here or in _defaults.toml'
        yield file.mistake(("answer", "notice"), problem, remedy, value=False)
