"""Handlers of the outbox, by topic."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from functools import partial

from actions.appeals.commission_filing import EVENT, file_with_commission, send_to_commission
from actions.appeals.commission_filing import FILE as COMMISSION_FILE
from actions.appeals.commission_reports import SERVICE, SUMMARY, send_service, send_summary
from actions.appeals.delay_review import REVIEW, send_review
from actions.benefits.bharat_reports import REPORT, send_report
from actions.benefits.sanction import send_instruction
from actions.certificates.certificate_endings import make_corrected
from actions.certificates.content import OfficerRenderer
from actions.certificates.issue import issue_certificate
from actions.certificates.signing_queue import PREPARE, RELEASE
from actions.certificates.signing_release import RAISE, prepare_signing, raise_level, release_signing
from actions.connectors.sending import SEND as CONNECTOR_SEND
from actions.connectors.sending import send_case
from actions.documents.attachments import verify_document
from actions.documents.locker_orders import carry_out_order
from actions.documents.locker_push import send_as_asked, send_to_locker
from actions.documents.locker_revoking import REVOKE, revoke_locker
from actions.documents.paper_judgements import JUDGE, judge_papers
from actions.etaal.etaal_rounds import PUSH as COUNTS
from actions.etaal.etaal_rounds import send_counts
from actions.fees.fee_enquiries import RECONCILED
from actions.fees.fee_refunds import REFUND
from actions.fees.reconciled import log_reconciled
from actions.fees.wallet_refunds import send_refund
from actions.identity.code_sending import SEND, send_code
from actions.identity.provider_sign_out import END, end_at_provider
from actions.kernel import Environment
from actions.payments.payment_batches import SEND as PAYMENT_SEND
from actions.payments.sending import send_batch
from actions.rosters.roster_filing import FILE, file_some
from integrations.digilocker import PushAction

Handler = Callable[[Environment, Mapping[str, str]], Awaitable[None]]


def _call(verb: Callable[..., Awaitable[object]], **readers: Callable[[str], object]) -> Handler:
    """Calls a verb with the named values of the payload in their order, each as its reader makes it of the text."""

    async def handle(environment: Environment, payload: Mapping[str, str]) -> None:
        await verb(environment, *(read(payload[name]) for name, read in readers.items()))

    return handle


async def _verify(environment: Environment, payload: Mapping[str, str]) -> None:
    await verify_document(environment, payload["document_id"], application_id=payload["application_id"])


_day = date.fromisoformat

HANDLERS: Mapping[str, Handler] = {
    "dbt.instruct": _call(send_instruction, instalment_id=str),
    "document.verify": _verify,
    JUDGE: _call(judge_papers, application_id=str, again=str),
    "locker.push": _call(send_to_locker, certificate_id=str, action=PushAction),
    "locker.push_asked": _call(send_as_asked, application_id=str, locker_id=str),
    "locker.order": _call(carry_out_order, order_id=str),
    CONNECTOR_SEND: _call(send_case, case_id=str),
    REVOKE: _call(revoke_locker, citizen_id=str, version=int),
    END: _call(end_at_provider, session_id=str),
    SEND: send_code,
    FILE: file_some,
    REFUND: _call(send_refund, order_id=str),
    RECONCILED: _call(log_reconciled, order_id=str),
    COMMISSION_FILE: _call(file_with_commission, appeal_id=str),
    EVENT: send_to_commission,
    SERVICE: send_service,
    SUMMARY: _call(send_summary, day=_day),
    REVIEW: _call(send_review, month=_day),
    PAYMENT_SEND: _call(send_batch, batch_id=str),
    REPORT: send_report,
    COUNTS: _call(send_counts, day=_day, revision=int),
}
"""What is done with each topic but certificates. Every handler may be run twice with the same message."""


def handlers(renderer: OfficerRenderer) -> Mapping[str, Handler]:
    """What is done with each topic."""
    return {
        **HANDLERS,
        "certificate.issue": _call(partial(issue_certificate, renderer=renderer), application_id=str),
        "certificate.correct": _call(partial(make_corrected, renderer=renderer), certificate_id=str),
        PREPARE: _call(partial(prepare_signing, renderer=renderer), signing_id=str, batch_id=str),
        RELEASE: _call(partial(release_signing, renderer=renderer), signing_id=str, digest=str),
        RAISE: _call(partial(raise_level, renderer=renderer), signing_id=str),
    }
