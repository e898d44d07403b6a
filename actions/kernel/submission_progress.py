"""The progress of a mutation's outside effect: done, on its way, or waiting for an unavailable system."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from actions.kernel.environment import Environment
from domain.kernel import Source
from store.platform.application_messages import Errand, errands
from store.platform.outbox import RETRY_AFTER_SECONDS, OutboxState

FIRST_WAIT = timedelta(seconds=RETRY_AFTER_SECONDS[0])


class SubmissionState(StrEnum):
    """How far what the citizen handed in has come (ADR 0013)."""

    ACCEPTED = "ACCEPTED"
    QUEUED = "QUEUED"
    DELIVERED = "DELIVERED"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True)
class SourceOutage:
    """A system that is known not to take anything now. `until` is when it may again; None where nobody knows."""

    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SubmissionProgress:
    """The progress of a submission. `expected_by` is the next attempt; None where it is not known."""

    state: SubmissionState
    expected_by: datetime | None = None


async def submission_progress(
    env: Environment, application_id: str, away: Mapping[Source, SourceOutage]
) -> SubmissionProgress:
    """How far what was handed in has come, as the outbox knows it.

    ACCEPTED where nothing goes outside or it is about to go, QUEUED where it waits for a system that is away
    or has failed before, DELIVERED once all of it is there. What is for later, as a second instalment, does not count.
    """
    topics = env.registry.outside_topics
    all_of_it = await env.store.read(lambda tx: errands(tx, application_id, tuple(topics)))
    now = env.clock.now()
    found = [errand for errand in all_of_it if errand.error_code or errand.due_at <= now]
    waiting = [errand for errand in found if errand.state is not OutboxState.DELIVERED]
    if not waiting:
        return SubmissionProgress(SubmissionState.DELIVERED if found else SubmissionState.ACCEPTED)
    held = [errand for errand in waiting if _is_held(errand, topics[errand.topic] in away)]
    if not held:
        return SubmissionProgress(SubmissionState.ACCEPTED)
    times = [_expected_at(errand, away.get(topics[errand.topic]), now) for errand in held]
    known = [time for time in times if time is not None]
    return SubmissionProgress(SubmissionState.QUEUED, max(known) if len(known) == len(times) else None)


def _is_held(errand: Errand, away: bool) -> bool:
    return errand.unseen or errand.state is OutboxState.DEAD or errand.error_code is not None or away


def _expected_at(errand: Errand, away: SourceOutage | None, now: datetime) -> datetime | None:
    """When it is tried next. One that was not tried yet will be tried now and fail, so it is the time after that."""
    if errand.state is OutboxState.DEAD:
        return None  # only somebody's hand brings it back
    if away is not None and away.until is None:
        return None
    next_try = max(errand.due_at, now)
    if errand.error_code is None:
        next_try += FIRST_WAIT
    return next_try if away is None or away.until is None else max(next_try, away.until)
