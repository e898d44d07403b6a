"""Counts of people paid by each scheme for DBT Bharat; null where the store has no data."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import case, func, or_, select

from domain.payments.files import PaymentMethod, RegistrationState
from store.benefits.benefits import sanctions_table
from store.database import Transaction
from store.payments.payment_tables import beneficiaries_table

_S, _B = sanctions_table.c, beneficiaries_table.c


@dataclass(frozen=True, slots=True)
class Beneficiaries:
    """People of one scheme. Those whose bank confirmed the link with Aadhaar are None where no bank was asked."""

    total: int
    with_account: int
    seeded: int | None
    seeded_with_account: int | None


async def schemes_paid(tx: Transaction) -> list[str]:
    """The schemes under which there is any sanction."""
    found = await tx.connection.execute(select(_S.scheme_code).distinct().order_by(_S.scheme_code))
    return list(found.scalars().all())


async def beneficiaries(tx: Transaction, scheme_code: str, begins: date, ends: datetime) -> Beneficiaries:
    """Who was sanctioned before the month ended and whose sanction was not over when it began.

    The bank knows of the link with Aadhaar: PFMS validated a registration that pays by Aadhaar. Where a scheme
    has none that pays so, it is not known.
    """
    person = _S.citizen_id
    by_aadhaar = _B.method == PaymentMethod.AADHAAR.value
    confirmed = (by_aadhaar) & (_B.state == RegistrationState.VALIDATED.value)
    account = _S.bank_account_last4.is_not(None)
    statement = (
        select(
            func.count(person.distinct()).label("total"),
            func.count(case((account, person)).distinct()).label("with_account"),
            func.count(case((by_aadhaar, person)).distinct()).label("asked"),
            func.count(case((confirmed, person)).distinct()).label("seeded"),
            func.count(case((confirmed & account, person)).distinct()).label("both"),
        )
        .select_from(sanctions_table)
        .outerjoin(beneficiaries_table, _B.sanction_id == _S.id)
        .where(
            _S.scheme_code == scheme_code, _S.sanctioned_at < ends, or_(_S.ended_on.is_(None), _S.ended_on >= begins)
        )
    )
    row = (await tx.connection.execute(statement)).one()
    known = row.asked > 0
    return Beneficiaries(
        int(row.total), int(row.with_account), int(row.seeded) if known else None, int(row.both) if known else None
    )
