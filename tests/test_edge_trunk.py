"""What a trunk wants of the edge: TLS, a registration with its digest, agents out of sight."""

import datetime as dt
import ipaddress
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sipbot.edge_config import Registration, Tls
from sipbot.sip import wire
from tests import sipp
from tests.agents import real_agent
from tests.baresip import baresip
from tests.bot import until
from tests.edges import RunningEdge, peer, plan_on, running, stack_behind
from tests.free_ports import free_ports
from tests.test_edge import SILENT, answer

pytestmark = [pytest.mark.sip, pytest.mark.peer]

OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 40000 RTP/AVP 0\r\n"
)


def certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate of 127.0.0.1, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, own = folder / "cert.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    own.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pem, own


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_telephone_that_calls_by_a_connection_is_recorded_and_told_of_the_end_by_the_same_one(
    tmp_path: Path, long_message_wav: Path, transport: str
) -> None:
    pem, key = certificate(tmp_path)
    tls = Tls(port=free_ports(), certificate=str(pem), key=str(key))
    plan = msgspec.structs.replace(plan_on(tmp_path), tcp=True, tls=tls)
    port = {"tcp": plan.port, "tls": tls.port}[transport]
    checked = f"sip_cafile {pem}\nsip_verify_server yes\n"
    recording = tmp_path / "audio.wav"
    async with running(plan), baresip("phone", long_message_wav, modules=checked) as phone:
        with real_agent(tmp_path, stack_behind(plan)) as agent:
            parent = await agent.parent()
            await phone.command("dial", f"sip:desk@127.0.0.1:{port};transport={transport}")
            call = (await answer(parent)).offer
            await phone.event("CALL_ESTABLISHED")
            parent.say(wire.Record(call=call.call, path=str(recording)))
            await until(lambda: recording.exists() and recording.stat().st_size > 16_000)
            parent.say(wire.HangUp(call=call.call, code=200))
            closed = await phone.event("CALL_CLOSED")
            await parent.die()
    assert "desk" == call.to.user
    assert "Connection reset by peer" == closed["param"]  # as baresip calls a BYE


TRUNK = Registration(
    name="trunk",
    user="100",
    domain="127.0.0.1",
    registrar="sip:127.0.0.1",
    auth_user="100",
    password="secret",
    realm="trunk.example",
    expires_s=300,
)
"""What tests/peers/registrar.xml knows; its port comes with it."""


def registered(edge: RunningEdge) -> list[int]:
    """What main has heard of the registration."""
    return [event.code for event in edge.heard if isinstance(event, wire.Registered)]


async def test_edge_registers_with_the_trunks_digest_and_calls_to_its_contact_reach_an_agent(
    tmp_path: Path,
) -> None:
    async with sipp.sipp("registrar", realm=TRUNK.realm) as registrar:
        trunk = msgspec.structs.replace(TRUNK, registrar=f"sip:127.0.0.1:{registrar.port}")
        plan = msgspec.structs.replace(plan_on(tmp_path), registrations=(trunk,))
        async with running(plan) as edge:
            await registrar.done()
            await until(lambda: registered(edge) == [200])
            contact = registrar.logs().split("contact ", 1)[1].split(" ", 1)[0].split(";")[0]
            with real_agent(tmp_path, stack_behind(plan)) as agent, peer(plan.port) as caller:
                parent = await agent.parent()
                caller.send("1", uri=f"sip:{contact}")
                offer = (await parent.next(wire.Offered)).offer
                await parent.die()
    assert f"100@127.0.0.1:{plan.port}" == contact
    assert f"sip:{contact}" == offer.request_uri


async def test_edge_gives_no_digest_to_a_registrar_of_another_realm(tmp_path: Path) -> None:
    async with sipp.sipp("registrar", realm="elsewhere.example") as registrar:
        trunk = msgspec.structs.replace(TRUNK, registrar=f"sip:127.0.0.1:{registrar.port}")
        plan = msgspec.structs.replace(plan_on(tmp_path), registrations=(trunk,))
        async with running(plan) as edge:
            await registrar.seen("SIP/2.0 401")
            await until(lambda: registered(edge) == [408])
            messages = registrar.messages()
    assert "REGISTER sip:" in messages
    assert "Authorization:" not in messages.replace("WWW-Authenticate:", "")


async def test_trunk_is_told_nothing_of_the_agents_and_its_call_goes_on_all_the_same(
    tmp_path: Path,
) -> None:
    plan = msgspec.structs.replace(plan_on(tmp_path), hide_topology=True)
    async with running(plan):
        with real_agent(tmp_path, stack_behind(plan)) as agent, peer(plan.port) as caller:
            parent = await agent.parent()
            caller.send("1", body=OFFER, more="Content-Type: application/sdp\r\n")
            call = (await parent.next(wire.Offered)).offer.call
            parent.say(wire.Answer(call=call, alone=SILENT))
            said = await caller.answer()
            caller.within("ACK", said, "1")
            await parent.next(wire.Answered)
            caller.within("BYE", said, "1")
            ended = await parent.next(wire.Ended)
            await parent.die()
    assert "SIP/2.0 200" == said[:11]
    head = said.partition("\r\n\r\n")[0]
    assert not [port for port in (plan.inner_port, *plan.agents) if f":{port}" in head]
    assert call == ended.call
