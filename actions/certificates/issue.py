"""Issues a certificate: its content, the signed document, and the change of state."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog

from actions.certificates.content import CertificateContent, RenderedCertificate, Renderer
from actions.certificates.fields import Answers, CertificateHolder, holder_of, printed_fields, refuse_missing_facts
from actions.certificates.signing_queue import open_signing, signed_by
from actions.certificates.status_lists import LISTS, PLACES
from actions.documents.locker_push import plan_add
from actions.kernel import Environment, Step, UnitOfWork, apply_transition, draw_number, draw_status_index, draw_uris
from domain.applications.applications import Application, DeliveryMode
from domain.applications.lifecycle import Move, Status
from domain.benefits.plans import add_months
from domain.catalogue.catalogue import Department, District, Service, Tehsil
from domain.catalogue.definitions import SignedBy
from domain.catalogue.forms import Form
from domain.certificates.certificates import CertificateStatus, IssuedCertificate
from domain.certificates.kinds import APPLICANT
from domain.kernel import SYSTEM, Citizen, NumberKind, Officer, ist_date
from domain.kernel.messages import bilingual
from store.applications import applications
from store.catalogue import catalogue, forms
from store.certificates import certificate_endings, certificates
from store.database import AlreadyThere, NotThere, Transaction, require_there
from store.identity import people

PDF, XML = "application/pdf", "application/xml"
_log = structlog.get_logger(__name__)
_STATE, _UNKNOWN_OFFICER = bilingual("certificate.state"), bilingual("certificate.designated_officer")


@dataclass(frozen=True, slots=True)
class Issue:
    """What a certificate is made from: an approved application and everything it names."""

    application: Application
    service: Service
    citizen: Citizen
    officer: Officer | None
    department: Department | None
    district: District
    tehsil: Tehsil | None
    renewed: IssuedCertificate | None = None
    """The certificate that it renews, as it was corrected."""
    form: Form | None = None
    """The form that it was filed under, None where none is known."""
    present_form: Form | None = None
    """The form of its service today."""


@dataclass(frozen=True, slots=True)
class Minted:
    """What a certificate is known by from now on."""

    number: str
    uri: str
    status_index: int


async def issue_certificate(env: Environment, application_id: str, renderer: Renderer) -> IssuedCertificate | None:
    """Make, sign and keep the certificate of an approved application; may be run again.

    Gives the certificate that is there already, or None where the application is no longer approved, or officers are to
    sign it: then it waits for them (actions/certificates/signing_queue.py). The document is made outside of the
    transaction; certificate, states and ledger row are written in one. Raises AlreadyThere where its number was taken
    meanwhile: to be tried again.
    """
    async with env.store.read_transaction() as tx:
        there = (await certificates.of_applications(tx, [application_id])).get(application_id)
        issue = None if there else await gather(tx, application_id)
        minted = await mint(env, tx, issue) if issue else None
    if issue is None or minted is None:
        return there
    if signed_by(issue.service) is not SignedBy.SYSTEM:
        await env.store.carry_out(lambda tx: wait_for_officer(UnitOfWork(env, tx, SYSTEM), issue))
        return None
    content = content_of(env, issue, minted)
    rendered = await asyncio.to_thread(renderer.render, content)
    certificate = await certificate_of(env, issue, content, rendered)
    try:
        return await env.store.carry_out(lambda tx: enter(UnitOfWork(env, tx, SYSTEM), certificate))
    except AlreadyThere:
        async with env.store.read_transaction() as tx:
            twin = (await certificates.of_applications(tx, [application_id])).get(application_id)
        if twin is None:  # another certificate was given the number in the same moment
            raise
        return twin


async def wait_for_officer(acting: UnitOfWork, issue: Issue) -> None:
    """Put the certificate of an approved application into the queue of the officer who decided."""
    decision = issue.application.decision
    await open_signing(acting, issue.application, issue.service, decision.officer_id if decision else None)


async def gather(tx: Transaction, application_id: str) -> Issue | None:
    """Read what the certificate is made from; None where the application is not approved."""
    application = require_there(await applications.get(tx, application_id), "the application")
    return await load_issue(tx, application) if application.status is Status.APPROVED else None


async def load_issue(tx: Transaction, application: Application) -> Issue:
    """Read what the certificate of an application is made from, whatever its state. Raises NotThere."""
    service = await catalogue.service_as_filed(tx, application.service_code, application.service_version)
    if service is None:
        raise NotThere("the service of an application")
    officer_id = application.decision.officer_id if application.decision else None
    officers = await people.officers(tx, [officer_id] if officer_id else [])
    districts = {district.code: district for district in await catalogue.districts(tx)}
    tehsils = {tehsil.code: tehsil for tehsil in await catalogue.tehsils(tx, application.district)}
    departments = {department.slug: department for department in await catalogue.departments(tx)}
    renewed = await certificates.by_number(tx, application.renews) if application.renews else None
    filed = (await forms.filed_forms(tx, [application.id])).get(application.id)
    return Issue(
        application=application,
        service=service,
        citizen=(await people.citizens(tx, [application.citizen_id]))[application.citizen_id],
        officer=officers.get(officer_id or ""),
        department=departments.get(application.department or ""),
        district=districts[application.district],
        tehsil=tehsils.get(application.tehsil or ""),
        renewed=await certificate_endings.latest(tx, renewed) if renewed else None,
        form=filed.form if filed else None,
        present_form=(await forms.of_services(tx, [service.code])).get(service.code),
    )


async def mint(env: Environment, tx: Transaction, issue: Issue) -> Minted:
    """A new number and a new URI, which no certificate has. Raises AlreadyThere where none is found, NotThere."""
    if issue.service.doctype is None:
        raise NotThere("the document type of a service")
    number = await draw_number(tx, env.ids, NumberKind.CERTIFICATE)
    [uri] = await draw_uris(tx, env.ids, env.rules.issuer_id, [issue.service.doctype])
    return Minted(number, uri, await draw_status_index(tx, env.ids, LISTS * PLACES))


def content_of(env: Environment, issue: Issue, minted: Minted) -> CertificateContent:
    """What the certificate says, by its new number and URI, which are never used again.

    One that is renewed in time goes on from the end of the one before. Raises Problems: FORM_ANSWER_MISSING where the
    form does not name the holder, or a fact of the template that it demands.
    """
    today, renewed = ist_date(env.clock.now()), issue.renewed
    begins = max(today, renewed.valid_until + timedelta(days=1)) if renewed and renewed.valid_until else today
    number, doctype, months = minted.number, issue.service.doctype or "", issue.service.validity_months
    kinds = env.rules.certificate_kinds
    kind = kinds.of_service(issue.service.slug, issue.service.template)
    answers = Answers(issue.application.form, issue.form, kinds, issue.present_form)
    if kind is not None:
        refuse_missing_facts(answers, kind)
    applicant = CertificateHolder(issue.citizen.name, issue.citizen.born_on, issue.citizen.gender)
    holder = holder_of(kind.holder if kind else APPLICANT, answers, applicant)
    return CertificateContent(
        number=number,
        doctype=doctype,
        service=issue.service.name,
        holder=holder.name,
        guardian=holder.guardian,
        guardian_relation=holder.relation,
        born_on=holder.born_on,
        gender=holder.gender,
        district=issue.district.name,
        tehsil=issue.tehsil.name if issue.tehsil else None,
        department=issue.department.name if issue.department else _STATE,
        officer=issue.officer.name if issue.officer else _UNKNOWN_OFFICER,
        designation=issue.officer.designation if issue.officer else _UNKNOWN_OFFICER,
        issued_on=today,
        valid_until=None if months is None else add_months(begins, months) - timedelta(days=1),
        fields=printed_fields(answers, kind),
        verify_url=f"{env.public_url}/verify/{number}",
        uri=minted.uri,
        status_index=minted.status_index,
        previous_number=renewed.number if renewed else None,
        mother=holder.mother,
        application_number=issue.application.number,
        kind=kind.name if kind else None,
    )


async def certificate_of(
    env: Environment, issue: Issue, content: CertificateContent, rendered: RenderedCertificate
) -> IssuedCertificate:
    """Put the two files into the object store and describe the certificate."""
    application = issue.application
    return IssuedCertificate(
        id=env.ids.key(),
        number=content.number,
        application_id=application.id,
        citizen_id=application.citizen_id,
        service_code=application.service_code,
        department=application.department,
        district=application.district,
        doctype=content.doctype,
        uri=content.uri,
        name=content.service,
        holder=content.holder,
        issued_on=content.issued_on,
        valid_until=content.valid_until,
        status=CertificateStatus.ACTIVE,
        pdf_sha256=await env.objects.put(rendered.pdf, PDF),
        xml_sha256=await env.objects.put(rendered.xml, XML),
        issued_by=application.decision.officer_id if application.decision else None,
        created_at=env.clock.now(),
        status_index=content.status_index,
    )


async def enter(acting: UnitOfWork, certificate: IssuedCertificate) -> IssuedCertificate | None:
    """Keep the certificate and take the application's steps, in the caller's transaction.

    On the portal it is delivered at once; at a counter or the doorstep when it is handed over. None where
    the application is no longer approved. Raises AlreadyThere where a twin was first.
    """
    application = await applications.get(acting.tx, certificate.application_id)
    if application is None or application.status is not Status.APPROVED:
        twin = await certificates.of_applications(acting.tx, [certificate.application_id])
        return twin.get(certificate.application_id)
    await certificates.add(acting.tx, certificate)
    issued = await apply_transition(acting, application, Step(Move.ISSUE_CERTIFICATE))
    await plan_add(acting, certificate)
    if issued.delivery is DeliveryMode.PORTAL:
        await apply_transition(acting, issued, Step(Move.DELIVER, changes={"delivered_at": acting.now}))
    _log.info("certificate_issued", doctype=certificate.doctype)
    return certificate
