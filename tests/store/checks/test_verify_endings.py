"""`apuni verify` follows certificates that were corrected and revoked, and the lockers that hold them."""

import sqlite3

import pytest

from actions.certificates import certificate_endings as verbs
from actions.certificates.certificate_endings import EndCertificate, make_corrected, revoke_certificate
from actions.documents import locker_push
from domain.certificates.certificates import EndGround
from store.checks import endings
from tests.support.actions import FakeRenderer
from tests.support.endings import Pushes, consent, correction, issued, run_pushes
from tests.support.worlds import wrong


@pytest.fixture
async def ended(sqlite_peopled):
    """A certificate in a locker was corrected, the one in its place corrected again, and that one revoked."""
    world = sqlite_peopled
    world.locker.pushing = Pushes()
    await consent(world)
    first = await issued(world)
    await run_pushes(world)
    await verbs.correct_certificate(world.env, world.registrar, correction(first))
    assert await wrong(world.env) == []  # while it is being made
    second = await make_corrected(world.env, first.id, FakeRenderer())
    await verbs.correct_certificate(world.env, world.registrar, correction(second, idempotency_key="c-2"))
    third = await make_corrected(world.env, second.id, FakeRenderer())
    revocation = EndCertificate(third.id, EndGround.COURT_ORDER, "By order", "r")
    await revoke_certificate(world.env, world.registrar, revocation)
    assert await wrong(world.env) == []  # while the locker is not told yet
    await run_pushes(world)
    return world


async def test_what_the_verbs_leave_behind_is_right(ended):
    assert await wrong(ended.env) == []


_REVOKED = "(SELECT id FROM certificates WHERE status = 'REVOKED')"
_FIRST = "(SELECT certificate_id FROM locker_copies)"
SPOILT = {
    "UPDATE certificates SET status = 'ACTIVE' WHERE status = 'REVOKED'": {"ENDING_IS_NOT_THE_STATUS"},
    f"DELETE FROM certificate_endings WHERE certificate_id = {_REVOKED}": {"CERTIFICATE_ENDED_WITHOUT_RECORD"},
    f"UPDATE certificate_endings SET successor_id = {_FIRST} WHERE status = 'REVOKED'": {"REVOKED_WITH_SUCCESSOR"},
    f"UPDATE certificate_endings SET successor_id = NULL WHERE certificate_id = {_FIRST}": {
        "CORRECTED_WITHOUT_MESSAGE"
    },
    f"UPDATE certificate_endings SET successor_id = {_REVOKED} WHERE status = 'CORRECTED'": {"SUCCESSOR_OF_TWO"},
    f"UPDATE certificate_endings SET successor_id = certificate_id WHERE certificate_id = {_FIRST}": {
        "SUCCESSOR_IS_OLDER"
    },
    f"UPDATE certificate_endings SET successor_id = 'nobody' WHERE certificate_id = {_FIRST}": {
        "NO_CERTIFICATES_FOR_SUCCESSOR_ID"
    },
    "UPDATE certificate_endings SET reason = x'00' WHERE status = 'REVOKED'": {"FIELD_DOES_NOT_OPEN"},
    "UPDATE locker_copies SET removed_at = NULL": {"REVOKED_IN_LOCKER_WITHOUT_MESSAGE"},
    "UPDATE locker_copies SET certificate_id = 'nobody'": {
        "NO_CERTIFICATES_FOR_CERTIFICATE_ID",
        "FIELD_DOES_NOT_OPEN",
    },
}


@pytest.mark.parametrize("statement", SPOILT)
async def test_what_is_spoilt_is_named(ended, tmp_path, statement):
    connection = sqlite3.connect(tmp_path / "store.db")  # which does not hold to foreign keys
    connection.execute("UPDATE outbox SET state = 'DELIVERED', delivered_at = created_at")
    connection.execute(statement)
    connection.commit()
    connection.close()

    assert {line.split()[0] for line in await wrong(ended.env)} == SPOILT[statement]


async def test_a_certificate_that_another_citizen_has_is_no_successor(ended, tmp_path):
    connection = sqlite3.connect(tmp_path / "store.db")
    other = connection.execute("SELECT citizen_id FROM citizens WHERE citizen_id <> ?", (ended.asha.person_id,))
    connection.execute("UPDATE certificates SET citizen_id = ? WHERE status = 'REVOKED'", other.fetchone())
    connection.commit()
    connection.close()

    assert "SUCCESSOR_IS_ANOTHERS" in {line.split()[0] for line in await wrong(ended.env)}


async def test_two_that_stand_are_named(ended, tmp_path):
    connection = sqlite3.connect(tmp_path / "store.db")
    connection.execute("DROP INDEX uq_certificates_application_id_standing")
    connection.execute(f"UPDATE certificates SET status = 'ACTIVE' WHERE id = {_FIRST}")
    connection.commit()
    connection.close()

    found = {line.split()[0] for line in await wrong(ended.env)}
    assert {"TWO_CERTIFICATES_STAND", "ENDING_IS_NOT_THE_STATUS"} <= found


def test_the_checker_knows_the_same_topics_as_the_verbs():
    assert (endings.CORRECT, endings.PUSH) == (verbs.CORRECT, locker_push.PUSH)
