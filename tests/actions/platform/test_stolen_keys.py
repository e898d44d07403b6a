"""A stolen key is dropped: what it signed does not hold, the rest does, and it is recorded and told."""

from datetime import timedelta

import pytest

from actions.identity.sessions import mint_session_token, subject_for_token
from actions.platform.alarms import evaluate
from actions.platform.manifests import InvalidManifest, open_manifest, sign_manifest
from actions.platform.stolen_keys import distrust_key
from domain.kernel import CommandFailed, NotSignedIn, PersonKind, Provider
from domain.platform.alarms import AlarmCode
from domain.platform.manifests import Manifest
from store.database import Keyrings
from store.database.leases import acquire
from store.identity import sessions
from store.identity.sessions import Session
from tests.support.actions import World
from tests.support.stored import audit_lines_of

PERSON = "0193a000-0000-7000-8000-000000000001"


async def distrust(world: World, purpose: str, key_id: str) -> None:
    await distrust_key(world.env, purpose, key_id, reason="a backup was lost", by="CLI:0")


async def signed_in(world: World) -> str:
    now = world.clock.now()
    session = Session(
        id="0193a000-0000-7000-8000-0000000000aa", kind=PersonKind.CITIZEN, person_id=PERSON,
        provider=Provider.MERI_PEHCHAAN, assurance="SUBSTANTIAL", created_at=now, on_behalf_of=None,
        expires_at=now + timedelta(days=30), revoked_at=None,
    )  # fmt: skip
    async with world.env.store.write_transaction() as tx:
        await sessions.add_session(tx, session)
    return mint_session_token(world.env, session)


async def test_a_token_of_a_dropped_key_is_refused_and_one_of_a_rotated_key_holds(world: World):
    stolen = await signed_in(world)
    stolen_id = str(world.env.keyrings.active("session").kid)
    world.env.keyrings.rotate("session")
    await subject_for_token(world.env, stolen)

    await distrust(world, "session", stolen_id)

    with pytest.raises(NotSignedIn):
        await subject_for_token(world.env, stolen)


async def test_dropping_the_active_key_makes_a_new_one_and_keeps_the_older_ones(world: World):
    keyrings = world.env.keyrings
    kept = str(keyrings.active("qr").kid)
    keyrings.rotate("qr")

    await distrust(world, "qr", str(keyrings.active("qr").kid))

    assert [key.kid for key in keyrings.keys("qr")][1:] == [kept]


async def test_a_manifest_of_a_dropped_key_is_not_opened(world: World):
    signed = sign_manifest(world.env.keyrings, Manifest("citizen_app", "1.0.0", {}))

    await distrust(world, "manifest", str(world.env.keyrings.active("manifest").kid))

    with pytest.raises(InvalidManifest, match="the signature does not hold"):
        open_manifest(world.env.keyrings, signed)


@pytest.mark.parametrize("purpose", ["field", "vault", "backup", "blind_index", "audit"])
async def test_a_key_without_which_what_is_kept_cannot_be_read_is_rotated_and_not_dropped(world: World, purpose: str):
    key_id = str(world.env.keyrings.active(purpose).kid)

    with pytest.raises(CommandFailed, match=f"apuni keys rotate {purpose}"):
        await distrust(world, purpose, key_id)

    assert [key.kid for key in world.env.keyrings.keys(purpose)] == [key_id]


async def test_a_key_that_is_not_there_is_refused_and_not_recorded(world: World):
    with pytest.raises(CommandFailed, match="has no key"):
        await distrust(world, "session", "00000000")

    async with world.env.store.read_transaction() as tx:
        assert await audit_lines_of(tx, "KEY", "session:00000000") == []


async def test_it_is_recorded_and_an_alarm_tells_it_for_a_week(world: World):
    key_id = str(world.env.keyrings.active("cursor").kid)
    async with world.env.store.write_transaction() as tx:
        lease = await acquire(tx, "alarms", "w1", 90)
    now = world.clock.now()

    await distrust(world, "cursor", key_id)
    raised = await evaluate(world.env, lease, session_key_made_at=now, notify=False)
    world.clock.advance(timedelta(days=8))
    cleared = await evaluate(world.env, lease, session_key_made_at=world.clock.now(), notify=False)

    async with world.env.store.read_transaction() as tx:
        lines = await audit_lines_of(tx, "KEY", f"cursor:{key_id}")
    assert [(line.action, line.actor_label, line.detail) for line in lines] == [
        ("key.distrusted", "CLI:0", {"reason": "a backup was lost"})
    ]
    told = [one for one in raised + cleared if one.code is AlarmCode.KEY_DISTRUSTED]
    assert [(one.about, one.state) for one in told] == [
        (f"cursor:{key_id}", "RAISED"),
        (f"cursor:{key_id}", "CLEARED"),
    ]


def test_keys_keep_the_day_on_which_they_were_made(store_keyrings: Keyrings):
    [made] = store_keyrings.made_at("field")

    store_keyrings.rotate("field")
    store_keyrings.rotate("field")

    assert store_keyrings.made_at("field")[-1] == made
    assert sorted(store_keyrings.made_at("field"), reverse=True) == list(store_keyrings.made_at("field"))


def test_each_encryption_by_a_key_is_counted(store_keyrings: Keyrings):
    from store.database import FieldCipher

    key_id = str(store_keyrings.active("field").kid)

    FieldCipher(store_keyrings).encrypt(b"a", "citizens:personal:c1")
    FieldCipher(store_keyrings).encrypt(b"b", "citizens:personal:c1")

    assert store_keyrings.encryptions["field", key_id] == 2
