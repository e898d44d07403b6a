"""The outbox handlers for the Right to Service Commission, all idempotent."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date

from actions.appeals.commission_filing import EVENT, FILE, file_with_commission, send_to_commission
from actions.appeals.commission_reports import SERVICE, SUMMARY, send_service, send_summary
from actions.appeals.delay_review import REVIEW, send_review
from actions.kernel import Environment


async def _file(environment: Environment, payload: Mapping[str, str]) -> None:
    await file_with_commission(environment, payload["appeal_id"])


async def _review(environment: Environment, payload: Mapping[str, str]) -> None:
    await send_review(environment, date.fromisoformat(payload["month"]))


async def _summary(environment: Environment, payload: Mapping[str, str]) -> None:
    await send_summary(environment, date.fromisoformat(payload["day"]))


COMMISSION_HANDLERS: Mapping[str, Callable[[Environment, Mapping[str, str]], Awaitable[None]]] = {
    FILE: _file,
    EVENT: send_to_commission,
    SERVICE: send_service,
    SUMMARY: _summary,
    REVIEW: _review,
}
"""By topic; gateway/worker/topics.py adds them to its own."""
