"""Wrong stamps of a time stamping authority, and of a revoked one: a certificate stays at B-B until a right one."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from domain.certificates.officer_signatures import SignatureLevel
from integrations.calling.errors import Garbled, Refused
from tests.support.actions import World
from tests.support.signing import Signing, signing_in

DIGEST = hashlib.sha256(b"a document").digest()


@pytest.fixture
async def signing(world: World, tmp_path: Path) -> Signing:
    return await signing_in(world, tmp_path)


@pytest.mark.parametrize("wrong", ["imprint", "nonce", "skew"])
async def test_a_stamp_of_another_imprint_nonce_or_time_is_not_taken(signing: Signing, wrong: str):
    signing.sandbox.actions["trouble"]({"trouble": wrong})

    with pytest.raises(Garbled):
        await signing.trust.stamp(DIGEST, signing.world.clock)


async def test_a_stamp_of_an_authority_that_was_revoked_is_not_taken(signing: Signing):
    kept = signing.sandbox.state.get("stamper", "pair")
    assert kept is not None
    serial = x509.load_pem_x509_certificate(kept["certificate"].encode()).serial_number
    signing.sandbox.actions["revoke"]({"serial": f"{serial:x}"})

    with pytest.raises(Refused, match="stamper_revoked"):
        await signing.trust.stamp(DIGEST, signing.world.clock)


async def test_a_certificate_is_released_without_a_right_stamp_and_its_level_is_raised_later(signing: Signing):
    token, application = await signing.enrolled(), await signing.decided()
    batch = await signing.prepared(token)
    signing.sandbox.actions["trouble"]({"trouble": "imprint"})
    await signing.hand_in(batch, await signing.signed(token, batch))
    assert await signing.certificate(application) is not None
    assert [one.level for one in (await signing.batch(batch.id)).items] == [SignatureLevel.B_B]

    signing.sandbox.actions["trouble"]({"trouble": ""})
    signing.world.clock.advance(timedelta(hours=1))
    await signing.work()

    assert [one.level for one in (await signing.batch(batch.id)).items] == [SignatureLevel.B_LT]
