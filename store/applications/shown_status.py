"""The state in which an application stands for people: a benefit that did not arrive is sanctioned, and not delivered.

In law the service was delivered when the sanction was (docs/contracts/right_to_service.md section 3.1): the row, the
clock, the counts and officers' figures keep that. Whoever looks at the application, or at a queue with it, is told of
the money too.
"""

from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

import sqlalchemy as sa

from domain.applications.lifecycle import Status
from domain.benefits.benefits import InstalmentKind, PaymentStatus
from store.applications.application_rows import applications_table, in_states
from store.database import Transaction, rows_of
from store.database.metadata import metadata

_T = applications_table.c
_CAME_BACK = sorted((PaymentStatus.RETURNED.value, PaymentStatus.BENEFICIARY_REJECTED.value))


async def not_arrived(tx: Transaction, application_ids: Iterable[str]) -> dict[str, bool]:
    """True for each application that is delivered, but whose latest payment came back or is being paid again."""
    return {row.id: True for row in await rows_of(tx, _not_arrived(), _T.id, application_ids)}


@cache
def _not_arrived() -> sa.Select[Any]:
    return sa.select(_T.id).where(_delivered_without_money())


def shown_status() -> sa.ColumnElement[str]:
    """The state as people are told it."""
    return sa.case((_delivered_without_money(), Status.BENEFIT_SANCTIONED.value), else_=_T.status)


def shown_in(statuses: Collection[Status]) -> sa.ColumnElement[bool]:
    """That people are told one of the states."""
    raw = sa.and_(*in_states(statuses))
    if (Status.DELIVERED in statuses) is (Status.BENEFIT_SANCTIONED in statuses):
        return raw
    if Status.DELIVERED in statuses:
        return sa.and_(raw, sa.not_(_delivered_without_money()))
    return sa.or_(raw, _delivered_without_money())


@cache
def _delivered_without_money() -> sa.ColumnElement[bool]:
    sanctions, made = metadata.tables["sanctions"].c, metadata.tables["instalments"]
    one, later = made.alias().c, made.alias().c
    paid_again = sa.and_(one.kind == InstalmentKind.REISSUE.value, one.status != PaymentStatus.CREDITED.value)
    latest = sa.not_(sa.exists().where(later.sanction_id == one.sanction_id, later.sequence > one.sequence))
    came_back = sa.or_(one.status.in_(_CAME_BACK), paid_again)
    lacking = sa.exists().where(sanctions.application_id == _T.id, one.sanction_id == sanctions.id, came_back, latest)
    return sa.and_(_T.status == Status.DELIVERED.value, lacking)
