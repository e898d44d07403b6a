"""Maker–checker for public money: above a set amount another officer must approve before anything is sent."""

from collections.abc import Mapping

from actions.kernel import UnitOfWork
from domain.benefits.benefits import Sanction
from domain.benefits.sanction_course import CONFIRMED_BY, Approval, ApprovalKind
from domain.identity.policy import Purpose
from domain.kernel import ErrorCode, Problem, Problems, Role
from store.benefits import sanction_course

_PATH = ("input", "number")


def needs_second(acting: UnitOfWork, amount_paise: int) -> bool:
    """Whether an amount needs another person; seeding and the clock ask nobody."""
    known = Role.SYSTEM not in acting.subject.roles
    return known and amount_paise > acting.env.rules.law.second_approval_paise.value


async def ask(
    acting: UnitOfWork,
    sanction: Sanction,
    kind: ApprovalKind,
    subject_id: str,
    amount_paise: int,
    wanted: Mapping[str, str] | None = None,
) -> Approval:
    """Let a step wait for another person, in the caller's transaction. Raises CONFLICT where it waits already."""
    present = acting.actor
    confirmed = {CONFIRMED_BY: present} if acting.decides_for else {}
    approval = Approval(
        id=acting.env.ids.key(),
        citizen_id=sanction.citizen_id,
        sanction_id=sanction.id,
        kind=kind,
        subject_id=subject_id,
        amount_paise=amount_paise,
        wanted={**(wanted or {}), **confirmed},
        asked_by=acting.decides_for or present,
        asked_at=acting.now,
    )
    if not await sanction_course.add_approval(acting.tx, approval):
        raise Problems(Problem(ErrorCode.PROPOSAL_WAITS, ("input",)))
    await _note(acting, approval, "asked")
    return approval


async def decide(acting: UnitOfWork, approval: Approval, *, approved: bool) -> None:
    """Note the other person's word. Raises PROPOSAL_MISSING when decided.

    Raises SECOND_OFFICER_NEEDED for who asked, and for who confirmed the decision behind it.
    """
    by = acting.actor
    if approval.is_from(by):
        raise Problems(Problem(ErrorCode.SECOND_OFFICER_NEEDED, _PATH))
    done = await sanction_course.decide_approval(acting.tx, approval.id, by=by, at=acting.now, approved=approved)
    if not done:
        raise Problems(Problem(ErrorCode.PROPOSAL_MISSING, _PATH))
    await _note(acting, approval, "approved" if approved else "refused")


async def _note(acting: UnitOfWork, approval: Approval, word: str) -> None:
    detail: dict[str, str | int] = {"kind": approval.kind.value, "amountPaise": approval.amount_paise}
    await acting.record(f"payment_approval.{word}", "BENEFIT", approval.sanction_id, Purpose.PAY_BENEFIT, **detail)
