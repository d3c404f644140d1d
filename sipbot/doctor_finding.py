"""What ``sipbot doctor`` says of one part."""

from typing import Literal

import msgspec

State = Literal["ok", "warning", "failed"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One part and how it is."""

    part: str
    state: State
    version: str = ""
    found: str
    remedy: str = ""
