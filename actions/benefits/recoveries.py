"""Computes the deduction from an instalment for money that was not due."""

from dataclasses import dataclass, replace

from actions.kernel import UnitOfWork
from domain.benefits.benefits import Instalment, Sanction
from domain.benefits.recoveries import RecoveryGround, RecoveryPart, RecoveryState, RecoveryWay, deduction_of
from store.benefits import recoveries

_AFTER_THE_END = frozenset({RecoveryGround.PAID_AFTER_DEATH, RecoveryGround.PAID_WHILE_INELIGIBLE})


@dataclass(frozen=True, slots=True)
class Deducted:
    """An instalment less its deductions, and the deductions."""

    instalment: Instalment
    parts: tuple[RecoveryPart, ...]

    async def note(self, acting: UnitOfWork) -> None:
        """Write the parts down, after the instalment is kept."""
        for part in self.parts:
            await recoveries.add_part(acting.tx, part)


async def deduct_recoveries(acting: UnitOfWork, instalment: Instalment) -> Deducted:
    """Keep back what the open recoveries of its sanction ask for, the oldest first, up to the share of the setting.

    What came back from the bank and is paid again was reduced before, so nothing more is deducted from it.
    """
    if instalment.reissue_of is not None:
        return Deducted(instalment, ())
    open_ones = (await recoveries.of_sanctions(acting.tx, [instalment.sanction_id])).get(instalment.sanction_id, [])
    share = acting.env.rules.law.recovery_share_percent.value
    left = deduction_of(instalment.amount_paise, instalment.amount_paise, share)
    parts = []
    for one in open_ones:
        taken = min(left, one.outstanding_paise)
        if one.state is RecoveryState.OPEN and one.way is RecoveryWay.DEDUCTION and taken > 0:
            parts.append(RecoveryPart(one.id, one.citizen_id, instalment.id, taken, acting.now))
            left -= taken
    kept = sum(part.amount_paise for part in parts)
    reduced = replace(instalment, amount_paise=instalment.amount_paise - kept, deducted_paise=kept)
    return Deducted(reduced, tuple(parts))


async def came_back(acting: UnitOfWork, instalment: Instalment, sanction: Sanction) -> None:
    """A payment for a period after the end of its sanction came back by itself: that much less is to be recovered."""
    if sanction.ended_on is None or instalment.period_from <= sanction.ended_on:
        return
    found = (await recoveries.of_sanctions(acting.tx, [sanction.id])).get(sanction.id, [])
    owed = next((one for one in found if one.ground in _AFTER_THE_END and one.due), None)
    if owed is not None:
        amount = min(instalment.amount_paise, owed.outstanding_paise)
        await recoveries.add_part(acting.tx, RecoveryPart(owed.id, owed.citizen_id, instalment.id, amount, acting.now))
