"""Lists of PFMS beneficiaries by state for finance officers, without the citizen's name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Unpack

from sqlalchemy import ColumnElement, Select, Text, select, type_coerce

from domain.kernel import Posting
from domain.payments.files import PaymentMethod, RegistrationState
from store.benefits.benefits import sanctions_table
from store.database import (
    AnyRow,
    PageByTime,
    Transaction,
    count_up_to,
    equals_given,
    keyset_window,
    wide_posting_covers,
)
from store.payments.payment_queues import MOST_COUNTED
from store.payments.payment_tables import beneficiaries_table

_B, _S = beneficiaries_table.c, sanctions_table.c


class BeneficiaryOrder(StrEnum):
    """In which order a list of beneficiaries is given."""

    LONGEST_FIRST = "LONGEST_FIRST"
    NEWEST_FIRST = "NEWEST_FIRST"


@dataclass(frozen=True, slots=True)
class BeneficiaryFilter:
    """Which beneficiaries are asked for; None asks for every one. `code` is a reason that PFMS or the bank gave."""

    state: RegistrationState
    scheme_code: str | None = None
    district: str | None = None
    code: str | None = None
    order: BeneficiaryOrder = BeneficiaryOrder.LONGEST_FIRST


@dataclass(frozen=True, slots=True)
class ListedBeneficiary:
    """One beneficiary of a list. Of the account its last four digits; `since` is when the state began."""

    id: str
    citizen_id: str
    sanction_id: str
    number: str
    scheme_code: str
    department: str | None
    district: str
    state: RegistrationState
    since: datetime
    codes: tuple[str, ...]
    by_aadhaar: bool
    account_last4: str | None
    account_version: int
    cpsms_id: str | None


async def page(
    tx: Transaction, postings: Sequence[Posting] | None, asked: BeneficiaryFilter, **part: Unpack[PageByTime]
) -> list[ListedBeneficiary]:
    """Beneficiaries in a state that the postings cover, by (state_at, id). No postings (None): every place."""
    columns, down = (_B.state_at, _B.id), asked.order is BeneficiaryOrder.NEWEST_FIRST
    listed = _select_beneficiaries(postings, asked)
    rows = await keyset_window(tx, listed, columns, descending=down, **part)
    return [_beneficiary(row) for row in rows]


async def count_of(tx: Transaction, postings: Sequence[Posting] | None, asked: BeneficiaryFilter) -> int | None:
    """How many such beneficiaries there are; None where they are more than MOST_COUNTED."""
    return await count_up_to(tx, _select_beneficiaries(postings, asked), _B.id, MOST_COUNTED)


def _select_beneficiaries(postings: Sequence[Posting] | None, asked: BeneficiaryFilter) -> Select[Any]:
    wanted: list[ColumnElement[bool]] = [_B.state == asked.state.value]
    if postings is not None:
        wanted.append(wide_posting_covers(sanctions_table, postings))
    wanted += equals_given({_B.scheme_code: asked.scheme_code, _S.district: asked.district})
    if asked.code is not None:
        # The first condition leads to the small index of those who were declined.
        wanted += [_B.codes.is_not(None), type_coerce(_B.codes, Text).contains(f'"{asked.code}"', autoescape=True)]
    columns = (
        _B.id, _B.citizen_id, _B.sanction_id, _B.scheme_code, _B.state, _B.codes, _B.method,
        _B.cpsms_id, _S.number, _S.department, _S.district, _B.state_at.label("since"),
        _B.version.label("account_version"), _S.bank_account_last4.label("account_last4"),
    )  # fmt: skip
    statement: Select[Any] = select(*columns)
    return statement.join_from(beneficiaries_table, sanctions_table, _S.id == _B.sanction_id).where(*wanted)


def _beneficiary(row: AnyRow) -> ListedBeneficiary:
    listed = row._asdict()
    by_aadhaar = listed.pop("method") == PaymentMethod.AADHAAR.value
    stated = {"state": RegistrationState(row.state), "codes": tuple(row.codes or ()), "by_aadhaar": by_aadhaar}
    return ListedBeneficiary(**listed | stated)
