"""An office in which one application is walked from its form to its outcome."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.submit import submit_application
from actions.catalogue.forms import check_form, form_of
from actions.certificates.issue import issue_certificate
from actions.officers.second_approvals import ConfirmDecision, confirm_decision
from demo.seed.forms import filled_in
from domain.applications.applications import Application
from domain.applications.lifecycle import Status
from domain.catalogue.catalogue import ISSUED, Outcome, Service
from domain.kernel import Bilingual, Officer, OfficerLevel, PersonKind, Posting, Role, Subject, ist_date
from gateway.documents.renderer import CertificateRenderer
from integrations.digilocker import IssuedDocument
from store.applications import applications
from store.benefits import benefits
from store.identity import people
from tests.support.actions import World, papers, request_for
from tests.support.fees import Tills

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

    async def ends_as_it_should(self, service: Service, approved: Application) -> bool:
        """Whether the approved application came to the outcome of its service."""
        if service.outcome in ISSUED:
            return await self.signed(approved) and await self.status(approved) is Status.DELIVERED
        if service.outcome is Outcome.BENEFIT:
            async with self.world.env.store.read_transaction() as tx:
                granted = await benefits.sanction_of_applications(tx, [approved.id])
            return approved.status is Status.BENEFIT_SANCTIONED and approved.id in granted
        return approved.status is Status.DELIVERED

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
