"""Records of consents are deleted seven years after the end of the consent, and the chain stays whole."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from actions.consents.consent_ledger import recorded_consents
from actions.consents.consents import ChangeConsent, ask_consent, grant_consent, renew_consent, withdraw_consent
from actions.consents.retention import delete_old_consents
from domain.consents.consents import ConsentPurpose
from store.consents.consent_deletions import consent_deletions_table
from tests.support.stored import audit_lines_of
from tests.support.worlds import wrong

GIVEN, ASKED = ConsentPurpose.ISSUE_TO_LOCKER, ConsentPurpose.DEPARTMENT_DOCUMENTS
SEVEN_YEARS = timedelta(days=7 * 365 + 4)
"""Seven years, of which two are leap years, and two days."""


async def give(world, key: str, days: int = 30) -> None:
    await grant_consent(world.env, world.asha, ChangeConsent(GIVEN, key, days=days))


async def take_back(world, key: str) -> None:
    await withdraw_consent(world.env, world.asha, ChangeConsent(GIVEN, key))


async def steps(world) -> list[str]:
    async with world.env.store.read_transaction() as tx:
        consents = await recorded_consents(tx, world.asha.person_id)
    return [record.step.value for consent in consents for record in consent.records]


async def places(world) -> int:
    async with world.env.store.read_transaction() as tx:
        counting = select(func.count()).select_from(consent_deletions_table)
        return int((await tx.connection.execute(counting)).scalar_one())


async def test_a_consent_that_was_taken_back_is_deleted_after_seven_years_and_not_a_day_before(world):
    await give(world, "give")
    await take_back(world, "back")
    began = world.clock.now()

    world.clock.advance(began.replace(year=began.year + 7) - began - timedelta(seconds=1))
    assert await delete_old_consents(world.env) == 0
    assert await steps(world) == ["GRANT", "WITHDRAW"]

    world.clock.advance(timedelta(seconds=1))
    assert await delete_old_consents(world.env) == 1
    assert await steps(world) == []
    assert await delete_old_consents(world.env) == 0
    assert await wrong(world.env) == []


async def test_the_years_run_from_the_end_and_not_from_the_grant(world):
    await give(world, "give", days=30)
    world.clock.advance(timedelta(days=20))
    await renew_consent(world.env, world.asha, ChangeConsent(GIVEN, "renew", days=365))

    world.clock.advance(SEVEN_YEARS)
    assert await delete_old_consents(world.env) == 0
    world.clock.advance(timedelta(days=366))
    assert await delete_old_consents(world.env) == 1


async def test_what_still_holds_and_what_ended_later_stays_and_the_chain_goes_on(world):
    await give(world, "first", days=1)
    world.clock.advance(timedelta(days=400))
    await give(world, "second", days=365)
    world.clock.advance(SEVEN_YEARS - timedelta(days=100))

    assert await delete_old_consents(world.env) == 1
    assert await steps(world) == ["GRANT"]
    assert await wrong(world.env) == []

    await give(world, "third")
    assert await steps(world) == ["GRANT", "GRANT"]
    assert await wrong(world.env) == []


async def test_a_chain_of_which_all_was_deleted_goes_on_from_its_last_link(world):
    await give(world, "first", days=1)
    world.clock.advance(SEVEN_YEARS + timedelta(days=2))
    await delete_old_consents(world.env)

    await give(world, "later")
    async with world.env.store.read_transaction() as tx:
        [consent] = await recorded_consents(tx, world.asha.person_id)
    assert consent.records[0].sequence == 2
    assert await wrong(world.env) == []


async def test_a_question_that_nobody_answered_is_deleted_after_its_years(world):
    asking = replace(world.operator, on_behalf_of=world.asha.person_id)
    await ask_consent(world.env, asking, ChangeConsent(GIVEN, "ask"))
    world.clock.advance(SEVEN_YEARS)
    assert await delete_old_consents(world.env) == 1


async def test_a_deletion_is_told_by_the_audit_log_without_what_was_deleted(world):
    await give(world, "give", days=1)
    async with world.env.store.read_transaction() as tx:
        [consent] = await recorded_consents(tx, world.asha.person_id)
    world.clock.advance(SEVEN_YEARS)
    await delete_old_consents(world.env)

    async with world.env.store.read_transaction() as tx:
        lines = await audit_lines_of(tx, "CONSENT", consent.id)
    [told] = [line for line in lines if line.action == "consent.deleted"]
    assert told.actor_label == "SYSTEM"
    assert told.detail == {"records": [record.id for record in consent.records]}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE consent_deletions SET link = 'x'", {"CONSENT_CHAIN_IS_BROKEN", "CONSENT_RECORD_IS_MISSING"}),
        ("DELETE FROM consent_deletions", {"CONSENT_CHAIN_IS_BROKEN", "CONSENT_RECORD_IS_MISSING"}),
        ("UPDATE consent_deletions SET id = 'x'", {"CONSENT_DELETED_IN_SILENCE", "CONSENT_RECORD_IS_MISSING"}),
    ],
)
async def test_verify_tells_a_place_that_was_changed_or_taken_away(world, change, found):
    await give(world, "first", days=1)
    world.clock.advance(SEVEN_YEARS)
    await give(world, "second")
    await delete_old_consents(world.env)
    assert await places(world) == 1

    async with world.env.store.write_transaction() as tx:
        await tx.connection.execute(text(change))
    assert {line.split()[0] for line in await wrong(world.env)} == found


async def test_verify_tells_records_that_were_hidden_as_deleted_without_a_word(world):
    await give(world, "first")
    async with world.env.store.write_transaction() as tx:
        columns = "id, citizen_id, sequence, link, at"
        await tx.connection.execute(text(f"INSERT INTO consent_deletions SELECT {columns} FROM consent_records"))
        await tx.connection.execute(text("DELETE FROM consent_records"))
    assert {line.split()[0] for line in await wrong(world.env)} == {"CONSENT_DELETED_IN_SILENCE"}
