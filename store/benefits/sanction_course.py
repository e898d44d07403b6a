"""Events of a sanction: stops, life certificates, second approvals, corrected accounts, money set aside."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from domain.benefits.sanction_course import Approval, LifeCertificate, PaymentAccount, Stop
from domain.kernel import Posting
from store.database import Instant, Key, Records, Transaction, first_row, rows_of, upsert, wide_posting_covers
from store.database.metadata import metadata, partial_index, table_of

sanction_stops_table = table_of(
    Stop,
    "sanction_stops",
    sa.Index(None, "sanction_id", "made_at"),
    sa.Index(None, "citizen_id"),
    partial_index("uq_sanction_stops_open", "sanction_id", "kind", where="lifted_at IS NULL", unique=True),
)

life_certificates_table = table_of(
    LifeCertificate, "life_certificates", sa.UniqueConstraint("sanction_id", "given_on"), sa.Index(None, "citizen_id")
)

payment_approvals_table = table_of(
    Approval,
    "payment_approvals",
    sa.Index(None, "sanction_id", "asked_at"),
    sa.Index(None, "citizen_id"),
    partial_index("uq_payment_approvals_waiting", "kind", "subject_id", where="decided_at IS NULL", unique=True),
)

payment_accounts_table = sa.Table(
    "payment_accounts",
    metadata,
    sa.Column("sanction_id", Key, sa.ForeignKey("sanctions.id"), primary_key=True),
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False),
    sa.Column("account", sa.LargeBinary, nullable=False),
    sa.Column("strength", Key, nullable=False),
    sa.Column("corrected_at", Instant, nullable=False),
    sa.Index(None, "citizen_id"),
)

budget_holds_table = sa.Table(
    "budget_holds",
    metadata,
    sa.Column("instalment_id", Key, sa.ForeignKey("instalments.id"), primary_key=True),
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False),
    sa.Column("head_of_account", Key, nullable=False),
    sa.Column("amount_paise", sa.BigInteger, nullable=False),
    sa.Column("held_at", Instant, nullable=False),
    sa.Column("released_at", Instant),
    sa.Index(None, "head_of_account", "released_at"),
    sa.Index(None, "citizen_id"),
)


_STOPS = Records(Stop, sanction_stops_table, "the stop")
add_stop = _STOPS.insert
"""Keep a new stop; False where the sanction has an open one of that kind."""
stops = _STOPS.groups_reader_by(
    sanction_stops_table.c.sanction_id, sanction_stops_table.c.made_at, sanction_stops_table.c.id
)
"""The stops of each sanction, the earliest first; a sanction without any is left out."""

_CERTIFICATES = Records(LifeCertificate, life_certificates_table, "the life certificate")
add_life_certificate = _CERTIFICATES.insert
"""Keep a life certificate; False where that sanction has one of that day."""

_APPROVALS = Records(Approval, payment_approvals_table, "the approval")
add_approval = _APPROVALS.insert
"""Ask for a second approval; False where one for the same thing waits already."""
approvals = _APPROVALS.groups_reader_by(
    payment_approvals_table.c.sanction_id, payment_approvals_table.c.asked_at, payment_approvals_table.c.id
)
"""The approvals of each sanction, the earliest first."""


async def lift_stop(
    tx: Transaction, stop_id: str, *, by: str, at: datetime, ground: str, unpaid_until: date | None = None
) -> bool:
    """End a stop, with arrears or without those until a day; False where it was lifted before."""
    table = sanction_stops_table
    statement = sa.update(table).where(table.c.id == stop_id, table.c.lifted_at.is_(None))
    values = {"lifted_by": by, "lifted_at": at, "lift_ground": ground, "unpaid_until": unpaid_until}
    return (await tx.connection.execute(statement.values(values).returning(table.c.id))).first() is not None


async def waiting_approvals(tx: Transaction, postings: Sequence[Posting], asked_by: str, limit: int) -> list[Approval]:
    """Approvals that wait in the places of the postings and that somebody else asked for, the longest first."""
    table, granted = payment_approvals_table, metadata.tables["sanctions"]
    statement = (
        sa.select(table)
        .join(granted, granted.c.id == table.c.sanction_id)
        .where(table.c.decided_at.is_(None), table.c.asked_by != asked_by, wide_posting_covers(granted, postings))
        .order_by(table.c.asked_at, table.c.id)
        .limit(limit)
    )
    return await _APPROVALS.select_all(tx, statement)


async def decide_approval(tx: Transaction, approval_id: str, *, by: str, at: datetime, approved: bool) -> bool:
    """Note the second officer's word; False where it was decided before."""
    table = payment_approvals_table
    statement = sa.update(table).where(table.c.id == approval_id, table.c.decided_at.is_(None))
    values = {"decided_by": by, "decided_at": at, "approved": approved}
    return (await tx.connection.execute(statement.values(values).returning(table.c.id))).first() is not None


async def set_account(tx: Transaction, account: PaymentAccount) -> None:
    """Keep the account that a sanction is paid to from now on, sealed, in addition to earlier ones."""
    before = [
        {"number": each.number, "ifsc": each.ifsc, "since": each.corrected_at.isoformat()}
        for each in await accounts(tx, account.sanction_id)
    ]
    sealed = tx.cipher.encrypt_json(
        {"number": account.number, "ifsc": account.ifsc, "before": before},
        f"payment_accounts:account:{account.sanction_id}",
    )
    row = {
        "sanction_id": account.sanction_id,
        "citizen_id": account.citizen_id,
        "account": sealed,
        "strength": account.strength,
        "corrected_at": account.corrected_at,
    }
    await upsert(tx, payment_accounts_table, [row], keys=("sanction_id",))


async def account(tx: Transaction, sanction_id: str) -> PaymentAccount | None:
    """The corrected account of a sanction; None where the one of the application holds, or where it was erased."""
    row = await first_row(
        tx, sa.select(payment_accounts_table).where(payment_accounts_table.c.sanction_id == sanction_id)
    )
    if row is None:
        return None
    opened = tx.cipher.decrypt_json(row.account, f"payment_accounts:account:{sanction_id}")
    if not opened:
        return None
    return PaymentAccount(sanction_id, row.citizen_id, opened["number"], opened["ifsc"], row.strength, row.corrected_at)


async def accounts(tx: Transaction, sanction_id: str) -> list[PaymentAccount]:
    """Every corrected account of a sanction, the first one first; none where it was erased."""
    row = await first_row(
        tx, sa.select(payment_accounts_table).where(payment_accounts_table.c.sanction_id == sanction_id)
    )
    opened = tx.cipher.decrypt_json(row.account, f"payment_accounts:account:{sanction_id}") if row else None
    if row is None or not opened:
        return []
    present = {"number": opened["number"], "ifsc": opened["ifsc"], "since": row.corrected_at.isoformat()}
    return [
        PaymentAccount(
            sanction_id,
            row.citizen_id,
            each["number"],
            each["ifsc"],
            row.strength,
            datetime.fromisoformat(each["since"]),
        )
        for each in (*opened.get("before", ()), present)
    ]


async def held_on_head(tx: Transaction, head: str, asked_at: datetime) -> int:
    """Paise set aside on a head of account that a balance reported at that time does not show yet."""
    table = budget_holds_table
    counted = sa.or_(table.c.released_at.is_(None), table.c.released_at >= asked_at)
    statement = sa.select(sa.func.coalesce(sa.func.sum(table.c.amount_paise), 0))
    return int((await tx.connection.execute(statement.where(table.c.head_of_account == head, counted))).scalar_one())


async def hold_budget(tx: Transaction, held: dict[str, Any]) -> None:
    """Set money aside for an instalment, or again where it was released."""
    await upsert(tx, budget_holds_table, [held | {"released_at": None}], keys=("instalment_id",))


async def release_budget(tx: Transaction, instalment_id: str, at: datetime) -> bool:
    """Let go of what was set aside for an instalment; False where nothing was."""
    table = budget_holds_table
    statement = sa.update(table).where(table.c.instalment_id == instalment_id, table.c.released_at.is_(None))
    changed = await tx.connection.execute(statement.values(released_at=at).returning(table.c.instalment_id))
    return changed.first() is not None


async def release_budgets(tx: Transaction, instalment_ids: Iterable[str], at: datetime) -> None:
    """Let go of what was set aside for some instalments; those without are left out."""
    table = budget_holds_table
    wanted = sorted(instalment_ids)
    if wanted:
        statement = sa.update(table).where(table.c.instalment_id.in_(wanted), table.c.released_at.is_(None))
        await tx.connection.execute(statement.values(released_at=at))


async def open_holds(tx: Transaction, instalment_ids: Iterable[str]) -> set[str]:
    """For which of the instalments money is set aside now."""
    table = budget_holds_table
    statement = sa.select(table.c.instalment_id).where(table.c.released_at.is_(None))
    return {row.instalment_id for row in await rows_of(tx, statement, table.c.instalment_id, instalment_ids)}
