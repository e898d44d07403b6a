"""Corrects the account that a benefit is paid to, after the bank or the payment system refused it."""

import re
from dataclasses import dataclass, field

from actions.benefits.budget import INSTRUCT
from actions.benefits.orders import refuse_step, take_up
from actions.benefits.payment_status import apply_status
from actions.benefits.sanction_stops import about_sanction, note
from actions.feedback.notices import tell
from actions.kernel import Environment, UnitOfWork, hash_of, verb
from actions.payments.registrations import account_changed
from domain.benefits.benefits import Hold, Instalment, PaymentNews, PaymentStatus, Rail, Sanction
from domain.benefits.sanction_course import PaymentAccount
from domain.feedback.notices import NoticeKind
from domain.identity.assisting import strength_problem
from domain.identity.policy import Purpose
from domain.kernel import Assurance, ErrorCode, Problem, Problems
from domain.kernel.messages import bilingual
from store.benefits import benefits, sanction_course
from store.platform import outbox

NEEDED = Assurance.SUBSTANTIAL
"""How sure a session must be of who she is, as for every change of a bank account."""

_WAITING = frozenset({PaymentStatus.BENEFICIARY_REJECTED, PaymentStatus.BENEFICIARY_PENDING})
_REFUSED = _WAITING | {PaymentStatus.RETURNED}
_BENEFIT = ("input", "benefitId")
_ACCOUNT = {"label": bilingual("account.number"), "expected": bilingual("expected.account_number")}
_IFSC = {"label": bilingual("account.ifsc"), "expected": bilingual("expected.ifsc")}


@dataclass(frozen=True, slots=True)
class CorrectAccount:
    """The account, and the branch by its IFSC."""

    sanction_id: str
    account_number: str = field(repr=False)
    ifsc: str
    idempotency_key: str


def _body(_: Environment, request: CorrectAccount) -> dict[str, str]:
    """What the key stands for: the number itself is not kept with it, only what it hashes to."""
    account = hash_of({"n": request.account_number, "i": request.ifsc})
    return {"sanction": request.sanction_id, "account": account}


@verb(benefits.SANCTIONS.get, operation="correctPaymentAccount", body=_body, for_ever=True)
async def correct_account(acting: UnitOfWork, request: CorrectAccount) -> Sanction:
    """Pay to another account from now on; for the citizen herself alone. True where it is a replay.

    What waits for an account continues with it; what came back is paid again by a finance officer's order. Raises
    Problems: NOT_FOUND for others, STRENGTH_TOO_LOW where her session is not sure enough, FORM_VALUE_INVALID for an
    account or a code that is none, STEP_NOT_ALLOWED where no payment was refused, returned or waits for an account.
    """
    sanction = await take_up(acting, request.sanction_id, Purpose.APPLY, *_BENEFIT)
    have = acting.subject.assurance
    if have is not None and not have.holds_for(NEEDED):
        raise Problems(strength_problem(have, NEEDED, "input", "accountNumber"))
    account = _validated_account(acting, sanction, request)
    made = (await benefits.instalments(acting.tx, [sanction.id])).get(sanction.id, [])
    if not any(one.status in _REFUSED for one in made):
        raise refuse_step(*_BENEFIT, state=sanction.state.value)
    await sanction_course.set_account(acting.tx, account)
    await benefits.change_sanction(acting.tx, sanction.id, bank_account_last4=account.number[-4:])
    if any(one.rail is Rail.PFMS for one in made):
        await account_changed(acting, sanction)
    await note(acting, sanction, "sanction.account_corrected", strength=account.strength)
    for one in made:
        if one.status in _WAITING:
            await _requeue_payment(acting, one)
    params = {"number": sanction.number}
    await tell(acting, NoticeKind.PAYMENT_ACCOUNT_CHANGED, about_sanction(sanction, acting.now.isoformat()), **params)
    return sanction


def _validated_account(acting: UnitOfWork, sanction: Sanction, request: CorrectAccount) -> PaymentAccount:
    number, ifsc = re.sub(r"[ -]", "", request.account_number), request.ifsc.strip().upper()
    wrong = []
    if not re.fullmatch(r"[0-9]{9,18}", number):
        wrong.append(Problem(ErrorCode.FORM_VALUE_INVALID, ("input", "accountNumber"), texts=_ACCOUNT))
    if not re.fullmatch(r"[A-Z]{4}0[A-Z0-9]{6}", ifsc):
        wrong.append(Problem(ErrorCode.FORM_VALUE_INVALID, ("input", "ifsc"), texts=_IFSC))
    if wrong:
        raise Problems(*wrong)
    strength = acting.subject.assurance.value if acting.subject.assurance else ""
    return PaymentAccount(sanction.id, sanction.citizen_id, number, ifsc, strength, acting.now)


async def _requeue_payment(acting: UnitOfWork, one: Instalment) -> None:
    """A payment that waits for an account is put forward again: by the next batch, or by its message."""
    if one.status is PaymentStatus.BENEFICIARY_REJECTED:
        news = PaymentNews(PaymentStatus.BENEFICIARY_PENDING, acting.now, source_ref="account corrected", rail=one.rail)
        await apply_status(acting, one.id, news)
    if one.rail is Rail.IFMS and one.hold is not Hold.STOPPED:
        await outbox.reopen(acting.tx, INSTRUCT, one.id)
