"""Whatever the actions write into the outbox, the worker knows what to do with it."""

from actions.appeals import commission_filing, commission_reports, delay_review
from actions.applications import decide
from actions.benefits import bharat_reports, sanction
from actions.certificates import certificate_endings, signing_queue, signing_release
from actions.connectors import sending
from actions.documents import attachments, locker_orders, locker_push, locker_revoking, paper_judgements
from actions.etaal import etaal_rounds
from actions.fees import fee_enquiries, fee_refunds
from actions.identity import code_sending, provider_sign_out
from actions.payments import payment_batches
from actions.rosters import roster_filing
from gateway.worker.topics import handlers


def test_every_topic_that_the_actions_write_has_a_handler():
    table = handlers(renderer=None)  # type: ignore[arg-type]

    assert set(table) == {
        decide.ISSUE,
        sanction.INSTRUCT,
        attachments.VERIFY,
        paper_judgements.JUDGE,
        certificate_endings.CORRECT,
        signing_queue.PREPARE,
        signing_queue.RELEASE,
        signing_release.RAISE,
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
        commission_filing.FILE,
        commission_filing.EVENT,
        commission_reports.SERVICE,
        commission_reports.SUMMARY,
        delay_review.REVIEW,
        sending.SEND,
    }
