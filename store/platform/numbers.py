"""Finds which reference numbers are in use, by the unique indexes of the tables that hold them."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Column, select

from domain.kernel import NumberKind
from store.appeals.appeal_rows import appeals_table
from store.applications.application_rows import applications_table
from store.benefits.benefits import sanctions_table
from store.certificates.certificates import certificates_table
from store.database import Transaction, rows_of
from store.feedback.grievances import grievances_table
from store.fees.fee_orders import orders_table
from store.rosters.rosters import rosters_table

_HELD: Mapping[NumberKind, tuple[Column[Any], ...]] = {
    NumberKind.APPLICATION: (applications_table.c.number,),
    NumberKind.ACKNOWLEDGEMENT: (applications_table.c.acknowledgement,),
    NumberKind.CERTIFICATE: (certificates_table.c.number,),
    NumberKind.APPEAL: (appeals_table.c.number,),
    NumberKind.PAYMENT: (sanctions_table.c.number, orders_table.c.number),
    NumberKind.GRIEVANCE: (grievances_table.c.number,),
    NumberKind.ROSTER: (rosters_table.c.number,),
}


async def in_use(tx: Transaction, kind: NumberKind, numbers: Iterable[str]) -> set[str]:
    """Those of the numbers that something of their kind has."""
    asked = list(numbers)
    found: set[str] = set()
    for column in _HELD[kind]:
        found.update(row.number for row in await rows_of(tx, select(column.label("number")), column, asked))
    return found
