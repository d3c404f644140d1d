"""Bech32, the spelling of age's keys (BIP 173; age.md sets no limit to the length).

A key that was copied with a wrong letter is noticed by the six characters at its end.
"""

_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECK = 6
"""Characters."""


def encoded(prefix: str, data: bytes) -> str:
    """Return bytes as ``prefix1…``, in lower case."""
    values = _regrouped(data, 8, 5)
    check = _polymod([*_expanded(prefix), *values, *[0] * _CHECK]) ^ 1
    values += [check >> 5 * (_CHECK - 1 - place) & 31 for place in range(_CHECK)]
    return f"{prefix}1{''.join(_LETTERS[value] for value in values)}"


def decoded(prefix: str, text: str) -> bytes | None:
    """Return the bytes of a text; None when it is none of this prefix, or misspelt."""
    if text not in (text.lower(), text.upper()):
        return None
    found, one, rest = text.lower().rpartition("1")
    if not one or found != prefix or len(rest) < _CHECK or any(c not in _LETTERS for c in rest):
        return None
    values = [_LETTERS.index(letter) for letter in rest]
    if _polymod([*_expanded(prefix), *values]) != 1:
        return None
    data = bytes(_regrouped(values[:-_CHECK], 5, 8, pad=False))
    return data if encoded(prefix, data) == text.lower() else None


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(_GENERATOR):
            check ^= generator if top >> place & 1 else 0
    return check


def _expanded(prefix: str) -> list[int]:
    return [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]


def _regrouped(
    values: bytes | list[int], from_bits: int, to_bits: int, *, pad: bool = True
) -> list[int]:
    found, held, bits = list[int](), 0, 0
    for value in values:
        held, bits = held << from_bits | value, bits + from_bits
        while bits >= to_bits:
            bits -= to_bits
            found.append(held >> bits & (1 << to_bits) - 1)
    if pad and bits:
        found.append(held << to_bits - bits & (1 << to_bits) - 1)
    return found
