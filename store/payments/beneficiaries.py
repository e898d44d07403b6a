"""Beneficiaries at PFMS: one for each sanction, its sealed account versions and its state."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from domain.benefits.benefits import PaymentStatus, Rail, Sanction
from domain.payments.files import (
    AWAITED_REGISTRATIONS,
    DELETE,
    UNTOLD,
    Beneficiary,
    Group,
    PayeeDetails,
    RegistrationState,
)
from store.benefits.benefits import instalments_table
from store.benefits.benefits import sanctions as sanctions_by_id
from store.database import Records, Transaction, cell_name, first_row, rows_of
from store.payments.payment_tables import accounts_table, beneficiaries_table, registration_lines_table

_B, _A, _L = beneficiaries_table.c, accounts_table.c, registration_lines_table.c
_I = instalments_table.c


@dataclass(frozen=True, slots=True)
class RegistrationLine:
    """One line of a beneficiary batch; `cpsms_id` as it was when the batch was made."""

    batch_id: str
    position: int
    beneficiary_id: str
    account_id: str
    purpose: str
    cpsms_id: str | None
    state: RegistrationState


@dataclass(frozen=True, slots=True)
class RegistrationAnswer:
    """What an answer says of one line: its new state, the code that PFMS gave, why it was declined."""

    line: RegistrationLine
    state: RegistrationState
    cpsms_id: str | None
    codes: tuple[str, ...]


_GROUPS = Records(Group, beneficiaries_table, "the group")
_BENEFICIARIES = Records(
    Beneficiary,
    beneficiaries_table,
    "the beneficiary",
    apart=("group",),
    read=lambda tx, row: {"group": _GROUPS.read(tx, row)},
    write=lambda tx, one: _GROUPS.values(tx, one.group),
)
by_ids = _BENEFICIARIES.by_ids
_LINES = Records(RegistrationLine, registration_lines_table, "the line")
lines = _LINES.list_reader_by(_L.batch_id, _L.position)
"""The lines of a beneficiary batch in their order."""


async def unregistered_sanctions(tx: Transaction, limit: int) -> list[Sanction]:
    """Sanctions with a payment for PFMS in state SANCTIONED, and without a beneficiary yet."""
    statement = (
        sa.select(_I.sanction_id)
        .distinct()
        .where(
            _I.status == PaymentStatus.SANCTIONED.value,
            _I.rail == Rail.PFMS.value,
            _I.hold.is_(None),
            sa.not_(sa.exists().where(_B.sanction_id == _I.sanction_id)),
        )
    )
    ids = (await tx.connection.execute(statement.limit(limit))).scalars().all()
    found = await sanctions_by_id(tx, ids)
    return [found[each] for each in sorted(ids)]


async def add(tx: Transaction, beneficiary: Beneficiary, details: PayeeDetails) -> bool:
    """Keep a new beneficiary with the first version of the account; False where another was quicker."""
    if not await _BENEFICIARIES.insert(tx, beneficiary, created_at=tx.clock.now()):
        return False
    await _add_account(tx, beneficiary, details)
    return True


async def change_account(tx: Transaction, changed: Beneficiary, details: PayeeDetails) -> None:
    """Keep a further version of an account; what was sent under earlier ones stays as it was sent."""
    await _add_account(tx, changed, details)
    values = {
        "version": changed.version,
        "account_id": changed.account_id,
        "method": changed.group.method.value,
        "state": changed.state.value,
        "state_at": changed.state_at,
        "codes": None,
    }
    await tx.connection.execute(sa.update(beneficiaries_table).where(_B.id == changed.id).values(values))


async def of_sanction(tx: Transaction, sanction_id: str) -> Beneficiary | None:
    """The beneficiary of a sanction, locked where the transaction may write."""
    statement = sa.select(beneficiaries_table).where(_B.sanction_id == sanction_id)
    return await _BENEFICIARIES.select_first(tx, statement.with_for_update() if tx.writable else statement)


async def details(tx: Transaction, account_ids: Iterable[str]) -> dict[str, PayeeDetails]:
    """Versions of accounts by id, opened."""
    rows = await rows_of(tx, sa.select(accounts_table), _A.id, account_ids)
    return {row.id: PayeeDetails(**tx.cipher.decrypt_json(row.details, cell_name(_A.details, row.id))) for row in rows}


async def next_group(tx: Transaction, after: Group | None) -> Group | None:
    """The group behind `after` in which somebody waits to be registered."""
    columns = (_B.scheme_code, _B.agency)
    statement = sa.select(*columns).where(_ready())
    if after is not None:
        statement = statement.where(
            sa.tuple_(*columns) > sa.tuple_(sa.literal(after.scheme_code), sa.literal(after.agency))
        )
    row = await first_row(tx, statement.order_by(*columns).limit(1))
    return Group(row.scheme_code, row.agency) if row else None


async def place_waiting(tx: Transaction, batch_id: str, group: Group, limit: int) -> int:
    """Put those of a group who wait, at most so many, in a batch; returns how many."""
    now = tx.clock.now()
    waiting = (_ready(), _B.scheme_code == group.scheme_code, _B.agency == group.agency)
    statement = sa.select(_B.id, _B.account_id, _B.cpsms_id, _B.state).where(*waiting).order_by(_B.id).limit(limit)
    rows = (await tx.connection.execute(statement.with_for_update())).all()
    values = [
        {
            "batch_id": batch_id,
            "position": position,
            "beneficiary_id": row.id,
            "account_id": row.account_id,
            "purpose": _purpose(row.state, row.cpsms_id),
            "cpsms_id": row.cpsms_id,
            "state": RegistrationState.SENT.value,
            "state_at": now,
        }
        for position, row in enumerate(rows, 1)
    ]
    if values:
        await tx.connection.execute(sa.insert(registration_lines_table), values)
        await _set_states(tx, [(row.id, RegistrationState.SENT, row.cpsms_id, None) for row in rows])
    return len(values)


def _purpose(state: str, cpsms_id: str | None) -> str:
    """What is asked for who waits: to be deleted, or, where PFMS gave a code before, updated, else added."""
    if state == RegistrationState.LEAVING.value:
        return DELETE
    return "U" if cpsms_id else "A"


def _ready() -> sa.ColumnElement[bool]:
    """Who waits, or is to leave, and of whom no line is at PFMS.

    An account that was corrected meanwhile goes when that line is answered.
    """
    states = [state.value for state in AWAITED_REGISTRATIONS]
    awaited = sa.exists().where(_L.beneficiary_id == _B.id, _L.state.in_(states))
    return sa.and_(_B.state.in_([RegistrationState.LEAVING.value, RegistrationState.WAITING.value]), sa.not_(awaited))


async def payable(tx: Transaction, sanction_ids: Collection[str]) -> list[tuple[str, PaymentStatus]]:
    """The payments for PFMS under some sanctions that were sent to no partner: id and status."""
    states = [state.value for state in UNTOLD]
    statement = sa.select(_I.id, _I.status).where(_I.rail == Rail.PFMS.value, _I.status.in_(states))
    rows = await rows_of(tx, statement, _I.sanction_id, sanction_ids)
    return [(row.id, PaymentStatus(row.status)) for row in rows]


async def behind(tx: Transaction, limit: int) -> list[tuple[str, Beneficiary]]:
    """Payments that stand as SANCTIONED though their beneficiary is not validated yet, or was declined."""
    statement = sa.select(_I.id.label("instalment_id"), beneficiaries_table).join(
        instalments_table, _I.sanction_id == _B.sanction_id
    )
    waits = (_B.state != RegistrationState.VALIDATED.value, _I.hold.is_(None))
    statement = statement.where(_I.rail == Rail.PFMS.value, _I.status == PaymentStatus.SANCTIONED.value, *waits)
    rows = (await tx.connection.execute(statement.order_by(_I.id).limit(limit))).all()
    return [(row.instalment_id, _BENEFICIARIES.read(tx, row)) for row in rows]


async def lines_of(tx: Transaction, batch_id: str, beneficiary_ids: Collection[str]) -> dict[str, RegistrationLine]:
    """The lines of some beneficiaries in a batch, by beneficiary."""
    statement = sa.select(registration_lines_table).where(_L.batch_id == batch_id)
    return await _LINES.by_keys(tx, _L.beneficiary_id, beneficiary_ids, statement)


async def note(tx: Transaction, heard: Sequence[RegistrationAnswer]) -> set[str]:
    """Note answers to lines; gives the beneficiaries whose present account they are about, and who thus changed."""
    if not heard:
        return set()
    now = tx.clock.now()
    changing = sa.update(registration_lines_table).where(
        _L.batch_id == sa.bindparam("in_batch"), _L.position == sa.bindparam("at_position")
    )
    names = ("state", "codes", "state_at")
    await tx.connection.execute(
        changing.values(_bind_new_values(names)),
        [
            {
                "in_batch": each.line.batch_id,
                "at_position": each.line.position,
                "new_state": each.state.value,
                "new_codes": list(each.codes) or None,
                "new_state_at": now,
            }
            for each in heard
        ],
    )
    known = await by_ids(tx, [each.line.beneficiary_id for each in heard])
    wanted, changed = [], set()
    for each in heard:
        beneficiary = known[each.line.beneficiary_id]
        code = None if each.state is RegistrationState.DELETED else each.cpsms_id or beneficiary.cpsms_id
        present = each.line.purpose == DELETE or each.line.account_id == beneficiary.account_id
        if present and beneficiary.state in AWAITED_REGISTRATIONS:
            wanted.append((beneficiary.id, _state_after(each), code, each.codes))
            changed.add(beneficiary.id)
        elif code != beneficiary.cpsms_id:
            # An account that was corrected meanwhile: the code is valid all the same, and the next line is an update.
            wanted.append((beneficiary.id, beneficiary.state, code, beneficiary.codes))
    await _set_states(tx, wanted)
    return changed


def _state_after(heard: RegistrationAnswer) -> RegistrationState:
    """The state of a beneficiary by an answer to the line; one that was released goes in another batch."""
    if heard.state is not RegistrationState.RELEASED:
        return heard.state
    return RegistrationState.LEAVING if heard.line.purpose == DELETE else RegistrationState.WAITING


async def take_out(tx: Transaction, bad: Sequence[tuple[RegistrationLine, str]]) -> None:
    """Take lines out of a batch that was never signed: their beneficiaries are declined, each for a code of ours."""
    for line, code in bad:
        place = (_L.batch_id == line.batch_id, _L.position == line.position)
        await tx.connection.execute(sa.delete(registration_lines_table).where(*place))
        state = RegistrationState.NOT_DELETED if line.purpose == DELETE else RegistrationState.REJECTED
        await _set_states(tx, [(line.beneficiary_id, state, line.cpsms_id, (code,))])


async def has_awaited_lines(tx: Transaction, batch_id: str) -> bool:
    """Whether a line of a beneficiary batch has no final answer yet."""
    ours = (_L.batch_id == batch_id, _L.state.in_([state.value for state in AWAITED_REGISTRATIONS]))
    return await first_row(tx, sa.select(_L.position).where(*ours).limit(1)) is not None


async def _set_states(
    tx: Transaction, wanted: Sequence[tuple[str, RegistrationState, str | None, tuple[str, ...] | None]]
) -> None:
    if not wanted:
        return
    changing = sa.update(beneficiaries_table).where(_B.id == sa.bindparam("which"))
    names = ("state", "cpsms_id", "codes", "state_at")
    changing = changing.values(_bind_new_values(names))
    now = tx.clock.now()
    rows = [
        {
            "which": who,
            "new_state": state.value,
            "new_cpsms_id": cpsms_id,
            "new_codes": list(codes) if codes else None,
            "new_state_at": now,
        }
        for who, state, cpsms_id, codes in wanted
    ]
    await tx.connection.execute(changing, rows)


def _bind_new_values(names: Sequence[str]) -> dict[str, sa.BindParameter[Any]]:
    return {name: sa.bindparam(f"new_{name}") for name in names}


async def _add_account(tx: Transaction, beneficiary: Beneficiary, details: PayeeDetails) -> None:
    values = {
        "id": beneficiary.account_id,
        "citizen_id": beneficiary.citizen_id,
        "beneficiary_id": beneficiary.id,
        "version": beneficiary.version,
        "details": tx.cipher.encrypt_json(asdict(details), cell_name(_A.details, beneficiary.account_id)),
        "created_at": tx.clock.now(),
    }
    await tx.connection.execute(sa.insert(accounts_table).values(values))
