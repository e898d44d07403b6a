"""Writes messages to the citizen in the transaction of their event; lists them and marks them as read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from actions.kernel import Environment, Transition, UnitOfWork, last_day_for_her, require_own, run_idempotently
from domain.appeals.appeals import Appeal, AppealLevel, AppealMove, AppealOrigin, Award, AwardKind, AwardState, Hearing
from domain.applications.applications import Application, DeliveryMode
from domain.applications.lifecycle import Move
from domain.certificates.certificates import IssuedCertificate
from domain.doorstep import Visit
from domain.feedback.grievances import Grievance
from domain.feedback.notices import OF_MOVES, Notice, NoticeKind, Topic, fee_due_kind
from domain.identity.policy import ObjectKind
from domain.kernel import ErrorCode, PersonKind, Problem, Problems, Subject, ist_date
from store.appeals import appeals
from store.database import Transaction
from store.feedback import notices

MOST_MARKED = 100
"""Messages that one request marks by their ids."""

_BY_HERSELF = MappingProxyType({Move.SUBMIT: NoticeKind.APPLICATION_ACKNOWLEDGED, Move.WITHDRAW: None})
"""What steps tell the citizen who took them herself."""

_OF_APPEAL_MOVES = MappingProxyType(
    {
        AppealMove.DIRECT: NoticeKind.ORDER_TO_DELIVER,
        AppealMove.DISMISS: NoticeKind.APPEAL_DISMISSED,
        AppealMove.CLOSE: NoticeKind.APPEAL_CLOSED,
        AppealMove.COMPLY: NoticeKind.ORDER_OBEYED,
        AppealMove.LAPSE: NoticeKind.APPEAL_LAPSED,
        AppealMove.IGNORE_ORDER: NoticeKind.APPEAL_LAPSED,
    }
)


_GO_UP = MappingProxyType(
    {NoticeKind.APPEAL_DISMISSED: NoticeKind.DISMISSED_FINALLY, NoticeKind.APPEAL_LAPSED: NoticeKind.ORDER_IGNORED}
)
"""Messages that name the last day for the next level, and the message where there is none."""


@dataclass(frozen=True, slots=True)
class About:
    """What a message is about: the thing itself, its application if it has one, and the event, named for ever."""

    topic: Topic
    id: str
    citizen_id: str
    application_id: str | None
    event: str


async def tell(acting: UnitOfWork, kind: NoticeKind, about: About, **params: str) -> None:
    """Write a message; the same event a second time writes none. `params` hold codes, numbers and dates only."""
    await notices.add(acting.tx, new_notice(acting, kind, about, params))


async def tell_many(acting: UnitOfWork, messages: Iterable[tuple[NoticeKind, About, Mapping[str, str]]]) -> None:
    """Write messages in one statement; an event that was notified before writes none."""
    await notices.add_many(acting.tx, [new_notice(acting, kind, about, params) for kind, about, params in messages])


def new_notice(acting: UnitOfWork, kind: NoticeKind, about: About, params: Mapping[str, str]) -> Notice:
    """A notice of now, which is not kept yet."""
    return Notice(
        id=acting.env.ids.key(),
        citizen_id=about.citizen_id,
        kind=kind,
        topic=about.topic,
        topic_id=about.id,
        application_id=about.application_id,
        event_key=f"{kind.value}:{about.id}:{about.event}",
        created_at=acting.now,
        params=params,
    )


async def tell_of_step(acting: UnitOfWork, transition: Transition) -> None:
    """What a step of an application has to say to her."""
    application, move = transition.after, transition.move
    kind = fee_due_kind(application) if move is Move.ASK_FEE else OF_MOVES.get(move)
    herself = acting.subject.kind is PersonKind.CITIZEN and acting.subject.person_id == application.citizen_id
    on_portal = move is Move.ISSUE_CERTIFICATE and application.delivery is DeliveryMode.PORTAL
    kind = _BY_HERSELF.get(move, kind) if herself else kind
    if kind is None or on_portal:
        return
    params = {"number": application.number}
    if kind is NoticeKind.REJECTED and application.decision and application.decision.ground:
        params["ground_title"] = application.decision.ground.value
    if kind is NoticeKind.CERTIFICATE_READY:
        params["delivery"] = application.delivery.value
    await tell(acting, kind, _of_application(application, str(application.version)), **params)


async def tell_of_breaches(acting: UnitOfWork, breached: Iterable[tuple[Application, bool]]) -> None:
    """Due dates have passed; beside each case stands whether its appeal files itself or is for her to file by a day."""
    written = []
    days = acting.env.rules.law.first_appeal_days.value
    for application, filed in breached:
        if application.due_at is not None:
            until = await last_day_for_her(acting, ist_date(application.due_at), days, application)
            about = _of_application(application, application.due_at.isoformat())
            way = "AUTO" if filed else "BY_HAND"
            params = {"number": application.number, "appeal_way": way, "on": until.isoformat()}
            written.append(new_notice(acting, NoticeKind.DUE_DATE_PASSED, about, params))
    await notices.add_many(acting.tx, written)


async def tell_of_renewals(acting: UnitOfWork, ending: Iterable[tuple[IssuedCertificate, int, str]]) -> None:
    """Certificates that end soon, each with the days of the reminder and the number of its application."""
    written = []
    for one, days, number in ending:
        about = About(Topic.APPLICATION, one.application_id, one.citizen_id, one.application_id, f"{one.number}:{days}")
        params = {"number": number, "on": one.valid_until.isoformat() if one.valid_until else ""}
        written.append(new_notice(acting, NoticeKind.RENEWAL_DUE, about, params))
    await notices.add_many(acting.tx, written)


async def tell_of_filings(acting: UnitOfWork, filed: Iterable[Appeal]) -> None:
    """Appeals that filed themselves; what a citizen files herself she knows."""
    written = [
        new_notice(
            acting, NoticeKind.APPEAL_FILED, _of_appeal(one), _appeal_params(one) | {"appeal_origin": one.origin.value}
        )
        for one in filed
        if one.origin is not AppealOrigin.CITIZEN
    ]
    await notices.add_many(acting.tx, written)


async def tell_of_appeal(acting: UnitOfWork, appeal: Appeal, move: AppealMove) -> None:
    """The message about a step of an appeal. The appeal that follows reports an automatic escalation."""
    kind = _OF_APPEAL_MOVES.get(move)
    if kind is None or (kind is NoticeKind.APPEAL_LAPSED and not await _stays_down(acting, appeal)):
        return
    await tell_of_appeals(acting, [(appeal, move)])


async def tell_of_appeals(acting: UnitOfWork, steps: Iterable[tuple[Appeal, AppealMove]]) -> None:
    """What steps of appeals have to say, in one statement; none of them goes up by itself."""
    written = []
    for appeal, move in steps:
        kind = _OF_APPEAL_MOVES.get(move)
        if kind is None:
            continue
        params = _appeal_params(appeal)
        if kind is NoticeKind.ORDER_TO_DELIVER and appeal.order is not None and appeal.order.direct_until is not None:
            params["on"] = appeal.order.direct_until.isoformat()
        if kind in _GO_UP:
            above = appeal.level.above
            kind = kind if above else _GO_UP[kind]
            params |= {"on": (await _last_day(acting, appeal, above)).isoformat()} if above else {}
        written.append(new_notice(acting, kind, _of_appeal(appeal), params))
    await notices.add_many(acting.tx, written)


async def tell_of_hearing(
    acting: UnitOfWork, appeal: Appeal, hearing: Hearing, kind: NoticeKind = NoticeKind.HEARING_FIXED
) -> None:
    """A date is fixed, moved or cancelled; the place stands with the appeal, not here."""
    await tell(acting, kind, _of_appeal(appeal), **_appeal_params(appeal), at=hearing.at.isoformat())


async def tell_of_award(acting: UnitOfWork, appeal: Appeal, award: Award) -> None:
    """A compensation was ordered for her, or paid; a penalty on an officer is read with the appeal."""
    if award.kind is AwardKind.COMPENSATION:
        paid = award.state is AwardState.PAID
        kind = NoticeKind.COMPENSATION_PAID if paid else NoticeKind.COMPENSATION_ORDERED
        await tell(acting, kind, _of_appeal(appeal), **_appeal_params(appeal))


async def tell_of_visit(acting: UnitOfWork, visit: Visit, kind: NoticeKind, number: str) -> None:
    """What became of a visit, or that it comes: its slot and, where it failed, the coded reason; never its code."""
    about = About(Topic.VISIT, visit.id, visit.citizen_id, visit.application_id, str(visit.version))
    params = {"number": number, "on": visit.slot.on.isoformat(), "slot_window": visit.slot.window.value}
    if visit.failure is not None:
        params["visit_failure"] = visit.failure.value
    await tell(acting, kind, about, **params)


async def tell_of_grievance(acting: UnitOfWork, grievance: Grievance, kind: NoticeKind) -> None:
    """The office replied, or the grievance went up, unless she took it up herself."""
    if kind is NoticeKind.GRIEVANCE_ESCALATED and acting.subject.person_id == grievance.citizen_id:
        return
    about = About(Topic.GRIEVANCE, grievance.id, grievance.citizen_id, grievance.application_id, str(grievance.version))
    await tell(acting, kind, about, number=grievance.number)


async def mark_read(env: Environment, subject: Subject, *, ids: Sequence[str] | None, key: str) -> tuple[int, bool]:
    """Note that she has read these messages of hers, or with None all; returns how many were unread, and the replay.

    Ids that are none of hers change nothing. Raises NotSignedIn; Problems: NOT_FOUND for anybody but a
    citizen, BAD_INPUT for too many ids.
    """
    if ids is not None and len(ids) > MOST_MARKED:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "ids"), params={"most": str(MOST_MARKED)}))

    async def work(tx: Transaction) -> dict[str, int]:
        citizen_id = await require_own(UnitOfWork(env, tx, subject), ObjectKind.NOTICE)
        return {"read": await notices.mark_read(tx, citizen_id, env.clock.now(), ids=ids)}

    body = {"ids": None if ids is None else sorted(ids)}
    answer, replayed = await run_idempotently(env, subject, "markNotificationsRead", key=key, body=body, work=work)
    return int(answer["read"]), replayed


async def _stays_down(acting: UnitOfWork, appeal: Appeal) -> bool:
    """Whether no appeal follows by itself: she wants none, or there is no level above."""
    out = await appeals.opted_out(acting.tx, [appeal.citizen_id])
    return appeal.level.above is None or bool(out)


def _of_application(application: Application, event: str) -> About:
    return About(Topic.APPLICATION, application.id, application.citizen_id, application.id, event)


def _of_appeal(appeal: Appeal) -> About:
    return About(Topic.APPEAL, appeal.id, appeal.citizen_id, appeal.application_id, str(appeal.version))


def _appeal_params(appeal: Appeal) -> dict[str, str]:
    return {"appeal": appeal.number, "appeal_level": appeal.level.value}


async def _last_day(acting: UnitOfWork, appeal: Appeal, level: AppealLevel) -> date:
    """The last day on which she may go on to a level."""
    law = acting.env.rules.law
    days = law.second_appeal_days if level is AppealLevel.SECOND else law.commission_days
    return await last_day_for_her(acting, acting.today, days.value, appeal)
