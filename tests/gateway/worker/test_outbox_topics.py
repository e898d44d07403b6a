"""Whatever the actions write into the outbox, the worker knows what to do with it."""

from actions import (
    attachments,
    bharat_reports,
    certificate_endings,
    code_sending,
    commission_filing,
    commission_reports,
    decide,
    delay_review,
    etaal_rounds,
    fee_enquiries,
    fee_refunds,
    locker_orders,
    locker_push,
    locker_revoking,
    payment_batches,
    provider_sign_out,
    roster_filing,
    sanction,
)
from gateway.worker.commission import COMMISSION_HANDLERS
from gateway.worker.topics import handlers


def test_every_topic_that_the_actions_write_has_a_handler():
    table = handlers(renderer=None)  # type: ignore[arg-type]

    assert set(table) == {
        decide.ISSUE,
        sanction.INSTRUCT,
        attachments.VERIFY,
        certificate_endings.CORRECT,
        locker_push.PUSH,
        locker_orders.ORDER,
        roster_filing.FILE,
        locker_push.ASKED,
        locker_revoking.REVOKE,
        provider_sign_out.END,
        code_sending.SEND,
        etaal_rounds.PUSH,
        payment_batches.SEND,
        bharat_reports.REPORT,
        fee_refunds.REFUND,
        fee_enquiries.RECONCILED,
        *COMMISSION_HANDLERS,
    }
    assert {commission_filing.FILE, commission_filing.EVENT, delay_review.REVIEW} <= set(COMMISSION_HANDLERS)
    assert {commission_reports.SERVICE, commission_reports.SUMMARY} <= set(COMMISSION_HANDLERS)
