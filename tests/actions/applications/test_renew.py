"""A licence is renewed: when, by whom, with which answers, and what the new one says, on each store."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.renew import RenewCertificate, renew_certificate
from actions.applications.submit import SaveDraft, save_draft, submit_application
from actions.certificates.certificate_endings import correct_certificate, make_corrected
from actions.certificates.issue import issue_certificate
from domain.applications.applications import Application, Channel, DeliveryMode
from domain.applications.lifecycle import Status
from domain.catalogue.forms import Form
from domain.certificates.certificates import CertificateStatus, IssuedCertificate
from domain.kernel import ErrorCode, Problems, Subject
from store.catalogue import catalogue, forms
from store.certificates import certificates
from store.database import Transaction
from tests.support.actions import FREE, FakeRenderer, World, request_for
from tests.support.definitions import give_steps
from tests.support.endings import correction
from tests.support.forms import LABEL, number, small, text
from tests.support.worlds import wrong

pytestmark = pytest.mark.integration
DAYS = 30


@pytest.fixture
def world(peopled: World) -> World:
    """The world on each store."""
    return peopled


async def issue_licence(
    world: World, renew_days: int | None = DAYS, remind_days: tuple[int, ...] = (), **changes: Any
) -> IssuedCertificate:
    """A licence for a year of Asha's; `changes` replace parts of her request."""
    await give_steps(world, "SCRUTINY", "ISSUE", valid_months=12, renew_days=renew_days, remind_days=remind_days)
    case = await world.approved(world.asha, FREE, world.registrar, **changes)
    issued = await issue_certificate(world.env, case.id, FakeRenderer())
    assert issued is not None
    return issued


def wait_until(world: World, day: date) -> None:
    world.clock.advance(timedelta(days=(day - world.clock.now().date()).days))


def first_day(licence: IssuedCertificate) -> date:
    assert licence.valid_until is not None
    return licence.valid_until - timedelta(days=DAYS)


async def renew(world: World, licence: IssuedCertificate, by: Subject | None = None, key: str = "renew"):
    return (await renew_certificate(world.env, by or world.asha, RenewCertificate(licence.id, key)))[0]


async def hand_in(world: World, draft: Application, **more) -> Application:
    request = request_for(FREE, form=draft.form, draft_id=draft.id, idempotency_key=f"in-{draft.id}", **more)
    return (await submit_application(world.env, world.asha, request))[0]


def children(name: dict[str, Any], age: dict[str, Any]) -> dict[str, Any]:
    """A question that is answered in rows."""
    questions = {"name": name, "age": age}
    row = {"type": "object", "additionalProperties": False, "x-order": list(questions), "properties": questions}
    return {"type": "array", "maxItems": 3, "x-label": LABEL, "items": row}


async def code_of(attempt) -> ErrorCode:
    with pytest.raises(Problems) as caught:
        await attempt
    return caught.value.code


async def test_a_renewal_is_a_draft_with_the_answers_of_before_that_is_tied_to_the_licence(world: World):
    licence = await issue_licence(world)
    wait_until(world, first_day(licence))

    draft = await renew(world, licence)

    assert (draft.status, draft.renews, draft.service_code) == (Status.DRAFT, licence.number, FREE)
    assert draft.form["father_name"] == "Bachan Singh"
    assert (await hand_in(world, draft)).renews == licence.number


async def test_the_new_licence_names_the_old_one_and_goes_on_from_its_end(world: World):
    licence = await issue_licence(world)
    wait_until(world, first_day(licence))
    case = await hand_in(world, await renew(world, licence))
    await decide_application(world.env, world.registrar, Decide(case.id, Verdict.APPROVE, "approve-renewal"))
    press = FakeRenderer()

    new = await issue_certificate(world.env, case.id, press)

    assert press.rendered[-1].previous_number == licence.number
    assert new is not None
    assert licence.valid_until is not None
    assert new.valid_until == licence.valid_until.replace(year=licence.valid_until.year + 1)
    assert await wrong(world.env) == []


@pytest.mark.parametrize("days", [-1, DAYS + 1])
async def test_a_renewal_before_its_first_day_or_after_the_last_is_refused(world: World, days: int):
    licence = await issue_licence(world)
    wait_until(world, first_day(licence) + timedelta(days=days))

    assert await code_of(renew(world, licence)) is ErrorCode.RENEWAL_NOT_OPEN


async def test_a_draft_that_is_handed_in_after_the_last_day_is_refused(world: World):
    licence = await issue_licence(world)
    wait_until(world, first_day(licence))
    draft = await renew(world, licence)
    wait_until(world, first_day(licence) + timedelta(days=DAYS + 1))

    assert await code_of(hand_in(world, draft)) is ErrorCode.RENEWAL_NOT_OPEN


async def test_a_licence_whose_definition_names_no_renewal_is_not_renewed(world: World):
    licence = await issue_licence(world, renew_days=None)
    wait_until(world, first_day(licence))

    assert await code_of(renew(world, licence)) is ErrorCode.RENEWAL_NOT_OPEN


async def test_a_licence_is_renewed_once(world: World):
    licence = await issue_licence(world)
    wait_until(world, first_day(licence))
    await hand_in(world, await renew(world, licence))

    assert await code_of(renew(world, licence, key="again")) is ErrorCode.ALREADY_APPLIED


async def test_a_renewal_and_a_new_application_are_different_matters(world: World):
    licence = await issue_licence(world)
    wait_until(world, first_day(licence))
    await hand_in(world, await renew(world, licence))

    other = await world.submit(world.asha, FREE, idempotency_key="another")

    assert other.renews is None


async def test_a_draft_that_changes_its_service_renews_nothing_any_more(world: World):
    licence = await issue_licence(world)
    wait_until(world, first_day(licence))
    draft = await renew(world, licence)
    async with world.env.store.read_transaction() as tx:
        other = next(
            one for one in await catalogue.all_services(tx) if one.open and not one.documents and one.code != FREE
        )
    changed = SaveDraft(other.code, "49", "304", Channel.WEB, DeliveryMode.PORTAL, draft.form, "change", None, draft.id)
    await save_draft(world.env, world.asha, changed)

    request = request_for(other.code, form=draft.form, draft_id=draft.id, idempotency_key="elsewhere")

    assert (await submit_application(world.env, world.asha, request))[0].renews is None


async def test_nobody_renews_the_licence_of_another(world: World):
    licence = await issue_licence(world)
    wait_until(world, first_day(licence))

    for stranger in (world.sunil, world.registrar):
        assert await code_of(renew(world, licence, stranger, f"by-{stranger.person_id}")) is ErrorCode.NOT_FOUND


async def test_a_revoked_licence_is_not_renewed(world: World):
    licence = await issue_licence(world)
    async with world.env.store.write_transaction() as tx:
        await certificates.end(tx, licence.id, CertificateStatus.REVOKED)
    wait_until(world, first_day(licence))

    assert await code_of(renew(world, licence)) is ErrorCode.RENEWAL_NOT_OPEN


async def test_a_session_by_a_signed_paper_takes_no_answers_from_what_was_begun_before(world: World):
    licence = await issue_licence(world)
    wait_until(world, first_day(licence))
    by_code = replace(world.operator, on_behalf_of=world.asha.person_id)
    by_paper = replace(by_code, filing_since=world.clock.now())

    assert await code_of(renew(world, licence, by_paper, "paper")) is ErrorCode.NOT_FOUND
    assert (await renew(world, licence, by_code)).form["father_name"] == "Bachan Singh"


async def test_an_operator_renews_by_the_application_under_the_consent_of_the_citizen(world: World):
    licence = await issue_licence(world)
    wait_until(world, first_day(licence))
    helper = replace(world.operator, on_behalf_of=world.asha.person_id)
    request = RenewCertificate(None, "counter", licence.application_id)

    draft, _ = await renew_certificate(world.env, helper, request)

    assert (draft.renews, draft.citizen_id) == (licence.number, world.asha.person_id)


async def test_an_operator_whom_no_consent_lets_see_the_application_renews_nothing(world: World):
    licence = await issue_licence(world)
    wait_until(world, first_day(licence))
    stranger = replace(world.operator, on_behalf_of=world.sunil.person_id)

    refused = renew_certificate(world.env, stranger, RenewCertificate(None, "counter", licence.application_id))

    assert await code_of(refused) is ErrorCode.NOT_FOUND


async def test_nothing_is_renewed_of_an_application_without_a_certificate(world: World):
    await give_steps(world, "SCRUTINY", "ISSUE", valid_months=12, renew_days=DAYS)
    case = await world.submit(world.asha)

    refused = renew_certificate(world.env, world.asha, RenewCertificate(None, "k", case.id))

    assert await code_of(refused) is ErrorCode.RENEWAL_NOT_OPEN


@pytest.mark.parametrize("both", [True, False])
async def test_a_renewal_names_either_the_certificate_or_its_application(world: World, both: bool):
    licence = await issue_licence(world)
    named = (licence.id, "k", licence.application_id) if both else (None, "k", None)

    assert await code_of(renew_certificate(world.env, world.asha, RenewCertificate(*named))) is ErrorCode.BAD_INPUT


async def give_form(world: World, form: Form) -> None:
    """Give the service a form, in the place of the one that it has."""

    async def assign(tx: Transaction) -> None:
        await forms.add_version(tx, form)
        await forms.assign(tx, form, [FREE])

    await world.env.store.carry_out(assign)


async def test_an_answer_of_a_row_that_is_not_taken_any_more_is_left_out_and_the_rest_stays(world: World):
    await give_form(world, small({"village": text(), "children": children(text(), text())}))
    answers = {"village": "Raipur", "children.0.name": "Nanda", "children.0.age": "seven"}
    licence = await issue_licence(world, form=answers)
    wait_until(world, first_day(licence))
    await give_form(world, small({"village": text(), "children": children(text(), number())}))

    draft = await renew(world, licence)

    assert draft.form == {"village": "Raipur", "children.0.name": "Nanda"}


async def test_a_row_beyond_those_that_the_form_takes_by_now_is_left_out(world: World):
    await give_form(world, small({"village": text(), "children": children(text(), text())}))
    answers = {"village": "Raipur", "children.0.name": "Nanda", "children.1.name": "Gaura"}
    licence = await issue_licence(world, form=answers)
    wait_until(world, first_day(licence))
    await give_form(world, small({"village": text(), "children": {**children(text(), text()), "maxItems": 1}}))

    draft = await renew(world, licence)

    assert draft.form == {"village": "Raipur", "children.0.name": "Nanda"}


async def test_a_tehsil_that_came_to_another_district_is_asked_anew(world: World):
    licence = await issue_licence(world)
    wait_until(world, first_day(licence))

    async def give_away(tx: Transaction) -> None:
        [tehsil] = [one for one in await catalogue.tehsils(tx, "49") if one.code == "304"]
        await catalogue.upsert_tehsils(tx, [replace(tehsil, district="50")])

    await world.env.store.carry_out(give_away)

    draft = await renew(world, licence)

    assert (draft.district, draft.tehsil) == ("49", None)


async def correct(world: World, licence: IssuedCertificate) -> IssuedCertificate:
    """The licence that stands in the place of one with a mistake in it."""
    await correct_certificate(world.env, world.registrar, correction(licence, facts={}))
    return await make_corrected(world.env, licence.id, FakeRenderer())


async def test_a_licence_that_was_corrected_after_its_renewal_is_not_renewed_again(world: World):
    licence = await issue_licence(world)
    wait_until(world, first_day(licence))
    await hand_in(world, await renew(world, licence))

    corrected = await correct(world, licence)

    assert await code_of(renew(world, corrected, key="again")) is ErrorCode.ALREADY_APPLIED


async def test_a_draft_of_a_renewal_goes_on_with_the_corrected_licence(world: World):
    licence = await issue_licence(world)
    wait_until(world, first_day(licence))
    draft = await renew(world, licence)

    corrected = await correct(world, licence)

    assert (await hand_in(world, draft)).renews == corrected.number


async def test_the_new_licence_names_the_corrected_one(world: World):
    licence = await issue_licence(world)
    wait_until(world, first_day(licence))
    case = await hand_in(world, await renew(world, licence))
    await decide_application(world.env, world.registrar, Decide(case.id, Verdict.APPROVE, "approve-renewal"))
    corrected = await correct(world, licence)
    press = FakeRenderer()

    await issue_certificate(world.env, case.id, press)

    assert press.rendered[-1].previous_number == corrected.number
    assert await wrong(world.env) == []


async def test_a_renewal_that_was_begun_and_not_handed_in_is_gone_on_with(world: World):
    licence = await issue_licence(world)
    wait_until(world, first_day(licence))
    draft = await renew(world, licence)

    again = await renew(world, licence, key="again")

    assert (again.id, again.status) == (draft.id, Status.DRAFT)
