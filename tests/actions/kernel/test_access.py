"""Reading: absent and denied are one answer, and another's data leave a receipt."""

import pytest

from actions.kernel import may_read, may_read_all, of_applicant, of_application, of_citizen, read_at_sources, require
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import ANONYMOUS, SYSTEM, NotSignedIn, Problems, Source
from store.identity import accesses
from store.identity.accesses import AccessReceipt
from tests.support.actions import World


async def receipts(world: World) -> list[AccessReceipt]:
    async with world.env.store.read_transaction() as tx:
        return await accesses.of_citizen(tx, world.asha.person_id or "", 20)


async def test_an_application_is_found_by_its_owner_and_by_officers_of_the_place(world: World):
    application = await world.submit(world.asha)
    for subject, found in ((world.asha, True), (world.registrar, True), (world.operator, True)):
        assert (await world.read(subject, application.id) is not None) is found
    for subject in (world.sunil, world.elsewhere, world.tehsildar, ANONYMOUS):
        assert await world.read(subject, application.id) is None
    assert await world.read(world.asha, "absent") is None
    assert {(one.role, one.purpose) for one in await receipts(world)} == {("OFFICER", "DECIDE"), ("OPERATOR", "ASSIST")}


async def test_many_reads_are_decided_together_and_one_s_own_leave_no_receipt(world: World):
    mine = await world.submit(world.asha)
    hers = await world.submit(world.sunil)
    decided = await may_read_all(world.env, world.asha, [of_application(mine), of_application(hers)])
    assert decided == [Purpose.VIEW, None]
    assert await receipts(world) == []


async def test_an_officer_sees_the_applicant_of_a_case_and_nobody_else(world: World):
    application = await world.submit(world.asha)
    assert await may_read(world.env, world.registrar, of_applicant(application)) is Purpose.DECIDE
    assert await may_read(world.env, world.registrar, of_citizen(world.asha.person_id or "")) is None


async def test_a_read_at_a_source_leaves_a_receipt_for_each_source_even_for_one_s_own_data(world: World):
    resource = of_citizen(world.asha.person_id or "", ObjectKind.CERTIFICATE)
    await read_at_sources(world.env, world.asha, resource, [Source.DIGILOCKER, Source.API_SETU])
    assert {(one.source, one.purpose, one.role) for one in await receipts(world)} == {
        ("DIGILOCKER", "VIEW", "CITIZEN"),
        ("API_SETU", "VIEW", "CITIZEN"),
    }
    with pytest.raises(Problems):
        await read_at_sources(world.env, world.sunil, resource, [Source.DIGILOCKER])
    with pytest.raises(NotSignedIn):
        await read_at_sources(world.env, ANONYMOUS, resource, [Source.DIGILOCKER])
    assert len(await receipts(world)) == 2


async def test_the_gateway_s_own_work_leaves_no_receipt_and_strangers_must_sign_in(world: World):
    application = await world.submit(world.asha)
    async with world.env.store.write_transaction() as tx:
        await require(world.env, tx, SYSTEM, of_application(application), Purpose.DECIDE)
        with pytest.raises(NotSignedIn):
            await require(world.env, tx, ANONYMOUS, of_application(application), Purpose.VIEW)
    assert await receipts(world) == []
