"""A certificate is renewed by a page: the button leads to a draft with the answers of before."""

from datetime import timedelta

from actions.applications.submit import SubmitApplication, submit_application
from actions.certificates.issue import issue_certificate
from domain.applications.applications import Application, Channel, DeliveryMode
from domain.applications.lifecycle import Status
from domain.kernel import ManualClock
from store.applications import applications
from tests.gateway.pages.conftest import Browse
from tests.gateway.pages.test_site import form_of
from tests.support.actions import FakeRenderer
from tests.support.definitions import give_steps
from tests.support.graph import CITIZEN, PAPERS, World


async def issue(world: World) -> Application:
    """An application of Asha's with a certificate for a month."""
    env = world.environment
    await give_steps(env.store, "SCRUTINY", "ISSUE", code="ES09", valid_months=1, renew_days=60)
    answers = {"village": "Raipur", "purpose": "school"}
    request = SubmitApplication("ES09", "49", "304", Channel.WEB, DeliveryMode.PORTAL, answers, PAPERS, "k")
    application = (await submit_application(env, CITIZEN, request))[0]
    await world.approve(application)
    await issue_certificate(env, application.id, FakeRenderer())
    return application


async def test_a_certificate_that_may_be_renewed_leads_to_a_draft_with_the_answers_of_before(
    world: World, browse: Browse
):
    env, application = world.environment, await issue(world)
    page = f"/my/applications/{application.number}"

    async with browse("asha") as browser:
        shown = await browser.get(page)
        done = await browser.post(page, data=form_of(shown.text, "RenewMyCertificate"))

    async with env.store.write_transaction() as tx:
        [draft] = await applications.of_service(tx, application.citizen_id, "ES09", {Status.DRAFT})
    assert done.status_code == 303
    assert f"/my/apply/ES09/{draft.number}?" in str(done.headers["location"])
    assert (draft.renews is not None, draft.form["village"]) == (True, "Raipur")


async def test_nothing_is_offered_after_the_last_day_of_a_certificate(
    world: World, browse: Browse, store_clock: ManualClock
):
    application = await issue(world)
    store_clock.advance(timedelta(days=40))

    async with browse("asha") as browser:
        shown = await browser.get(f"/my/applications/{application.number}")

    assert shown.status_code == 200
    assert "RenewMyCertificate" not in shown.text
