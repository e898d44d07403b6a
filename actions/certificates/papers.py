"""What the papers beside certificates say: acknowledgement, fee receipt, rejection order and pension order.

They are not signed: each says where the case can be looked up. The templates are the state's, as those of certificates.
"""

from collections.abc import Awaitable, Callable, Mapping

from actions.certificates.content import CertificateContent, CertificateField
from actions.certificates.fields import Answers, CertificateHolder, holder_of
from actions.certificates.issue import Issue, load_issue
from actions.kernel import Environment, application_by_any, of_application, require
from domain.applications.lifecycle import Status
from domain.certificates.kinds import APPLICANT, Paper
from domain.identity.policy import Purpose
from domain.kernel import Bilingual, Language, Subject, account_of_last4, ist_date, not_found, state_language
from domain.kernel.messages import Texts, bilingual, our_word
from domain.kernel.money import shown_rupees
from store.applications import timeline
from store.benefits import benefits
from store.catalogue import catalogue
from store.database import Transaction
from store.fees import fee_orders

_TEXTS = Texts("printed_paper")
_PATH = ("number",)

Facts = dict[str, Bilingual | str | None]


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
        facts = await _READERS[paper](env, tx, issue)
        if facts is None:
            raise not_found(*_PATH)
        return _content(env, issue, paper, facts)

    return await env.store.carry_out(work)


async def _acknowledgement(_: Environment, tx: Transaction, issue: Issue) -> Facts | None:
    application, service = issue.application, issue.service
    if application.submitted_at is None:
        return None
    attached = await timeline.documents(tx, [application.id])
    return {
        "acknowledgement": application.acknowledgement,
        "submitted_on": f"{ist_date(application.submitted_at):%d-%m-%Y}",
        "due_on": f"{ist_date(application.due_at):%d-%m-%Y}" if application.due_at else None,
        "designated_officer": _post(service.designated_officer),
        "first_appellate": _post(service.first_appellate),
        "second_appellate": _post(service.second_appellate),
        "papers": ", ".join(one.name for one in attached.get(application.id, ())) or None,
    }


async def _fee_receipt(env: Environment, tx: Transaction, issue: Issue) -> Facts | None:
    application = issue.application
    order = await fee_orders.paid_of(tx, application.id)
    if application.fee_receipt is None or application.fee_paise is None:
        return None
    charge = order.charge_paise if order else 0
    paid_at = order.receipt.paid_at if order and order.receipt else application.clock_started_at
    return {
        "receipt": application.fee_receipt,
        "fee": _money(env, application.fee_paise),
        "charge": _money(env, charge) if charge else None,
        "paid": _money(env, application.fee_paise + charge),
        "paid_on": f"{ist_date(paid_at):%d-%m-%Y}" if paid_at else None,
        "challan": order.receipt.challan_no if order and order.receipt else None,
    }


async def _rejection(env: Environment, _: Transaction, issue: Issue) -> Facts | None:
    decision = issue.application.decision
    if issue.application.status is not Status.REJECTED or decision is None:
        return None
    law = env.rules.law.first_appeal_days
    within = _TEXTS.within
    return {
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


async def _pension_order(env: Environment, tx: Transaction, issue: Issue) -> Facts | None:
    sanction = (await benefits.sanction_of_applications(tx, [issue.application.id])).get(issue.application.id)
    if sanction is None:
        return None
    scheme = (await catalogue.schemes(tx, [sanction.scheme_code])).get(sanction.scheme_code)
    return {
        "sanction": sanction.number,
        "scheme": scheme.name if scheme else sanction.scheme_code,
        "amount": _money(env, sanction.amount_paise) if sanction.amount_paise else None,
        "period": _TEXTS[f"period.{sanction.period}"] if sanction.period in _PERIODS else None,
        "sanctioned_on": f"{ist_date(sanction.sanctioned_at):%d-%m-%Y}",
        "decided_by": _officer(issue),
        "account": account_of_last4(sanction.bank_account_last4),
    }


_PERIODS = frozenset({"monthly", "yearly", "one-time"})

Reader = Callable[[Environment, Transaction, Issue], Awaitable[Facts | None]]
_READERS: Mapping[Paper, Reader] = {
    Paper.ACKNOWLEDGEMENT: _acknowledgement,
    Paper.FEE_RECEIPT: _fee_receipt,
    Paper.REJECTION_ORDER: _rejection,
    Paper.PENSION_ORDER: _pension_order,
}


def _content(env: Environment, issue: Issue, paper: Paper, facts: Facts) -> CertificateContent:
    """The paper in the shape of a certificate; its number is that of the application."""
    application, officer = issue.application, issue.officer
    decision = application.decision
    applicant = CertificateHolder(issue.citizen.name, issue.citizen.born_on, issue.citizen.gender)
    answers = Answers(application.form, issue.form, env.rules.certificate_kinds)
    holder = holder_of(APPLICANT, answers, applicant)
    shown = {"service": issue.service.name, **facts}
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
        issued_on=ist_date(decision.decided_at if decision and paper in _DECIDED else env.clock.now()),
        valid_until=None,
        fields=tuple(_field(key, said) for key, said in shown.items() if said is not None),
        verify_url=f"{env.public_url}/track",
        uri="",
        kind=paper.value,
    )


_DECIDED = frozenset({Paper.REJECTION_ORDER, Paper.PENSION_ORDER})
"""Papers that bear the day of the decision; the others that on which they are printed."""


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
