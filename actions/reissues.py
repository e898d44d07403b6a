"""The reissue of a payment: a new order with an id of its own, only after the first one finally came back."""

from actions.acting import Acting
from actions.notices import tell
from actions.payment_news import hear
from actions.sanction import put_out, rail_of
from actions.sanction_stops import about, note
from domain.benefits import Instalment, InstalmentKind, PaymentNews, PaymentStatus, Sanction
from domain.bills import bill_number, end_to_end_id
from domain.errors import ErrorCode, Problem, Problems
from domain.notices import NoticeKind
from store import benefits


async def reissue(acting: Acting, sanction: Sanction, returned: Instalment) -> Instalment:
    """Make the order that follows one that came back, in the caller's transaction; each order has one at most.

    The first is told as REISSUED with the id of the second (docs/contracts/dbt_finance.md section 10). Raises
    STEP_NOT_ALLOWED where the first has not come back.
    """
    sequence = len((await benefits.instalments(acting.tx, [sanction.id]))[sanction.id]) + 1
    following = Instalment(
        id=acting.env.ids.key(),
        sanction_id=sanction.id,
        citizen_id=sanction.citizen_id,
        sequence=sequence,
        period_from=returned.period_from,
        period_to=returned.period_to,
        amount_paise=returned.amount_paise,
        bill_number=bill_number(sanction.number, sequence),
        end_to_end_id=end_to_end_id(sanction.number, sequence),
        status=PaymentStatus.SANCTIONED,
        status_at=acting.now,
        rail=await rail_of(acting, sanction),
        kind=InstalmentKind.REISSUE,
        reissue_of=returned.id,
        deducted_paise=returned.deducted_paise,
    )
    news = PaymentNews(PaymentStatus.REISSUED, acting.now, source_ref=following.end_to_end_id, rail=returned.rail)
    if not await hear(acting, returned.id, news):
        state = {"state": returned.status.value}
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, ("input", "sequence"), params=state))
    await put_out(acting, sanction, following)
    await note(acting, sanction, "instalment.reissue_ordered", sequence=str(sequence))
    params = {"number": sanction.number, "on": returned.period_from.isoformat()}
    await tell(acting, NoticeKind.PAYMENT_REISSUED, about(sanction, following.id), **params)
    return following
