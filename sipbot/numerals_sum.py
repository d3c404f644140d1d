"""How numerals of Japanese and Korean add up: by tens within, by ten thousands between.  Pure."""

from collections.abc import Sequence

_MYRIAD = 10**4


def by_ten_thousands(parts: Sequence[int | str], *, bare_myriad: bool) -> int | None:
    """Return the value of digits (as text) and units (as numbers): "3", 1000, "5", 100 is 3500.

    Args:
        parts: in the order of speech.
        bare_myriad: a leading 10,000 needs no one before it.

    Returns:
        None for what is in no order, such as 10, 1000 or "5", "300".
    """
    total = group = 0
    digits: int | None = None
    lowest_unit, lowest_myriad = _MYRIAD, _MYRIAD**4
    for part in parts:
        if isinstance(part, str):
            if digits is not None:
                return None
            digits = int(part)
            if digits >= min(lowest_unit, lowest_myriad) and (group or total):
                return None
        elif part < _MYRIAD:
            if part >= lowest_unit or (digits is not None and digits >= 10):
                return None
            group += (1 if digits is None else digits) * part
            digits, lowest_unit = None, part
        else:
            number = group + (digits or 0)
            if bare_myriad and not number and digits is None and not total:
                number = 1
            if part >= lowest_myriad or not number:
                return None
            total += number * part
            group, digits, lowest_unit, lowest_myriad = 0, None, _MYRIAD, part
    return total + group + (digits or 0)
