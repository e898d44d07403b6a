"""Handlers of the outbox, by topic."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date

from actions.benefits.bharat_reports import REPORT, send_report
from actions.benefits.sanction import send_instruction
from actions.certificates.certificate_endings import make_corrected
from actions.certificates.content import Renderer
from actions.certificates.issue import issue_certificate
from actions.documents.attachments import verify_document
from actions.documents.locker_orders import carry_out_order
from actions.documents.locker_push import send_as_asked, send_to_locker
from actions.documents.locker_revoking import REVOKE, revoke_locker
from actions.etaal.etaal_rounds import PUSH as COUNTS
from actions.etaal.etaal_rounds import send_counts
from actions.identity.code_sending import SEND, send_code
from actions.identity.provider_sign_out import END, end_at_provider
from actions.kernel import Environment
from actions.rosters.roster_filing import FILE, file_some
from gateway.worker.commission import COMMISSION_HANDLERS
from gateway.worker.fees import FEE_HANDLERS
from gateway.worker.payment_rounds import PAYMENT_HANDLERS
from integrations.digilocker import PushAction

Handler = Callable[[Environment, Mapping[str, str]], Awaitable[None]]


def handlers(renderer: Renderer) -> Mapping[str, Handler]:
    """What is done with each topic. Every handler may be run twice with the same message."""

    async def issue(environment: Environment, payload: Mapping[str, str]) -> None:
        await issue_certificate(environment, payload["application_id"], renderer)

    async def instruct(environment: Environment, payload: Mapping[str, str]) -> None:
        await send_instruction(environment, payload["instalment_id"])

    async def verify(environment: Environment, payload: Mapping[str, str]) -> None:
        await verify_document(environment, payload["document_id"], application_id=payload["application_id"])

    async def correct(environment: Environment, payload: Mapping[str, str]) -> None:
        await make_corrected(environment, payload["certificate_id"], renderer)

    async def order(environment: Environment, payload: Mapping[str, str]) -> None:
        await carry_out_order(environment, payload["order_id"])

    async def revoke(environment: Environment, payload: Mapping[str, str]) -> None:
        await revoke_locker(environment, payload["citizen_id"], int(payload["version"]))

    async def end_session(environment: Environment, payload: Mapping[str, str]) -> None:
        await end_at_provider(environment, payload["session_id"])

    return {
        "certificate.issue": issue,
        "certificate.correct": correct,
        "dbt.instruct": instruct,
        "document.verify": verify,
        "locker.push": _push,
        "locker.push_asked": _push_as_asked,
        REVOKE: revoke,
        END: end_session,
        SEND: send_code,
        FILE: file_some,
        "locker.order": order,
        **FEE_HANDLERS,
        **COMMISSION_HANDLERS,
        **PAYMENT_HANDLERS,
        REPORT: send_report,
        COUNTS: _send_counts,
    }


async def _send_counts(environment: Environment, payload: Mapping[str, str]) -> None:
    await send_counts(environment, date.fromisoformat(payload["day"]), int(payload["revision"]))


async def _push(environment: Environment, payload: Mapping[str, str]) -> None:
    await send_to_locker(environment, payload["certificate_id"], PushAction(payload["action"]))


async def _push_as_asked(environment: Environment, payload: Mapping[str, str]) -> None:
    await send_as_asked(environment, payload["application_id"], payload["locker_id"])
