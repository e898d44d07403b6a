"""The payload of mutations about an application, with the progress of its submission."""

from datetime import timedelta
from typing import Any

import strawberry

from actions.kernel import SourceOutage
from actions.kernel.submission_progress import submission_progress
from domain.applications import applications
from domain.kernel import Source, SourceState
from domain.platform.switches import SwitchState
from schema.applications.types import Application
from schema.kernel.context import Info
from schema.kernel.mutations import Submission, UserError, rejected_submission
from schema.kernel.payloads import Outcome, Payload, subtype_of


@strawberry.type
class ApplicationPayload:
    """The fields of every payload about an application."""

    application: Application | None = strawberry.field(description="The application as it now is; null when refused.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty when it was done.")
    submission: Submission = strawberry.field(description="What became of the hand-in.")


def application_payload(description: str, *, withheld: bool = False) -> Payload[applications.Application]:
    """A payload about an application; where it is withheld, its state and nothing personal."""

    async def fill(payload: type[Any], info: Info, outcome: Outcome[applications.Application]) -> Any:
        if isinstance(outcome, list):
            return payload(application=None, user_errors=outcome, submission=rejected_submission())
        item, replayed = outcome
        progress = await submission_progress(info.context.environment, item.id, _unavailable_sources(info))
        submission = Submission(
            state=progress.state,
            acknowledgement=item.acknowledgement,
            replayed=replayed,
            expected_by=progress.expected_by,
        )
        return payload(application=Application.of(item, withheld=withheld), user_errors=[], submission=submission)

    return Payload(subtype_of(ApplicationPayload, description), fill)


def _unavailable_sources(info: Info) -> dict[Source, SourceOutage]:
    """The systems of outside effects that a switch holds back, or that did not answer when last asked."""
    context, now = info.context, info.context.environment.clock.now()
    concerned = set(context.environment.registry.outside_topics.values())
    away = {}
    for status in context.monitor.statuses():
        if status.source not in concerned:
            continue
        if context.switches.system(status.source, now) is not SwitchState.ON:
            seconds = context.switches.seconds_left(status.source, now)
            away[status.source] = SourceOutage(None if seconds is None else now + timedelta(seconds=seconds))
        elif status.state is SourceState.DOWN:
            away[status.source] = SourceOutage(now + timedelta(seconds=status.retry_after or 0.0))
    return away
