"""State of UMANG's API: requests with their answers, used assertions, and accounts to be linked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from domain.umang.umang import ServiceComparison
from store.applications.application_rows import applications_table
from store.database import AnyRow, Instant, Key, Records, Transaction, cell_name, first_row, insert_new
from store.database.metadata import metadata, table_of

KEPT_FOR = timedelta(days=8)
"""How long a request and its answer are kept: a day is promised (docs/contracts/umang.md section 8), and verbs keep
keys for seven."""


assertions_table = sa.Table(
    "umang_assertions",
    metadata,
    sa.Column("jti_hash", Key, primary_key=True),
    sa.Column("until", Instant, nullable=False),
    sa.Index(None, "until"),
)

links_table = sa.Table(
    "umang_links",
    metadata,
    sa.Column("ticket_hash", Key, primary_key=True),
    sa.Column("account", sa.LargeBinary, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index(None, "expires_at"),
)

comparisons_table = table_of(
    ServiceComparison,
    "umang_comparisons",
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("srvid", Key, nullable=False),
    sa.Column("compared_at", Instant, nullable=False),
    sa.PrimaryKeyConstraint("day", "srvid"),
)


@dataclass(frozen=True, slots=True)
class Request:
    """A write that UMANG asked for. `tracker` is its `apitrkr`, `body_hash` that of what it asked."""

    tracker: str
    operation: str
    srvid: str
    citizen_id: str
    body_hash: str

    @property
    def record(self) -> str:
        """The name of the record: one operation under one tracker."""
        return sha256(f"{self.operation}:{self.tracker}".encode()).hexdigest()


requests_table = table_of(
    Request,
    "umang_requests",
    sa.Column("record", Key, primary_key=True),
    sa.Column("answer", sa.LargeBinary),
    sa.Column("code", Key),
    sa.Column("application_id", Key),
    sa.Column("begun_at", Instant, nullable=False),
    sa.Index(None, "begun_at"),
    sa.Index(None, "citizen_id"),
)
_R, _L, _C = requests_table.c, links_table.c, comparisons_table.c


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """What is known of a request. `answer` is None while it is at work, or where its process died."""

    body_hash: str
    answer: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Account:
    """An account with UMANG that may be linked: its stable id, and what UMANG verified of it."""

    subject: str
    mobile: str
    mpid: str | None


_REQUESTS = Records(Request, requests_table, "the request")
_COMPARISONS = Records(ServiceComparison, comparisons_table, "the comparison")


async def spend_assertion(tx: Transaction, jti: str, until: datetime) -> bool:
    """Use an assertion up; False where it was used before."""
    values = {"jti_hash": sha256(jti.encode()).hexdigest(), "until": until}
    return await insert_new(tx, assertions_table, values)


async def begin(tx: Transaction, request: Request) -> StoredRequest | None:
    """Note a request, or give what is known of its tracker; None for a fresh one."""
    if await _REQUESTS.insert(tx, request, record=request.record, begun_at=tx.clock.now()):
        return None
    row = await first_row(tx, sa.select(requests_table).where(_R.record == request.record))
    return None if row is None else StoredRequest(row.body_hash, _answer(tx, row))


async def keep_answer(tx: Transaction, record: str, answer: Mapping[str, Any], code: str) -> Mapping[str, Any]:
    """Keep the first answer and give it; that of a twin where it was first."""
    sealed = tx.cipher.encrypt_json(dict(answer), cell_name(_R.answer, record))
    unanswered = sa.update(requests_table).where(_R.record == record, _R.answer.is_(None))
    kept = await tx.connection.execute(unanswered.values(answer=sealed, code=code).returning(_R.record))
    if kept.first() is not None:
        return answer
    row = await first_row(tx, sa.select(requests_table).where(_R.record == record))
    return (_answer(tx, row) if row else None) or answer


async def note_filed(tx: Transaction, record: str, application_id: str) -> None:
    """Note in the transaction of a filing which application came of a request."""
    await tx.connection.execute(
        sa.update(requests_table).where(_R.record == record).values(application_id=application_id)
    )


async def begin_link(tx: Transaction, ticket: str, account: Account, expires_at: datetime) -> None:
    """Keep an account that waits for its person. The ticket itself is kept as a hash."""
    name = _hash(ticket)
    content = {"subject": account.subject, "mobile": account.mobile, "mpid": account.mpid}
    sealed = tx.cipher.encrypt_json(content, cell_name(_L.account, name))
    values = {"ticket_hash": name, "account": sealed, "tries": 0, "expires_at": expires_at}
    await insert_new(tx, links_table, values)


async def account_of(tx: Transaction, ticket: str) -> Account | None:
    """The account of a ticket; None where it is used or over."""
    row = await first_row(tx, sa.select(links_table).where(*_is_open(tx, ticket)))
    return None if row is None else _account(tx, row)


async def count_try(tx: Transaction, ticket: str, *, most: int) -> tuple[Account, int] | None:
    """Count a try before it is compared; gives the account and how many there were, or None where it is over.

    One statement looks and counts, so that of tries at once no more than `most` go on.
    """
    may_be_tried = (*_is_open(tx, ticket), _L.tries < most)
    counted = sa.update(links_table).where(*may_be_tried).values(tries=_L.tries + 1).returning(links_table)
    row = (await tx.connection.execute(counted)).first()
    return None if row is None else (_account(tx, row), row.tries)


def _is_open(tx: Transaction, ticket: str) -> tuple[sa.ColumnElement[bool], ...]:
    return _L.ticket_hash == _hash(ticket), _L.expires_at > tx.clock.now()


def _account(tx: Transaction, row: AnyRow) -> Account:
    given = tx.cipher.decrypt_json(row.account, cell_name(_L.account, row.ticket_hash))
    return Account(given["subject"], given["mobile"], given["mpid"])


async def end_link(tx: Transaction, ticket: str) -> None:
    """Use a ticket up."""
    await tx.connection.execute(sa.delete(links_table).where(_L.ticket_hash == _hash(ticket)))


async def forget_expired(tx: Transaction) -> None:
    """Forget assertions and tickets that are over, and requests past their time."""
    now = tx.clock.now()
    await tx.connection.execute(sa.delete(assertions_table).where(assertions_table.c.until <= now))
    await tx.connection.execute(sa.delete(links_table).where(_L.expires_at <= now))
    await tx.connection.execute(sa.delete(requests_table).where(_R.begun_at <= now - KEPT_FOR))


async def filings(tx: Transaction, since: datetime, until: datetime, operation: str) -> list[dict[str, Any]]:
    """The requests of an operation in a span: srvid, tracker, code, and whether an application came of each."""
    joined = requests_table.outerjoin(applications_table, applications_table.c.id == _R.application_id)
    asked = (
        sa.select(_R.srvid, _R.tracker, _R.code, _R.application_id, applications_table.c.id.label("there"))
        .select_from(joined)
        .where(_R.operation == operation, _R.begun_at >= since, _R.begun_at < until)
        .order_by(_R.srvid, _R.begun_at, _R.record)
    )
    return [dict(row._mapping) for row in (await tx.connection.execute(asked)).all()]  # noqa: SLF001 - SQLAlchemy's name


async def save_comparison(tx: Transaction, compared: Iterable[ServiceComparison]) -> None:
    """Keep what a comparison found, in place of an earlier one of the same day."""
    await _COMPARISONS.upsert(tx, compared, keys=("day", "srvid"), compared_at=tx.clock.now())


async def comparisons(tx: Transaction, first_day: date) -> list[ServiceComparison]:
    """What was compared of the days from one on, in their order."""
    asked = sa.select(comparisons_table).where(_C.day >= first_day).order_by(_C.day, _C.srvid)
    return await _COMPARISONS.select_all(tx, asked)


async def compared_on(tx: Transaction, day: date) -> bool:
    """Whether a day was compared already."""
    return await first_row(tx, sa.select(_C.day).where(_C.day == day)) is not None


def _answer(tx: Transaction, row: AnyRow) -> Mapping[str, Any] | None:
    if row.answer is None:
        return None
    answer: Mapping[str, Any] = tx.cipher.decrypt_json(row.answer, cell_name(_R.answer, row.record))
    return answer


def _hash(ticket: str) -> str:
    return sha256(ticket.encode()).hexdigest()
