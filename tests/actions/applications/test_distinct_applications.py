"""What makes two applications of a citizen for one service the same: what the service's form names."""

from collections.abc import Mapping

import pytest

from actions.applications.submit import SaveDraft, save_draft
from actions.catalogue.form_import import import_forms
from domain.applications.applications import Channel, DeliveryMode
from domain.kernel import ErrorCode, Problems
from store.catalogue import catalogue
from tests.support.actions import FREE, ORDER, World
from tests.support.forms import own_forms
from tests.support.state import form_files

BIRTH = {name: text for name, text in own_forms()["birth-certificate"].example.items() if name != "child_name"}


@pytest.fixture
async def formed(peopled: World) -> World:
    """The world on each database, with the forms that come with the gateway."""
    assert not (await import_forms(peopled.env.store, form_files())).refused
    return peopled


async def refused_number(world: World, service: str, form: Mapping[str, str]) -> str:
    """The number of the application that an application like it is refused for."""
    with pytest.raises(Problems) as caught:
        await world.submit(world.asha, service, form=form, idempotency_key="refused")
    [problem] = caught.value.problems
    assert (problem.code, problem.path) == (ErrorCode.ALREADY_APPLIED, ("input", "serviceCode"))
    return problem.params["number"]


@pytest.mark.parametrize(
    "second",
    [
        {"date_of_birth": "2026-08-15"},
        {"child_gender": "M"},
        {"mother_name": "Kiran Rawat"},
        {"birth_order": "SECOND"},
        {"child_name": "Anvi Negi"},
    ],
    ids=["born on another day", "a boy", "of another mother", "the second of twins", "a twin with a name"],
)
async def test_another_child_is_registered_while_the_first_application_is_open(formed: World, second: dict[str, str]):
    one = {**BIRTH, "birth_order": "FIRST"} if "birth_order" in second else {**BIRTH, "child_name": "Ananya Negi"}
    first = await formed.submit(formed.asha, FREE, form=one)

    other = await formed.submit(formed.asha, FREE, form={**one, **second}, idempotency_key="other")

    assert other.id != first.id
    assert await refused_number(formed, FREE, {**one, **second}) == other.number
    assert await refused_number(formed, FREE, one) == first.number


@pytest.mark.parametrize(
    "again",
    [
        {"mother_name": "  ASHA   negi"},
        {"child_name": "Ananya Negi"},
        {"birth_order": "FIRST"},
        {"place_of_birth": "Base Hospital"},
    ],
    ids=["written in another way", "named since", "counted since", "born elsewhere"],
)
async def test_the_same_child_is_refused_however_it_is_written(formed: World, again: dict[str, str]):
    first = await formed.submit(formed.asha, FREE, form=BIRTH)

    assert await refused_number(formed, FREE, {**BIRTH, **again}) == first.number


async def test_a_complaint_about_another_meter_is_taken_and_one_about_the_same_refused(formed: World):
    async with formed.env.store.read_transaction() as tx:
        service = await catalogue.service_by_slug(tx, "electricity-meter-testing")
    assert service is not None
    code, form = service.code, own_forms()["electricity-connection-request"].example
    first = await formed.submit(formed.asha, code, form=form)

    second = await formed.submit(
        formed.asha, code, form={**form, "meter_number": "UK 883 202"}, idempotency_key="second"
    )

    assert second.id != first.id
    assert await refused_number(formed, code, {**form, "meter_number": "uk-883-201"}) == first.number


async def test_without_such_questions_a_service_takes_one_application_at_a_time(formed: World):
    form = own_forms()["new-employment-registration"].example
    first = await formed.submit(formed.asha, ORDER, form=form)

    assert await refused_number(formed, ORDER, {**form, "wanted_work": "Driver"}) == first.number


async def test_a_draft_for_another_child_is_kept_beside_the_first(formed: World):
    def birth_of(name: str) -> SaveDraft:
        form = {**BIRTH, "child_name": name}
        return SaveDraft(FREE, "49", None, Channel.WEB, DeliveryMode.PORTAL, form, idempotency_key=name)

    first, _ = await save_draft(formed.env, formed.asha, birth_of("Ananya Negi"))
    second, _ = await save_draft(formed.env, formed.asha, birth_of("Anvi Negi"))

    assert first.id != second.id
