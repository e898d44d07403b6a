"""Tracks an application by its number and a second factor, rate-limited for each number and each client."""

from datetime import timedelta

from actions.etaal.enquiries import Asker, count_enquiry
from actions.kernel import Environment, application_by_any
from domain.applications.applications import clock_end_of
from domain.applications.lifecycle import Status
from domain.feedback.tracking import SecondFactor, Tracked, is_public, matches, stages_of
from domain.identity.aliases import alias_form
from domain.kernel import ErrorCode, MistypedNumber, Problem, Problems, rate_limited
from domain.kernel.networks import network_of
from store.appeals import appeals
from store.applications import applications, shown_status, timeline
from store.catalogue import catalogue
from store.certificates import officer_signatures
from store.database import Transaction
from store.feedback import tracking
from store.identity import people

NUMBER, CLIENT = "number", "client"
_MISTYPED = ""
"""In the place of an id: what was keyed is nobody's, and looks like a number of ours with a slip."""

_NOBODY = "absent"


async def track_application(
    env: Environment, text: str, factor: SecondFactor, *, client: str, agent: str | None = None
) -> Tracked | None:
    """What may be known without signing in, by a number of ours or of a system before.

    None alike for an absent number and a wrong factor: both take the same statements in the same order.
    `client` identifies one client, such as its address; `agent` is its User-Agent.
    Raises Problems: NUMBER_MISTYPED, BAD_INPUT for a factor out of form, RATE_LIMITED.
    """
    number = alias_form(text[:64])
    if number is None:
        raise _mistyped_problems()
    if not factor.usable:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("by", "secondFactor")))
    asker = Asker(line=client, agent=agent)
    application_id = await env.store.carry_out(lambda tx: _try_factor(env, tx, number, factor, asker))
    if application_id is _MISTYPED:
        raise _mistyped_problems()
    if application_id is None:
        return None
    return await env.store.read(lambda tx: tracking_view(tx, application_id))


def _mistyped_problems() -> Problems:
    return Problems(Problem(ErrorCode.NUMBER_MISTYPED, ("by", "number")))


async def forget_tries(env: Environment) -> None:
    """Drop the counts of windows that are over."""
    over = env.clock.now() - max(tracking.LONGEST_WINDOW, 2 * timedelta(minutes=env.rules.care.tracking_window_minutes))
    await env.store.carry_out(lambda tx: tracking.forget_before(tx, over))


async def _try_factor(env: Environment, tx: Transaction, number: str, factor: SecondFactor, asker: Asker) -> str | None:
    """One try, counted before it is checked; a right one is not held against the number."""
    window = timedelta(minutes=env.rules.care.tracking_window_minutes)
    bounds = (
        (NUMBER, number, env.rules.care.tracking_tries_per_number),
        (CLIENT, network_of(asker.line), env.rules.care.tracking_tries_per_client),
    )
    for kind, value, most in bounds:
        tries, since = await tracking.count_try(tx, kind, value, window=window)
        if tries > most:
            seconds = max(int((since + window - tx.clock.now()).total_seconds()), 1)
            raise rate_limited(seconds, "by")
    try:
        application = await application_by_any(tx, number)
    except MistypedNumber:
        return _MISTYPED  # the tries stay counted
    citizen_id = application.citizen_id if application else _NOBODY
    citizen = (await people.citizens(tx, [citizen_id])).get(citizen_id)
    right = matches(citizen, factor) and is_public(application)
    await tracking.settle_try(tx, NUMBER, number, forgiven=right)
    if application is None or not right:
        return None
    await count_enquiry(env, tx, asker, application)
    return application.id


async def tracking_view(tx: Transaction, application_id: str) -> Tracked | None:
    """What tracking shows of an application, to whoever may know it by the caller's check; None where it is gone."""
    application = await applications.get(tx, application_id)
    if application is None:
        return None
    service = await catalogue.service(tx, application.service_code)
    departments = {one.slug: one for one in await catalogue.departments(tx)}
    department = departments.get(application.department or "")
    entries = (await timeline.timelines(tx, [application.id])).get(application.id, [])
    if service is None:
        return None
    signing = application.status is Status.APPROVED and await officer_signatures.open_of_applications(
        tx, [application.id]
    )
    lacks_money = await shown_status.not_arrived(tx, [application.id])
    return Tracked(
        number=application.number,
        status=Status.BENEFIT_SANCTIONED if lacks_money else application.status,
        service=service.name,
        department=department.name if department else None,
        submitted_at=application.submitted_at,
        due_at=application.due_at,
        delivered_at=application.delivered_at,
        stages=stages_of(entries),
        ended_at=clock_end_of(application),
        paused=application.paused_since is not None,
        being_signed=bool(signing),
        appeals=tuple((await appeals.of_applications(tx, [application.id])).get(application.id, ())),
    )
