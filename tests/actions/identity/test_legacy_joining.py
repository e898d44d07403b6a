"""Old applications come to the record of whoever proved that they are hers, one that is in use too; never else."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from actions.conversations.sms_commands import SmsCommands
from actions.feedback.notices import About, tell
from actions.identity.code_sending import SEND, send_code
from actions.identity.eaadhaar import bind_card
from actions.identity.record_claims import ClaimRecord, claim_record, confirm_claim
from actions.kernel import UnitOfWork
from domain.certificates.signatures import SignatureState
from domain.feedback.notices import NoticeKind, Topic
from domain.identity.record_claims import ClaimState, ClaimWay
from domain.kernel import SYSTEM, Assurance, Language, PersonKind, Provider, Role, Subject
from domain.kernel.messages import label
from integrations.calling.errors import IntegrityFailure
from integrations.digilocker import EAadhaar
from integrations.sms import IncomingSms
from store.applications import applications
from store.certificates import certificates
from store.database import audit
from store.feedback.messages import messages_table
from store.identity import aliases, contacts, identities, people
from store.platform import outbox
from store.privacy.imported_records import brought_by_an_import
from tests.support.actions import World
from tests.support.legacy import aadhaar, old_row, rooms_of, take_over, write_certificates, write_rows
from tests.support.messages import carry_messages
from tests.support.phones import Phones, with_phones
from tests.support.worlds import wrong

BORN = date(1984, 3, 14)
HERS = {"born_on": BORN.isoformat(), "mobile": "9876543210", "name_en": "Asha Negi"}


@pytest.fixture
async def imported(world: World, tmp_path: Path) -> World:
    """Two old applications of Asha's under two records, one with a certificate, and one of somebody else's."""
    old = tmp_path / "old"
    old.mkdir()
    write_certificates(old, 6)
    row = old_row(5) | HERS
    del row["form"]
    rows = [old_row(0) | HERS, row | {"aadhaar": aadhaar(5)}, old_row(1)]
    for each in rows:
        each.pop("applicant_id", None)
    done, _ = await take_over(rooms_of(world.env), write_rows(old / "rows.jsonl", rows))
    assert done.imported == 3
    async with world.env.store.write_transaction() as tx:
        await identities.add_identity(
            tx,
            Provider.MERI_PEHCHAAN,
            "DL-asha",
            PersonKind.CITIZEN,
            world.asha.person_id or "",
            world.clock.now(),
            "SUBSTANTIAL",
        )
    return world


def card(reference: str | None, **changes: Any) -> EAadhaar:
    known: dict[str, Any] = {
        "reference": reference,
        "last4": aadhaar(5)[-4:],
        "name": "Asha Negi",
        "born_on": BORN,
        "gender": "F",
        "address": {},
        "local": {},
        "signature": SignatureState.VERIFIED,
        "fetched_at": datetime(2026, 11, 24, tzinfo=UTC),
    }
    return EAadhaar(**(known | changes))


async def owner_of(world: World, number: str) -> str:
    async with world.env.store.read_transaction() as tx:
        found = (await aliases.find_object_ids(tx, aliases.AliasKind.APPLICATION, [number]))[number]
        application = await applications.get(tx, found)
    assert application is not None
    return application.citizen_id


async def claimed(world: World, subject: Subject, number: str, phones: Phones) -> ClaimState:
    request = ClaimRecord(number, BORN, ClaimWay.CODE, f"claim-{number}")
    claim, _ = await claim_record(world.env, subject, request)
    async with world.env.store.write_transaction() as tx:
        waiting = await outbox.claim(tx, "test", 50, 30.0)
    for one in waiting:
        if one.topic == SEND:
            await send_code(world.env, one.payload)
    assert phones.sent[-1][0] == HERS["mobile"]
    code = "".join(filter(str.isdigit, phones.sent[-1][1]))[:6]
    return (await confirm_claim(world.env, subject, claim.id, code, f"code-{number}"))[0].state


async def test_every_old_record_is_claimed_by_its_number_and_a_code_to_its_telephone(imported: World) -> None:
    world, phones = imported, Phones()
    world.env = with_phones(world.env, phones)
    asha = replace(world.asha, session_id="s-1", assurance=Assurance.SUBSTANTIAL)
    await world.submit(asha)  # her record is in use

    states = [await claimed(world, asha, number, phones) for number in ("UK19-ES/0000000", "uk19es/0000005")]

    assert states == [ClaimState.DONE, ClaimState.DONE]
    assert {await owner_of(world, f"UK19ES/000000{place}") for place in (0, 5)} == {asha.person_id}
    assert await owner_of(world, "UK19ES/0000001") != asha.person_id
    async with world.env.store.read_transaction() as tx:
        held = await applications.page_of_citizen(tx, asha.person_id or "", limit=10)
        assert len(held) == 3
        assert [one.holder.en for one in await certificates.of_citizen(tx, asha.person_id or "")] == ["Asha Negi"]
    await audit.seal(world.env.store)
    assert await wrong(world.env) == []


async def test_an_old_record_that_was_told_something_by_sms_is_still_claimed(imported: World) -> None:
    world, phones = imported, Phones()
    world.env = with_phones(world.env, phones)
    record = await owner_of(world, "UK19ES/0000000")
    async with world.env.store.write_transaction() as tx:
        about = About(Topic.APPLICATION, "A", record, None, "told")
        await tell(UnitOfWork(world.env, tx, SYSTEM), NoticeKind.DELIVERED, about, number="UKAS1234567890")
    await carry_messages(world.env, _no_values)
    asha = replace(world.asha, session_id="s-1", assurance=Assurance.SUBSTANTIAL)

    assert await claimed(world, asha, "UK19ES/0000000", phones) == ClaimState.DONE
    assert await owner_of(world, "UK19ES/0000000") == asha.person_id
    async with world.env.store.read_transaction() as tx:
        owners = {row.citizen_id for row in (await tx.connection.execute(messages_table.select())).all()}
    assert record not in owners


async def _no_values(*_: object) -> None:
    """Nothing that a text could be filled with."""


async def test_her_own_e_aadhaar_brings_the_old_record_with_that_number(imported: World) -> None:
    world = imported
    reference = (await world.env.vault.put(aadhaar(5))).reference
    async with world.env.store.write_transaction() as tx:
        await bind_card(tx, world.asha.person_id or "", card(reference))

    assert await owner_of(world, "UK19ES/0000005") == world.asha.person_id
    assert await owner_of(world, "UK19ES/0000000") != world.asha.person_id  # the same name and mobile say nothing
    async with world.env.store.read_transaction() as tx:
        asha = (await people.citizens(tx, [world.asha.person_id or ""]))[world.asha.person_id or ""]
    assert asha.aadhaar_reference == reference
    await audit.seal(world.env.store)
    assert await wrong(world.env) == []


async def test_the_card_of_another_person_brings_nothing(imported: World) -> None:
    world = imported
    reference = (await world.env.vault.put(aadhaar(5))).reference
    with pytest.raises(IntegrityFailure):
        async with world.env.store.write_transaction() as tx:
            await bind_card(tx, world.asha.person_id or "", card(reference, name="Usha Negi"))
    assert await owner_of(world, "UK19ES/0000005") != world.asha.person_id


@pytest.mark.parametrize("text", ["STATUS", "STOP", "STOP UK19ES/0000000"])
async def test_an_sms_from_its_telephone_does_not_keep_a_record_from_being_moved(imported: World, text: str) -> None:
    world = imported
    record = await owner_of(world, "UK19ES/0000000")
    async with world.env.store.write_transaction() as tx:
        await contacts.note(tx, [(record, HERS["mobile"])])

    answered = await SmsCommands(world.env).answer(IncomingSms(HERS["mobile"], text, world.clock.now()))

    assert answered not in ("", label("sms_reply.NOTHING", Language.HI))
    async with world.env.store.read_transaction() as tx:
        assert await brought_by_an_import(tx, record)


async def test_a_record_on_which_more_was_done_is_not_moved(imported: World) -> None:
    world = imported
    record = await owner_of(world, "UK19ES/0000000")
    async with world.env.store.read_transaction() as tx:
        assert await brought_by_an_import(tx, record)
        assert not await brought_by_an_import(tx, world.asha.person_id or "")
    own = Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, record)
    await world.submit(own)
    async with world.env.store.read_transaction() as tx:
        assert not await brought_by_an_import(tx, record)
