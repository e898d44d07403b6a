"""Every service that is applied for here, by name, from its form to its outcome; what is not known of it is invented
nowhere on the way.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.submit import submit_application
from actions.catalogue.form_import import import_forms
from actions.catalogue.forms import check_form, form_of
from actions.catalogue.rows import read_catalogue
from actions.certificates.issue import issue_certificate
from actions.officers.second_approvals import ConfirmDecision, confirm_decision
from demo.seed.forms import filled_in
from domain.applications.applications import Application
from domain.applications.lifecycle import Status
from domain.catalogue.catalogue import ISSUED, Fact, Outcome, Service
from domain.kernel import Bilingual, Officer, OfficerLevel, PersonKind, Posting, Role, Subject, ist_date
from gateway.documents.renderer import CertificateRenderer
from gateway.runtime.form_files import form_files
from integrations.digilocker import IssuedDocument
from store.applications import applications
from store.benefits import benefits
from store.catalogue import catalogue
from store.database import Keyrings
from store.identity import people
from tests.support.actions import World, catalogue_rows, papers, request_for
from tests.support.fees import Tills, open_tills

OPEN = [service for service in read_catalogue(catalogue_rows()).services if service.open]
PAPER = IssuedDocument("in.gov.pan-PANCR-1", "PAN", "PANCR", "Income Tax", "in.gov.pan", ("application/pdf",), None)
ACCOUNT = {"bank_account_number": "30000000100", "bank_ifsc": "DEMO0000001"}


@dataclass
class Office:
    """An office of one department in Dehradun, with two designated officers, a till and a press for certificates."""

    world: World
    tills: Tills
    renderer: CertificateRenderer
    authority: Path

    async def officer(self, name: str, service: Service) -> Subject:
        """A designated officer of the service's department."""
        posting = Posting(Role.OFFICER, service.department, "49", "304", OfficerLevel.DESIGNATED)
        title = Bilingual("अधिकारी", "Officer")
        made = Officer(self.world.env.ids.key(), Bilingual(None, name), title, f"{name}@walk.example", (posting,))
        async with self.world.env.store.write_transaction() as tx:
            await people.add_officer(tx, made)
        return Subject(frozenset({Role.OFFICER}), PersonKind.OFFICER, made.id, made.postings)

    async def handed_in(self, service: Service) -> Application:
        """An application with the form's own example and every paper that is needed."""
        env = self.world.env
        form = await form_of(env, service.slug)
        answers = filled_in(form, {}, ist_date(env.clock.now()))
        if service.outcome is Outcome.BENEFIT:
            answers |= ACCOUNT
        await check_form(env, service.slug, answers)
        asked = papers(*(paper.key for paper in service.documents if paper.required))
        request = request_for(service.code, form=answers, documents=asked)
        return (await submit_application(env, self.world.asha, request))[0]

    async def paid(self, application: Application) -> Application:
        """The same once its fee was paid at the treasury, where one is due."""
        if application.status is not Status.FEE_PENDING:
            return application
        order = await self.tills.started(application)
        await self.tills.comes_back(order, await self.tills.pays(order))
        return await self.tills.application(order)

    async def decided(self, officer: Subject, application: Application, verdict: Verdict) -> Application:
        """The same after a verdict."""
        request = Decide(application.id, verdict, f"{verdict}-{application.id}", reason="The facts are as stated.")
        return (await decide_application(self.world.env, officer, request))[0]

    async def approved(self, service: Service, application: Application) -> Application:
        """The same after a field report, the decision, and a second officer's word where the service needs it."""
        officer, second = await self.officer("first", service), await self.officer("second", service)
        sent = await self.decided(officer, application, Verdict.SEND_FOR_VERIFICATION)
        reported = await self.decided(officer, sent, Verdict.REPORT_VERIFICATION)
        done = await self.decided(officer, reported, Verdict.APPROVE)
        if service.needs_second_pair:
            assert done.decision is None
            done, _ = await confirm_decision(self.world.env, second, ConfirmDecision(done.id, f"confirm-{done.id}"))
        return done

    async def status(self, application: Application) -> Status:
        """Where the application stands now."""
        async with self.world.env.store.read_transaction() as tx:
            found = await applications.get(tx, application.id)
        assert found is not None
        return found.status

    async def signed(self, application: Application) -> bool:
        """Whether the document that is issued is signed as a whole by the authority."""
        issued = await issue_certificate(self.world.env, application.id, self.renderer)
        assert issued is not None
        pdf = await self.world.env.objects.get(issued.pdf_sha256)
        assert pdf is not None
        roots = list(load_certs_from_pemder_data(self.authority.read_bytes()))
        seal = PdfFileReader(BytesIO(pdf)).embedded_signatures[0]
        trusted = ValidationContext(trust_roots=roots, allow_fetching=False)
        return (await async_validate_pdf_signature(seal, trusted)).bottom_line


@pytest.fixture(scope="module")
def press(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("press")
    Keyrings(folder).init()
    return folder


@pytest.fixture
async def office(world: World, press: Path, tmp_path: Path) -> AsyncIterator[Office]:
    await import_forms(world.env.store, form_files())
    await world.link_locker(world.asha)
    world.locker.documents = (PAPER,)
    renderer = CertificateRenderer(Keyrings(press), press / "certificates", world.clock)
    with open_tills(world, tmp_path / "tills") as tills:
        yield Office(world, tills, renderer, press / "certificates" / "test-authority.crt")


@pytest.mark.parametrize("service", OPEN, ids=lambda service: service.name.en)
async def test_a_service_is_walked_from_its_form_to_its_outcome(office: Office, service: Service):
    application = await office.paid(await office.handed_in(service))
    assert application.status is Status.IN_SCRUTINY

    approved = await office.approved(service, application)

    if service.outcome in ISSUED:
        assert await office.signed(approved)
        assert await office.status(approved) is Status.DELIVERED
    elif service.outcome is Outcome.BENEFIT:
        async with office.world.env.store.read_transaction() as tx:
            assert (await benefits.sanction_of_applications(tx, [approved.id])).keys() == {approved.id}
        assert approved.status is Status.BENEFIT_SANCTIONED
    else:
        assert approved.status is Status.DELIVERED


@pytest.mark.parametrize("service", OPEN, ids=lambda service: service.name.en)
def test_a_notified_limit_names_its_source_and_no_unverified_row_is_shown_as_confirmed(service: Service):
    stated = service.source_of(Fact.TIME_LIMIT) if service.limit_days is not None else None

    assert (stated is None) == (service.limit_days is None)
    assert stated is None or (stated.source and stated.confirmed == service.verified)


async def test_a_licence_is_valid_for_as_many_months_as_a_source_says(office: Office, world: World):
    licence = next(service for service in OPEN if service.outcome is Outcome.LICENCE)
    rows = catalogue_rows()
    said = tuple(
        {**row, "validity_months": "12"} if row["name_en"] == licence.name.en else row for row in rows.outcomes
    )
    [dated] = [one for one in read_catalogue(replace(rows, outcomes=said)).services if one.code == licence.code]
    async with world.env.store.write_transaction() as tx:
        await catalogue.upsert_services(tx, [dated])
    approved = await office.approved(dated, await office.paid(await office.handed_in(dated)))

    issued = await issue_certificate(world.env, approved.id, office.renderer)

    assert issued is not None
    assert (issued.issued_on.isoformat(), str(issued.valid_until)) == ("2026-11-24", "2027-11-23")
