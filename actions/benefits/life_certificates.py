"""Reminds of the yearly life certificate, and resumes the benefit when it is given."""

from datetime import date, timedelta

import structlog

from actions.benefits.sanction_stops import about_sanction, lift_stop, note, stops_of
from actions.feedback.notices import tell
from actions.kernel import Environment, UnitOfWork
from domain.benefits.benefits import Sanction
from domain.benefits.plans import add_months
from domain.benefits.sanction_course import LifeCertificate, LifeProof, StopKind
from domain.feedback.notices import NoticeKind
from domain.kernel import SYSTEM
from store.benefits import benefit_rounds, benefits, sanction_course
from store.catalogue import catalogue
from store.database import Transaction

BATCH = 200
LAST_REMINDER = timedelta(days=10)
_log = structlog.get_logger(__name__)


async def remind_of_certificates(env: Environment) -> int:
    """Remind whoever has given no life certificate this year; returns how many were reminded.

    Once when the time begins and once ten days before its end; a round that is repeated reminds nobody twice.
    """
    reminded = 0
    while done := await env.store.carry_out(lambda tx: _remind(env, tx)):
        reminded += done
    if reminded:
        _log.info("life_certificates_asked_for", count=reminded)
    return reminded


async def take_certificate(acting: UnitOfWork, sanction: Sanction, given_on: date, proof: LifeProof) -> bool:
    """Note that she showed on a day that she lives, and end the stop for the want of it; False for a repetition.

    The periods that were missed are paid by the next round, each once. The caller has decided access.
    """
    given = LifeCertificate(
        id=acting.env.ids.key(),
        citizen_id=sanction.citizen_id,
        sanction_id=sanction.id,
        given_on=given_on,
        proof=proof,
        taken_by=acting.actor,
        at=acting.now,
    )
    if not await sanction_course.add_life_certificate(acting.tx, given):
        return False
    newest = max(given_on, sanction.certified_on or given_on)
    await benefits.change_sanction(acting.tx, sanction.id, certified_on=newest)
    await note(acting, sanction, "sanction.certified", proof=proof.value, givenOn=given_on.isoformat())
    for stop in await stops_of(acting, sanction.id):
        if stop.open and stop.kind is StopKind.LIFE_CERTIFICATE and given_on >= _asked_since(acting, stop.from_on):
            await lift_stop(acting, sanction, stop, "CERTIFICATE_GIVEN")
    return True


def certificate_window(acting: UnitOfWork, day: date) -> tuple[date, date]:
    """The first and the last day of the month of life certificates that contains a day, or that comes next."""
    month = acting.env.rules.law.life_certificate_month.value
    first = date(day.year, month, 1)
    if add_months(first, 1) <= day:
        first = date(day.year + 1, month, 1)
    return first, add_months(first, 1) - timedelta(days=1)


def _asked_since(acting: UnitOfWork, day: date) -> date:
    """The first of the newest month of life certificates that was over before a day."""
    first, _ = certificate_window(acting, day)
    return date(first.year - 1, first.month, 1)


async def _remind(env: Environment, tx: Transaction) -> int:
    acting = UnitOfWork(env, tx, SYSTEM)
    first, last = certificate_window(acting, acting.today)
    stages = [last - timedelta(days=env.rules.law.life_certificate_remind_days.value), last - LAST_REMINDER]
    begun = [stage for stage in stages if stage <= acting.today <= last]
    if not begun:
        return 0
    schemes = [one.code for one in (await catalogue.schemes(tx)).values() if one.life_certificate]
    found = await benefit_rounds.uncertified_sanctions(
        tx, schemes, since=first, reminded_before=max(begun), limit=BATCH
    )
    for sanction in found:
        await benefits.change_sanction(tx, sanction.id, reminded_on=acting.today)
        params = {"number": sanction.number, "on": last.isoformat()}
        await tell(
            acting, NoticeKind.LIFE_CERTIFICATE_WANTED, about_sanction(sanction, max(begun).isoformat()), **params
        )
    return len(found)
