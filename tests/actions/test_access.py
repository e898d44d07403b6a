"""Reading: absent and denied are one answer, and another's data leave a receipt."""

import pytest

from actions.access import may_read, may_read_all, of_applicant, of_application, of_citizen, read_at_sources, require
from actions.certificates import certificate_by_number
from actions.issue import issue_certificate
from actions.lookup import application_by_id, application_by_number
from domain.errors import ErrorCode, NotSignedIn, Problems
from domain.numbers import show_number
from domain.people import ANONYMOUS, SYSTEM
from domain.policy import ObjectKind, Purpose
from domain.sources import Source
from domain.text import devanagari_digits
from store import accesses
from store.accesses import AccessReceipt
from tests.support.actions import FREE, FakeRenderer, World


async def receipts(world: World) -> list[AccessReceipt]:
    async with world.env.store.reading() as tx:
        return await accesses.of_citizen(tx, world.asha.person_id or "", 20)


async def test_an_application_is_found_by_its_owner_and_by_officers_of_the_place(world: World):
    application = await world.submit(world.asha)
    for subject, found in ((world.asha, True), (world.registrar, True), (world.operator, True)):
        assert (await application_by_id(world.env, subject, application.id) is not None) is found
    for subject in (world.sunil, world.elsewhere, world.tehsildar, ANONYMOUS):
        assert await application_by_id(world.env, subject, application.id) is None
    assert await application_by_id(world.env, world.asha, "absent") is None
    assert {(one.role, one.purpose) for one in await receipts(world)} == {("OFFICER", "DECIDE"), ("OPERATOR", "ASSIST")}


async def test_a_number_may_be_keyed_with_spaces_and_devanagari_digits(world: World):
    application = await world.submit(world.asha)
    keyed = devanagari_digits(show_number(application.number))
    found = await application_by_number(world.env, world.asha, keyed)
    assert found is not None
    assert found.id == application.id
    assert await application_by_number(world.env, world.sunil, keyed) is None


@pytest.mark.parametrize("text", ["", "12345", "21260000000000", "not a number"])
async def test_a_typing_error_is_named_as_one(world: World, text: str):
    with pytest.raises(Problems) as caught:
        await application_by_number(world.env, world.asha, text)
    assert caught.value.code is ErrorCode.NUMBER_MISTYPED


async def test_a_certificate_is_found_by_its_holder_only(world: World):
    application = await world.approved(world.asha, FREE, world.registrar)
    issued = await issue_certificate(world.env, application.id, FakeRenderer())
    assert issued is not None
    assert await certificate_by_number(world.env, world.asha, issued.number) == issued
    assert await certificate_by_number(world.env, world.sunil, issued.number) is None
    with pytest.raises(Problems):
        await certificate_by_number(world.env, world.asha, application.number)


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
    async with world.env.store.writing() as tx:
        await require(world.env, tx, SYSTEM, of_application(application), Purpose.DECIDE)
        with pytest.raises(NotSignedIn):
            await require(world.env, tx, ANONYMOUS, of_application(application), Purpose.VIEW)
    assert await receipts(world) == []
