"""What the papers beside certificates say: acknowledgement, fee receipt, rejection order and pension order.

They bear the seal of certificates and are made anew at each giving, so facts and day are those of the step that they
tell of (ADR 0046). The templates are the state's, as those of certificates.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from actions.certificates.content import CertificateContent, CertificateField
from actions.certificates.fields import Answers, CertificateHolder, holder_of
from actions.certificates.issue import Issue, load_issue
from actions.certificates.qr_codes import LONGEST_NUMBER
from actions.kernel import Environment, application_by_any, of_application, require
from domain.applications.lifecycle import Status
from domain.benefits.benefits import ACCOUNT_FIELD, SanctionState
from domain.certificates.certificates import CertificateStatus, IssuedCertificate
from domain.certificates.kinds import APPLICANT, Paper
from domain.identity.policy import Purpose
from domain.kernel import (
    Bilingual,
    Language,
    MistypedNumber,
    NumberKind,
    Subject,
    account_of_last4,
    ist_date,
    not_found,
    parse_number,
    state_language,
)
from domain.kernel.messages import Texts, bilingual, our_word
from domain.kernel.money import shown_rupees
from store.applications import applications, timeline
from store.benefits import benefits
from store.catalogue import catalogue
from store.database import Transaction, require_there
from store.fees import fee_orders
from store.identity import people

_TEXTS = Texts("printed_paper")
_PATH = ("number",)

Facts = dict[str, Bilingual | str | None]


@dataclass(frozen=True, slots=True)
class _Told:
    """What a paper says, the moment of the step that it tells of, and below our address where it is looked up."""

    facts: Facts
    at: datetime
    place: str


async def paper_of(env: Environment, subject: Subject, number: str, paper: Paper) -> CertificateContent:
    """What a paper of an application says, for those who may see the application; another's reading leaves a receipt.

    Raises NotSignedIn, MistypedNumber, and Problems: NOT_FOUND also where the application has no such paper.
    """

    async def work(tx: Transaction) -> CertificateContent:
        application = await application_by_any(tx, number)
        if application is None:
            raise not_found(*_PATH)
        await require(env, tx, subject, of_application(application), Purpose.VIEW, path=_PATH)
        issue = await load_issue(tx, application)
        told = await _READERS[paper](env, tx, issue)
        if told is None:
            raise not_found(*_PATH)
        return _content(env, issue, paper, told)

    return await env.store.carry_out(work)


async def is_paper_there(env: Environment, address: str, title: str) -> bool:
    """Whether the register has the paper of this English title that leads to an address; not for sanction orders."""
    paper = next((one for one in Paper if _TEXTS[f"title.{one}"].en == title), None)
    async with env.store.read_transaction() as tx:
        application = await applications.by_number(tx, address.rpartition("#")[2])
        if application is None or paper is None:
            return False
        return await _READERS[paper](env, tx, await load_issue(tx, application)) is not None


async def sanction_order(env: Environment, text: str) -> IssuedCertificate | None:
    """The order of a sanction with this number in the shape of a certificate; EXPIRED once the benefit has ended.

    It has neither files nor a place in the status lists. None for what is no number of an order that was given.
    """
    try:
        number = parse_number(text[:LONGEST_NUMBER], NumberKind.PAYMENT)
    except MistypedNumber:
        return None
    async with env.store.read_transaction() as tx:
        sanction = await benefits.sanction_by_number(tx, number)
        if sanction is None or sanction.application_id is None or sanction.state in _NO_ORDER:
            return None
        application = require_there(await applications.get(tx, sanction.application_id), "the application")
        citizen = (await people.citizens(tx, [sanction.citizen_id]))[sanction.citizen_id]
    return IssuedCertificate(
        id=sanction.id,
        number=number,
        application_id=application.id,
        citizen_id=sanction.citizen_id,
        service_code=application.service_code,
        department=sanction.department,
        district=sanction.district,
        doctype=Paper.PENSION_ORDER,
        uri="",
        name=_TEXTS[f"title.{Paper.PENSION_ORDER}"],
        holder=citizen.name,
        issued_on=ist_date(sanction.sanctioned_at),
        valid_until=sanction.ended_on,
        status=CertificateStatus.EXPIRED if sanction.state is SanctionState.ENDED else CertificateStatus.ACTIVE,
        pdf_sha256="",
        xml_sha256="",
        issued_by=sanction.granted_by,
        created_at=sanction.sanctioned_at,
    )


_NO_ORDER = frozenset({SanctionState.AWAITING_APPROVAL})
"""States before a sanction is an order: another officer has yet to approve it."""


async def _acknowledgement(_: Environment, tx: Transaction, issue: Issue) -> _Told | None:
    application, service = issue.application, issue.service
    if application.submitted_at is None:
        return None
    attached = await timeline.documents(tx, [application.id])
    facts: Facts = {
        "acknowledgement": application.acknowledgement,
        "submitted_on": f"{ist_date(application.submitted_at):%d-%m-%Y}",
        "due_on": f"{ist_date(application.due_at):%d-%m-%Y}" if application.due_at else None,
        "designated_officer": _post(service.designated_officer),
        "first_appellate": _post(service.first_appellate),
        "second_appellate": _post(service.second_appellate),
        "papers": ", ".join(one.name for one in attached.get(application.id, ())) or None,
    }
    return _Told(facts, application.submitted_at, _tracking_page(issue))


async def _fee_receipt(env: Environment, tx: Transaction, issue: Issue) -> _Told | None:
    application = issue.application
    order = await fee_orders.paid_of(tx, application.id)
    if application.fee_receipt is None or application.fee_paise is None:
        return None
    charge = order.charge_paise if order else 0
    paid_at = order.receipt.paid_at if order and order.receipt else application.clock_started_at
    facts: Facts = {
        "receipt": application.fee_receipt,
        "fee": _money(env, application.fee_paise),
        "charge": _money(env, charge) if charge else None,
        "paid": _money(env, application.fee_paise + charge),
        "paid_on": f"{ist_date(paid_at):%d-%m-%Y}" if paid_at else None,
        "challan": order.receipt.challan_no if order and order.receipt else None,
    }
    return _Told(facts, paid_at or application.created_at, _tracking_page(issue))


async def _rejection(env: Environment, _: Transaction, issue: Issue) -> _Told | None:
    decision = issue.application.decision
    if issue.application.status is not Status.REJECTED or decision is None:
        return None
    law = env.rules.law.first_appeal_days
    within = _TEXTS.within
    facts: Facts = {
        "decided_on": f"{ist_date(decision.decided_at):%d-%m-%Y}",
        "decided_by": _officer(issue),
        "ground": bilingual(f"ground.{decision.ground.value}") if decision.ground else None,
        "reason": decision.reason,
        "appeal_to": _post(issue.service.first_appellate),
        "appeal_within": Bilingual(
            (within.hi or "").format(days=law.value, section=law.section),
            within.en.format(days=law.value, section=law.section),
        ),
        "appeal_at": f"{env.public_url}/my/applications/{issue.application.number}/appeal",
    }
    return _Told(facts, decision.decided_at, _tracking_page(issue))


async def _pension_order(env: Environment, tx: Transaction, issue: Issue) -> _Told | None:
    sanction = (await benefits.sanction_of_applications(tx, [issue.application.id])).get(issue.application.id)
    if sanction is None or sanction.state in _NO_ORDER:
        return None
    scheme = (await catalogue.schemes(tx, [sanction.scheme_code])).get(sanction.scheme_code)
    facts: Facts = {
        "sanction": sanction.number,
        "scheme": scheme.name if scheme else sanction.scheme_code,
        "amount": _money(env, sanction.amount_paise) if sanction.amount_paise else None,
        "period": _TEXTS[f"period.{sanction.period}"] if sanction.period in _PERIODS else None,
        "sanctioned_on": f"{ist_date(sanction.sanctioned_at):%d-%m-%Y}",
        "decided_by": _officer(issue),
        # As it was ordered: the sanction itself has the account that it is paid to now.
        "account": account_of_last4(issue.application.form.get(ACCOUNT_FIELD, "")[-4:] or None),
    }
    return _Told(facts, sanction.sanctioned_at, f"verify/{sanction.number}")


def _tracking_page(issue: Issue) -> str:
    """The page of an application's state; the number behind the # stays with who scans it."""
    return f"track#{issue.application.number}"


_PERIODS = frozenset({"monthly", "yearly", "one-time"})

Reader = Callable[[Environment, Transaction, Issue], Awaitable[_Told | None]]
_READERS: Mapping[Paper, Reader] = {
    Paper.ACKNOWLEDGEMENT: _acknowledgement,
    Paper.FEE_RECEIPT: _fee_receipt,
    Paper.REJECTION_ORDER: _rejection,
    Paper.PENSION_ORDER: _pension_order,
}


def _content(env: Environment, issue: Issue, paper: Paper, told: _Told) -> CertificateContent:
    """The paper in the shape of a certificate; its number is that of the application."""
    application, officer = issue.application, issue.officer
    applicant = CertificateHolder(issue.citizen.name, issue.citizen.born_on, issue.citizen.gender)
    answers = Answers(application.form, issue.form, env.rules.certificate_kinds)
    holder = holder_of(APPLICANT, answers, applicant)
    shown = {"service": issue.service.name, **told.facts}
    return CertificateContent(
        number=application.number,
        doctype="",
        service=_TEXTS[f"title.{paper}"],
        holder=holder.name,
        guardian=holder.guardian,
        guardian_relation=holder.relation,
        born_on=None,
        gender=None,
        district=issue.district.name,
        tehsil=issue.tehsil.name if issue.tehsil else None,
        department=issue.department.name if issue.department else bilingual("certificate.state"),
        officer=officer.name if officer else bilingual("certificate.designated_officer"),
        designation=officer.designation if officer else bilingual("certificate.designated_officer"),
        issued_on=ist_date(told.at),
        valid_until=None,
        fields=tuple(_field(key, said) for key, said in shown.items() if said is not None),
        verify_url=f"{env.public_url}/{told.place}",
        uri="",
        kind=paper.value,
    )


def _officer(issue: Issue) -> Bilingual | None:
    """Who decided, in which post."""
    officer = issue.officer
    if officer is None:
        return None
    local = f"{officer.name.hi or officer.name.en}, {officer.designation.hi or officer.designation.en}"
    return Bilingual(local, f"{officer.name.en}, {officer.designation.en}")


def _field(key: str, said: Bilingual | str) -> CertificateField:
    label = _TEXTS[f"facts.{key}"]
    return CertificateField(key, label, said) if isinstance(said, str) else CertificateField(key, label, said.en, said)


def _money(env: Environment, paise: int) -> Bilingual:
    """Paise as whole rupees in figures and words; what is no whole number of rupees in figures alone."""
    if paise % 100 == 0:
        return env.rules.certificate_kinds.amount(paise // 100)
    return Bilingual(None, shown_rupees(paise))


def _post(name: str | None) -> Bilingual | None:
    """A post of the catalogue in both languages."""
    return Bilingual(our_word("post", name, state_language()), our_word("post", name, Language.EN)) if name else None
