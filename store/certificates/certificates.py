"""Certificates that the state issued through this gateway."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from domain.certificates.certificates import ENDED, CertificateStatus, IssuedCertificate
from domain.kernel import Bilingual
from domain.platform.changes import ChangeKind
from store.database import AnyRow, Records, Transaction, cell_name, change_feed, rows_of
from store.database.metadata import partial_index, table_of

certificates_table = table_of(
    IssuedCertificate,
    "certificates",
    sa.Column("name_hi", sa.Text),
    sa.Column("name_en", sa.Text, nullable=False),
    sa.Column("holder", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("number"),
    sa.UniqueConstraint("uri"),
    sa.Index("uq_certificates_status_index", "status_index", unique=True),
    sa.Index(None, "citizen_id", "created_at"),
    partial_index(
        "uq_certificates_application_id_standing", "application_id", where="status <> 'CORRECTED'", unique=True
    ),
    sa.Index(None, "application_id"),
    sa.Index(None, "pdf_sha256"),
    apart=("name",),
)
"""Of one application at most one certificate was not corrected."""

_T = certificates_table.c


async def add(tx: Transaction, certificate: IssuedCertificate) -> None:
    """Keep a new certificate, the holder's name encrypted. Raises AlreadyThere: one for each application."""
    await CERTIFICATES.add(tx, certificate)
    await change_feed.touch(tx, ChangeKind.APPLICATION, certificate.application_id)


async def add_many(tx: Transaction, new: Sequence[IssuedCertificate]) -> None:
    """Add many at once, of applications that are in the change feed already. Raises AlreadyThere as `add`."""
    await CERTIFICATES.add_all(tx, new)


async def uris_in_use(tx: Transaction, uris: Iterable[str]) -> set[str]:
    """Those of the addresses that a certificate has."""
    return {row.uri for row in await rows_of(tx, sa.select(_T.uri), _T.uri, uris)}


async def indexes_in_use(tx: Transaction, indexes: Iterable[int]) -> set[int]:
    """Those of the status indexes that a certificate has."""
    return {row.status_index for row in await rows_of(tx, sa.select(_T.status_index), _T.status_index, indexes)}


async def ended_indexes(tx: Transaction, first: int, end: int) -> list[int]:
    """The status indexes, from one up to another, of certificates that were corrected or revoked."""
    span = (_T.status_index >= first, _T.status_index < end)
    ended = _T.status.in_([status.value for status in ENDED])
    return list((await tx.connection.execute(sa.select(_T.status_index).where(*span, ended))).scalars())


async def give_index(tx: Transaction, certificate_id: str, index: int) -> None:
    """Give a status index to a certificate that has none. Raises IntegrityError where another one has it."""
    bare = (_T.id == certificate_id, _T.status_index.is_(None))
    await tx.connection.execute(sa.update(certificates_table).where(*bare).values(status_index=index))


async def of_applications(tx: Transaction, application_ids: Iterable[str]) -> dict[str, IssuedCertificate]:
    """The valid certificate, by application id; applications without one are left out."""
    standing = sa.select(certificates_table).where(_T.status != CertificateStatus.CORRECTED.value)
    return await CERTIFICATES.by_keys(tx, _T.application_id, application_ids, standing)


async def ending_between(tx: Transaction, service_code: str, first: date, last: date) -> list[IssuedCertificate]:
    """The active certificates of a service whose last day is one of these, both included."""
    span = (_T.service_code == service_code, _T.valid_until >= first, _T.valid_until <= last)
    active = _T.status == CertificateStatus.ACTIVE.value
    return await CERTIFICATES.select_all(tx, sa.select(certificates_table).where(active, *span).order_by(_T.id))


async def end(tx: Transaction, certificate_id: str, status: CertificateStatus) -> bool:
    """An active certificate is revoked or corrected; False where it was ended before."""
    active = (_T.id == certificate_id, _T.status == CertificateStatus.ACTIVE.value)
    statement = sa.update(certificates_table).where(*active).values(status=status.value).returning(_T.application_id)
    row = (await tx.connection.execute(statement)).first()
    if row is None:
        return False
    await change_feed.touch(tx, ChangeKind.APPLICATION, row.application_id)
    return True


async def lock_certificate(tx: Transaction, certificate_id: str) -> IssuedCertificate | None:
    """One certificate, which nobody can end before this transaction is done; None where it is not there."""
    chosen = sa.select(certificates_table).where(_T.id == certificate_id).with_for_update(read=True)
    return await CERTIFICATES.select_first(tx, chosen)


def _holder(tx: Transaction, row: AnyRow) -> dict[str, Any]:
    holder: Mapping[str, Any] = tx.cipher.decrypt_json(row.holder, cell_name(_T.holder, row.id))
    return {"holder": Bilingual(holder["hi"], holder["en"])}


def _holder_values(tx: Transaction, certificate: IssuedCertificate) -> dict[str, Any]:
    holder = {"hi": certificate.holder.hi, "en": certificate.holder.en}
    return {"holder": tx.cipher.encrypt_json(holder, cell_name(_T.holder, certificate.id))}


CERTIFICATES = Records(
    IssuedCertificate, certificates_table, "the certificate", apart=("holder",), read=_holder, write=_holder_values
)
of_citizen = CERTIFICATES.list_reader_by(_T.citizen_id, _T.created_at.desc(), _T.id.desc())
"""Every certificate of a citizen, the newest first."""
by_number = CERTIFICATES.reader_by(_T.number)
"""The certificate with a reference number of fourteen Latin digits, or None."""
by_numbers = CERTIFICATES.reader_of_many_by(_T.number)
"""Certificates by reference number; those that are not there are left out. One query for many."""
by_uri = CERTIFICATES.reader_by(_T.uri)
"""The certificate with a DigiLocker address, or None."""
by_ids = CERTIFICATES.by_ids
