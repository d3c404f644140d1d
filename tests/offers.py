"""INVITEs as an agent reports them, for tests of what is decided about them."""

from datetime import UTC, datetime

from sipbot.records import CallOffer, Diversion, Party


def party(user: str, name: str = "") -> Party:
    return Party(uri=f"sip:{user}@pbx.example", name=name)


SUZUKI = Party(uri="sip:0355500000@pbx.example", name="Suzuki")


def offer(
    request: str = "9000",
    to: str = "9000",
    diversions: tuple[str, ...] = (),
    history: tuple[str, ...] = (),
    from_: Party = SUZUKI,
    asserted: tuple[Party, ...] = (),
    *,
    anonymous: bool = False,
) -> CallOffer:
    return CallOffer(
        call="c",
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
        source="127.0.0.1:5060",
        sip_call_id="i",
        request_uri=party(request).uri,
        to=party(to),
        from_=from_,
        asserted=asserted,
        anonymous=anonymous,
        diversions=tuple(Diversion(party=party(user)) for user in diversions),
        history=tuple(Diversion(party=party(user)) for user in history),
    )
