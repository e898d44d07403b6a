"""Orders the recovery of money that was not due, by deduction or by challan, and records repayments."""

from datetime import date

from actions.benefits.sanction_stops import about_sanction, lock_sanction, note, stops_of
from actions.benefits.second_approvals import ask, needs_second
from actions.feedback.notices import tell
from actions.kernel import UnitOfWork
from domain.benefits.benefits import ON_ITS_WAY, Instalment, Sanction
from domain.benefits.recoveries import Recovery, RecoveryGround, RecoveryPart, RecoveryState, RecoveryWay
from domain.benefits.sanction_course import ApprovalKind, StopGround, StopKind
from domain.feedback.notices import NoticeKind
from store.benefits import benefits, recoveries


async def order(
    acting: UnitOfWork, sanction: Sanction, amount_paise: int, ground: RecoveryGround, way: RecoveryWay
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
        made_by=acting.actor,
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


async def recover_overpaid(acting: UnitOfWork, sanction: Sanction, ground: StopGround, last_day: date) -> None:
    """Order back what was paid for periods that began after the last day; nothing where nothing was.

    By challan: after the end there is no later instalment to keep it back from. What comes back by itself later is a
    part of it; what turns out later to have been sent is ordered back then (`recover_late`).
    """
    paid = [
        one.amount_paise
        for one in (await benefits.instalments(acting.tx, [sanction.id])).get(sanction.id, [])
        if one.period_from > last_day and one.status in ON_ITS_WAY
    ]
    if paid:
        await order(acting, sanction, sum(paid), _after_the_end(ground), RecoveryWay.CHALLAN)


async def recover_late(acting: UnitOfWork, sanction: Sanction, instalment: Instalment) -> None:
    """A payment for a period after the end turns out to have left all the same: order it back, once.

    Its file, or the answer to its order, was under way when the sanction ended. To be called when it is first known
    of as on its way, in the transaction of that news.
    """
    if sanction.ended_on is None or instalment.period_from <= sanction.ended_on:
        return
    await lock_sanction(acting, sanction.id)
    ended = [one for one in await stops_of(acting, sanction.id) if one.open and one.kind is StopKind.CESSATION]
    if ended:
        ground = _after_the_end(ended[0].ground)
        await order(acting, sanction, instalment.amount_paise, ground, RecoveryWay.CHALLAN)


def _after_the_end(ground: StopGround) -> RecoveryGround:
    died = ground is StopGround.DEATH
    return RecoveryGround.PAID_AFTER_DEATH if died else RecoveryGround.PAID_WHILE_INELIGIBLE


async def note_part(
    acting: UnitOfWork, sanction: Sanction, recovery: Recovery, reference: str, amount_paise: int
) -> bool:
    """Note a part that came back; False where it was noted before. Raises ValueError where it is too much."""
    part = RecoveryPart(recovery.id, recovery.citizen_id, reference, amount_paise, acting.now)
    added = await recoveries.add_part(acting.tx, part)
    if added:
        await note(acting, sanction, "recovery.part_came", amountPaise=str(amount_paise))
    return added


async def tell_of_recovery(acting: UnitOfWork, sanction: Sanction, recovery: Recovery) -> None:
    """The citizen learns of it, with the ground; the amount stands with the recovery."""
    params = {"number": sanction.number, "recovery_ground": recovery.ground.value}
    await tell(acting, NoticeKind.RECOVERY_ORDERED, about_sanction(sanction, recovery.id), **params)
