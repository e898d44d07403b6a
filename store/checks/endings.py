"""Checks ended certificates: each ending is recorded, corrections form chains, lockers are notified (I1, I4)."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence

from sqlalchemy import ColumnElement, and_, exists, func, not_, or_, select

from domain.certificates.certificates import CertificateStatus
from store.certificates import certificate_endings, certificates
from store.certificates.certificate_endings import certificate_endings_table
from store.certificates.certificates import certificates_table
from store.checks.finding import PAGE, Finding, findings, in_turn
from store.database import AnyRow, Transaction, row_pages, rows_of
from store.documents.locker_copies import locker_copies_table
from store.platform.outbox import OutboxState, outbox_table

CORRECT, PUSH = "certificate.correct", "locker.push"
"""The topics that follow an end; a test compares them with those of the actions."""

_C, _E, _L, _O = certificates_table.c, certificate_endings_table.c, locker_copies_table.c, outbox_table.c
_ENDED = (CertificateStatus.CORRECTED.value, CertificateStatus.REVOKED.value)
_PLACE = (_C.id, _C.application_id, _C.citizen_id, _C.created_at)


async def endings(tx: Transaction) -> AsyncIterator[Finding]:
    """One certificate of an application is valid, every end has its record, and each correction leads onwards."""
    standing = select(_C.application_id).where(_C.status != CertificateStatus.CORRECTED.value)
    twice = standing.group_by(_C.application_id).having(func.count() > 1)
    for row in (await tx.connection.execute(twice)).all():
        yield Finding("TWO_CERTIFICATES_STAND", f"application:{row.application_id}")
    unrecorded = select(_C.id).where(_C.status.in_(_ENDED), not_(exists().where(_E.certificate_id == _C.id)))
    ended = findings(tx, {"CERTIFICATE_ENDED_WITHOUT_RECORD": unrecorded}, _C.id, "certificate")
    async for finding in in_turn(ended, _records(tx), _lockers(tx)):
        yield finding


async def _records(tx: Transaction) -> AsyncIterator[Finding]:
    joined = select(_E.certificate_id, _E.status, _E.ended_at, _E.successor_id, _C.status.label("stands"), *_PLACE)
    joined = joined.join_from(certificate_endings_table, certificates_table, _C.id == _E.certificate_id)
    heirs: Counter[str] = Counter()
    async for rows in row_pages(tx, joined, (_E.certificate_id,), PAGE):
        after = {row.id: row for row in await rows_of(tx, select(*_PLACE), _C.id, _successors(rows))}
        open_ids = [row.certificate_id for row in rows if row.successor_id is None]
        awaited = {row.key for row in await rows_of(tx, select(_O.key).where(_awaits_correction()), _O.key, open_ids)}
        heirs.update(_successors(rows))
        for row in rows:
            for code in _wrong(row, after.get(row.successor_id), awaited=row.certificate_id in awaited):
                yield Finding(code, f"certificate:{row.certificate_id}")
    for successor, many in sorted(heirs.items()):
        if many > 1:
            yield Finding("SUCCESSOR_OF_TWO", f"certificate:{successor}")


def _wrong(row: AnyRow, successor: AnyRow | None, *, awaited: bool) -> Iterator[str]:
    """What is wrong with one record."""
    if row.stands != row.status:
        yield "ENDING_IS_NOT_THE_STATUS"
    if row.status == CertificateStatus.REVOKED.value:
        if row.successor_id is not None:
            yield "REVOKED_WITH_SUCCESSOR"
    elif row.successor_id is None:
        if not awaited:
            yield "CORRECTED_WITHOUT_MESSAGE"
    elif successor is not None:  # a missing one is reported by `references`
        yield from _wrong_successor(row, successor)


def _wrong_successor(row: AnyRow, successor: AnyRow) -> Iterator[str]:
    """One that was made after the end cannot lead back, so every chain comes to an end."""
    if (successor.application_id, successor.citizen_id) != (row.application_id, row.citizen_id):
        yield "SUCCESSOR_IS_ANOTHERS"
    if successor.id == row.certificate_id or successor.created_at < row.ended_at:
        yield "SUCCESSOR_IS_OLDER"


async def _lockers(tx: Transaction) -> AsyncIterator[Finding]:
    """A locker that holds what was revoked, under any URI that leads there, has been sent or will be sent word."""
    inside = select(_L.certificate_id).join(certificates_table, _C.id == _L.certificate_id)
    inside = inside.where(_L.removed_at.is_(None), _C.status.in_(_ENDED))
    async for rows in row_pages(tx, inside, (_L.certificate_id,), PAGE):
        held = await certificates.by_ids(tx, [row.certificate_id for row in rows])
        for row in rows:
            last = await certificate_endings.latest(tx, held[row.certificate_id])
            if last.status is CertificateStatus.REVOKED and not await _has_deletion_message(
                tx, row.certificate_id, last.id
            ):
                yield Finding("REVOKED_IN_LOCKER_WITHOUT_MESSAGE", f"certificate:{row.certificate_id}")


async def _has_deletion_message(tx: Transaction, certificate_id: str, last_id: str) -> bool:
    """Whether the deletion waits, or was given up by an administrator; one that was delivered would have been noted."""
    unsettled = or_(_O.state != OutboxState.DELIVERED.value, _O.error_code.is_not(None))
    message = and_(_O.topic == PUSH, _O.key == f"{certificate_id}:D:{last_id}", unsettled)
    return (await tx.connection.execute(select(_O.id).where(message))).first() is not None


def _awaits_correction() -> ColumnElement[bool]:
    return and_(_O.topic == CORRECT, _O.state.in_((OutboxState.PENDING.value, OutboxState.DEAD.value)))


def _successors(rows: Sequence[AnyRow]) -> list[str]:
    return [row.successor_id for row in rows if row.successor_id is not None]
