"""Reminds holders of certificates and licences that end soon, as the definitions of their services say."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import structlog

from actions.applications.renew import GOES_ON
from actions.feedback.notices import tell_of_renewals
from actions.kernel import Environment, UnitOfWork
from domain.applications.lifecycle import Status
from domain.catalogue.catalogue import Service
from domain.certificates.certificates import IssuedCertificate
from domain.kernel import SYSTEM
from store.applications import applications
from store.catalogue import catalogue
from store.certificates import certificates
from store.database import Transaction

LATE = timedelta(days=6)
"""A reminder that was not sent on its day is sent so many days later at most, as after an outage."""
_log = structlog.get_logger(__name__)


async def remind_of_renewals(env: Environment) -> int:
    """Tell whose certificates end soon, once for each reminder of the service; how many certificates were looked at.

    Nobody who has handed in the renewal. A round that is repeated tells nobody twice.
    """
    services = await env.store.read(catalogue.all_services)
    reminded = 0
    for service in services:
        for days in service.definition.reminders if service.definition else ():
            reminded += await env.store.carry_out(partial(_remind, env=env, service=service, days=days))
    if reminded:
        _log.info("renewals_reminded_of", count=reminded)
    return reminded


async def _remind(tx: Transaction, env: Environment, service: Service, days: int) -> int:
    acting = UnitOfWork(env, tx, SYSTEM)
    last = acting.today + timedelta(days=days)
    ending = await certificates.ending_between(tx, service.code, max(acting.today, last - LATE), last)
    cases = await applications.by_ids(tx, [one.application_id for one in ending])
    renewed = await _applications_renewed(tx, ending)
    told = [(one, days, cases[one.application_id].number) for one in ending if one.application_id not in renewed]
    await tell_of_renewals(acting, told)
    return len(told)


async def _applications_renewed(tx: Transaction, ending: Sequence[IssuedCertificate]) -> set[str]:
    """The applications of certificates whose renewal was handed in, also under a number of before a correction."""
    numbers = await applications.renewed_numbers(tx, {one.citizen_id for one in ending}, GOES_ON - {Status.DRAFT})
    found = await certificates.by_numbers(tx, numbers)
    return {one.application_id for one in found.values()}
