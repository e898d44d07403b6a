"""Recoveries: money that was not due is ordered back, by deduction or by challan, and what came back is noted."""

from datetime import date

from actions.acting import Acting
from actions.notices import tell
from actions.sanction_stops import about, note
from actions.second_approvals import ask, needs_second
from domain.benefits import PaymentStatus, Sanction
from domain.notices import NoticeKind
from domain.recoveries import Recovery, RecoveryGround, RecoveryPart, RecoveryState, RecoveryWay
from domain.sanction_course import ApprovalKind, StopGround
from store import benefits, recoveries

_PAID = frozenset({PaymentStatus.INSTRUCTED, PaymentStatus.AT_BANK, PaymentStatus.CREDITED})
"""States in which the money is on its way or has arrived. What comes back later is a part of the recovery."""


async def order(
    acting: Acting, sanction: Sanction, amount_paise: int, ground: RecoveryGround, way: RecoveryWay
) -> Recovery:
    """Order an amount back, in the caller's transaction; above the set amount it waits for another person."""
    before = (await recoveries.of_sanctions(acting.tx, [sanction.id])).get(sanction.id, [])
    waits = needs_second(acting, amount_paise)
    recovery = Recovery(
        id=acting.env.ids.key(),
        citizen_id=sanction.citizen_id,
        sanction_id=sanction.id,
        number=len(before) + 1,
        amount_paise=amount_paise,
        recovered_paise=0,
        ground=ground,
        way=way,
        state=RecoveryState.AWAITING_APPROVAL if waits else RecoveryState.OPEN,
        made_by=acting.subject.person_id or acting.subject.label,
        made_at=acting.now,
    )
    await recoveries.add(acting.tx, recovery)
    detail = {"ground": ground.value, "way": way.value, "amountPaise": str(amount_paise)}
    await note(acting, sanction, "recovery.ordered", **detail)
    if waits:
        await ask(acting, sanction, ApprovalKind.RECOVERY, recovery.id, amount_paise)
    else:
        await tell_of_recovery(acting, sanction, recovery)
    return recovery


async def recover_overpaid(acting: Acting, sanction: Sanction, ground: StopGround, last_day: date) -> None:
    """Order back what was paid for periods that began after the last day; nothing where nothing was.

    By challan: after the end there is no later instalment to keep it back from.
    """
    paid = [
        one.amount_paise
        for one in (await benefits.instalments(acting.tx, [sanction.id])).get(sanction.id, [])
        if one.period_from > last_day and one.status in _PAID
    ]
    if paid:
        died = ground is StopGround.DEATH
        why = RecoveryGround.PAID_AFTER_DEATH if died else RecoveryGround.PAID_WHILE_INELIGIBLE
        await order(acting, sanction, sum(paid), why, RecoveryWay.CHALLAN)


async def note_part(acting: Acting, sanction: Sanction, recovery: Recovery, reference: str, amount_paise: int) -> bool:
    """Note a part that came back; False where it was noted before. Raises ValueError where it is too much."""
    part = RecoveryPart(recovery.id, recovery.citizen_id, reference, amount_paise, acting.now)
    added = await recoveries.add_part(acting.tx, part)
    if added:
        await note(acting, sanction, "recovery.part_came", amountPaise=str(amount_paise))
    return added


async def tell_of_recovery(acting: Acting, sanction: Sanction, recovery: Recovery) -> None:
    """The citizen learns of it, with the ground; the amount stands with the recovery."""
    params = {"number": sanction.number, "recovery_ground": recovery.ground.value}
    await tell(acting, NoticeKind.RECOVERY_ORDERED, about(sanction, recovery.id), **params)
