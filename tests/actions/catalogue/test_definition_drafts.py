"""A definition is drafted, confirmed by a second administrator, in force from its day, and taken back again."""

import json
from datetime import date, timedelta

import pytest

from actions.catalogue.definition_drafts import (
    ConfirmServiceDefinition,
    DraftServiceDefinition,
    PublishServiceDefinition,
    confirm_service_definition,
    definitions_of,
    draft_service_definition,
    previews_of,
    publish_due,
    publish_service_definition,
)
from actions.catalogue.definitions import apply_plan, digest_of_plan, plan_of
from domain.catalogue.catalogue import Fact, Service
from domain.catalogue.definitions import DraftState, ServiceDraft
from domain.kernel import ErrorCode, PersonKind, Posting, Problems, Role, Subject, ist_date
from store.catalogue import catalogue
from tests.support.actions import FREE, World
from tests.support.definitions import a_document
from tests.support.staffing import ADMIN, SECOND

pytestmark = pytest.mark.integration
DEPARTMENT = "panchayati-raj-development"
STEPS = [{"kind": "SCRUTINY"}, {"kind": "FIELD_VERIFICATION"}, {"kind": "ISSUE"}]


@pytest.fixture
def world(peopled: World) -> World:
    """The world on each store."""
    return peopled


def administrator(department: str) -> Subject:
    posting = Posting(Role.DEPARTMENT_ADMIN, department, None, None)
    return Subject(frozenset({Role.DEPARTMENT_ADMIN}), PersonKind.OFFICER, f"of-{department}", (posting,))


def document(**changes) -> str:
    gone = dict.fromkeys(("slug", "name", "department"))
    given = {"service": FREE, "outcome": {"kind": "CERTIFICATE"}, "steps": STEPS, **gone, **changes}
    return json.dumps(a_document(**given))


async def drafted(world: World, text: str | None = None, by: Subject = ADMIN, **more) -> ServiceDraft:
    key = f"draft-{len(text or '')}-{len(more)}-{by.person_id}"
    request = DraftServiceDefinition(key, None if more else text or document(), **more)
    return (await draft_service_definition(world.env, by, request))[0]


async def asked(world: World, draft: ServiceDraft, on: date | None = None, by: Subject = ADMIN) -> ServiceDraft:
    request = PublishServiceDefinition(draft.id, on or ist_date(world.clock.now()), f"ask-{draft.id}")
    return (await publish_service_definition(world.env, by, request))[0]


async def answered(world: World, draft: ServiceDraft, by: Subject = SECOND, *, confirm: bool = True) -> ServiceDraft:
    request = ConfirmServiceDefinition(draft.id, confirm, f"confirm-{draft.id}-{by.person_id}")
    return (await confirm_service_definition(world.env, by, request))[0]


async def code_of(attempt) -> ErrorCode:
    with pytest.raises(Problems) as caught:
        await attempt
    return caught.value.code


async def entry(world: World) -> Service:
    found = await world.env.store.read(lambda tx: catalogue.service(tx, FREE))
    assert found is not None
    return found


async def test_a_draft_is_previewed_and_changes_nothing(world: World):
    before = await entry(world)

    draft = await drafted(world)

    preview = (await world.env.store.read(lambda tx: previews_of(world.env, tx, [draft.id])))[draft.id]
    assert preview.service.definition is not None
    assert preview.change is not None
    assert (draft.state, await entry(world)) == (DraftState.DRAFTED, before)


async def test_a_definition_is_in_force_once_another_administrator_confirmed_it(world: World):
    draft = await asked(world, await drafted(world))
    assert await code_of(answered(world, draft, ADMIN)) is ErrorCode.SECOND_OFFICER_NEEDED
    before = await entry(world)

    done = await answered(world, draft)

    assert (done.state, done.confirmed_by, done.version) == (DraftState.PUBLISHED, "second-admin", before.version + 1)
    assert (await entry(world)).definition is not None
    assert await code_of(answered(world, draft, administrator(DEPARTMENT))) is ErrorCode.STEP_NOT_ALLOWED


async def test_a_definition_of_a_later_day_waits_for_it_and_is_published_once(world: World):
    tomorrow = ist_date(world.clock.now()) + timedelta(days=1)
    draft = await answered(world, await asked(world, await drafted(world), tomorrow))
    assert (draft.state, await publish_due(world.env)) == (DraftState.CONFIRMED, 0)
    before = await entry(world)

    world.clock.advance(timedelta(days=1))

    assert [await publish_due(world.env), await publish_due(world.env)] == [1, 0]
    assert (await entry(world)).version == before.version + 1


async def test_a_definition_whose_service_changed_before_its_day_is_overtaken(world: World):
    tomorrow = ist_date(world.clock.now()) + timedelta(days=1)
    await answered(world, await asked(world, await drafted(world), tomorrow))
    other = json.loads(document(deliveryDays=2))
    await apply_plan(world.env, [other], digest_of_plan(await plan_of(world.env, [other])))
    held = await entry(world)

    world.clock.advance(timedelta(days=1))
    await publish_due(world.env)

    assert await entry(world) == held
    assert (await definitions_of(world.env, ADMIN))[0].state is DraftState.OVERTAKEN


async def test_a_definition_that_is_refused_ends_and_changes_nothing(world: World):
    before = await entry(world)
    draft = await asked(world, await drafted(world))

    assert (await answered(world, draft, confirm=False)).state is DraftState.REFUSED

    assert await entry(world) == before


async def test_an_earlier_entry_comes_back_as_a_new_version(world: World):
    before = await entry(world)
    await answered(world, await asked(world, await drafted(world)))

    back = await drafted(world, service_code=FREE, from_version=before.version)
    await answered(world, await asked(world, back))

    after = await entry(world)
    assert after.version == before.version + 2
    assert (after.definition, after.limit_days) == (None, before.limit_days)


async def test_only_who_administers_the_department_drafts_and_sees_its_definitions(world: World):
    ours, theirs = administrator(DEPARTMENT), administrator("revenue-department")
    draft = await drafted(world, by=ours)

    assert [one.id for one in await definitions_of(world.env, ours)] == [draft.id]
    assert await definitions_of(world.env, theirs) == []
    for stranger in (theirs, world.registrar, world.asha):
        assert await code_of(drafted(world, by=stranger)) is ErrorCode.NOT_FOUND
        assert await code_of(asked(world, draft, by=stranger)) is ErrorCode.NOT_FOUND


async def test_a_definition_that_breaks_rules_is_refused_at_each_cell_with_its_remedy(world: World):
    with pytest.raises(Problems) as caught:
        await drafted(world, document(limit={"days": 15, "unit": "WORKING_DAYS"}, steps=[{"kind": "ISSUE"}]))

    found = {(one.code, one.path, one.sentence) for one in caught.value.problems}
    cell = ("input", "document")
    assert found == {
        (ErrorCode.DEFINITION_REFUSED, (*cell, "steps", "0", "kind"), "definition_rule.STEP_UNREACHABLE"),
        (ErrorCode.DEFINITION_REFUSED, (*cell, "limit", "act"), "definition_rule.NO_NOTIFICATION"),
    }


async def test_the_previews_of_all_definitions_are_read_in_one_transaction(world: World):
    drafts = [await drafted(world, document(deliveryDays=days)) for days in (1, 20, 300)]

    async with world.env.store.read_transaction() as tx:
        previews = await previews_of(world.env, tx, [one.id for one in drafts])

    assert [previews[one.id].service.portal_delivery_days for one in drafts] == [1, 20, 300]


async def test_facts_that_two_administrators_stand_for_are_confirmed(world: World):
    await answered(world, await asked(world, await drafted(world)))

    assert Fact.TIME_LIMIT not in (await entry(world)).facts_not_confirmed
