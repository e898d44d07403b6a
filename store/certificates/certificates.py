"""Certificates that the state issued through this gateway."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from domain.certificates.certificates import CertificateStatus, IssuedCertificate
from domain.kernel import Bilingual
from domain.platform.changes import ChangeKind
from store.database import AlreadyThere, AnyRow, Instant, Key, Transaction, change_feed, first_row, insert_new, rows_of
from store.database.metadata import metadata

certificates_table = sa.Table(
    "certificates",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False),
    sa.Column("number", Key, nullable=False),
    sa.Column("application_id", Key, sa.ForeignKey("applications.id"), nullable=False),
    sa.Column("service_code", Key, nullable=False),
    sa.Column("department", Key),
    sa.Column("district", Key, nullable=False),
    sa.Column("doctype", Key, nullable=False),
    sa.Column("uri", Key, nullable=False),
    sa.Column("name_hi", sa.Text),
    sa.Column("name_en", sa.Text, nullable=False),
    sa.Column("holder", sa.LargeBinary, nullable=False),
    sa.Column("issued_on", sa.Date, nullable=False),
    sa.Column("valid_until", sa.Date),
    sa.Column("status", Key, nullable=False),
    sa.Column("pdf_sha256", Key, nullable=False),
    sa.Column("xml_sha256", Key, nullable=False),
    sa.Column("issued_by", Key),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("number"),
    sa.UniqueConstraint("uri"),
    sa.Index(None, "citizen_id", "created_at"),
    sa.Index(
        "uq_certificates_application_id_standing",
        "application_id",
        unique=True,
        sqlite_where=sa.text("status <> 'CORRECTED'"),
        postgresql_where=sa.text("status <> 'CORRECTED'"),
    ),
    sa.Index(None, "application_id"),
    sa.Index(None, "pdf_sha256"),
)
"""Of one application at most one certificate was not corrected."""

_T = certificates_table.c
_AS_IS = (
    "id",
    "citizen_id",
    "number",
    "application_id",
    "service_code",
    "department",
    "district",
    "doctype",
    "uri",
    "issued_on",
    "valid_until",
    "pdf_sha256",
    "xml_sha256",
    "issued_by",
    "created_at",
)


async def add(tx: Transaction, certificate: IssuedCertificate) -> None:
    """Keep a new certificate, the holder's name encrypted. Raises AlreadyThere: one for each application."""
    if not await insert_new(tx, certificates_table, values_of(tx, certificate)):
        raise AlreadyThere("the certificate")
    await change_feed.touch(tx, ChangeKind.APPLICATION, certificate.application_id)


async def add_many(tx: Transaction, new: Sequence[IssuedCertificate]) -> None:
    """Add many at once, of applications that are in the change feed already. Raises AlreadyThere as `add`."""
    if new:
        await tx.connection.execute(sa.insert(certificates_table), [values_of(tx, one) for one in new])


async def uris_in_use(tx: Transaction, uris: Iterable[str]) -> set[str]:
    """Those of the addresses that a certificate has."""
    return {row.uri for row in await rows_of(tx, sa.select(_T.uri), _T.uri, uris)}


def values_of(tx: Transaction, certificate: IssuedCertificate) -> dict[str, Any]:
    """The row of a certificate; the holder's name encrypted."""
    holder = {"hi": certificate.holder.hi, "en": certificate.holder.en}
    return {
        **{name: getattr(certificate, name) for name in _AS_IS},
        "name_hi": certificate.name.hi,
        "name_en": certificate.name.en,
        "holder": tx.cipher.encrypt_json(holder, _holder_place(certificate.id)),
        "status": certificate.status.value,
    }


async def of_citizen(tx: Transaction, citizen_id: str) -> list[IssuedCertificate]:
    """Every certificate of a citizen, the newest first."""
    statement = sa.select(certificates_table).where(_T.citizen_id == citizen_id)
    rows = (await tx.connection.execute(statement.order_by(_T.created_at.desc(), _T.id.desc()))).all()
    return [_certificate(tx, row) for row in rows]


async def of_applications(tx: Transaction, application_ids: Iterable[str]) -> dict[str, IssuedCertificate]:
    """The valid certificate, by application id; applications without one are left out."""
    standing = sa.select(certificates_table).where(_T.status != CertificateStatus.CORRECTED.value)
    rows = await rows_of(tx, standing, _T.application_id, application_ids)
    return {row.application_id: _certificate(tx, row) for row in rows}


async def end(tx: Transaction, certificate_id: str, status: CertificateStatus) -> bool:
    """An active certificate is revoked or corrected; False where it was ended before."""
    active = (_T.id == certificate_id, _T.status == CertificateStatus.ACTIVE.value)
    statement = sa.update(certificates_table).where(*active).values(status=status.value).returning(_T.application_id)
    row = (await tx.connection.execute(statement)).first()
    if row is None:
        return False
    await change_feed.touch(tx, ChangeKind.APPLICATION, row.application_id)
    return True


async def by_ids(tx: Transaction, ids: Iterable[str]) -> dict[str, IssuedCertificate]:
    """Certificates by id; those that are not there are left out."""
    rows = await rows_of(tx, sa.select(certificates_table), _T.id, ids)
    return {row.id: _certificate(tx, row) for row in rows}


async def lock_certificate(tx: Transaction, certificate_id: str) -> IssuedCertificate | None:
    """One certificate, which nobody can end before this transaction is done; None where it is not there."""
    chosen = sa.select(certificates_table).where(_T.id == certificate_id).with_for_update(read=True)
    row = await first_row(tx, chosen)
    return _certificate(tx, row) if row else None


async def by_number(tx: Transaction, number: str) -> IssuedCertificate | None:
    """The certificate with a reference number of fourteen Latin digits, or None."""
    row = await first_row(tx, sa.select(certificates_table).where(_T.number == number))
    return _certificate(tx, row) if row else None


async def by_numbers(tx: Transaction, numbers: Iterable[str]) -> dict[str, IssuedCertificate]:
    """Certificates by reference number; those that are not there are left out. One query for many."""
    rows = await rows_of(tx, sa.select(certificates_table), _T.number, numbers)
    return {row.number: _certificate(tx, row) for row in rows}


async def by_uri(tx: Transaction, uri: str) -> IssuedCertificate | None:
    """The certificate with a DigiLocker address, or None."""
    row = await first_row(tx, sa.select(certificates_table).where(_T.uri == uri))
    return _certificate(tx, row) if row else None


def _certificate(tx: Transaction, row: AnyRow) -> IssuedCertificate:
    as_is: dict[str, Any] = {name: getattr(row, name) for name in _AS_IS}
    holder: Mapping[str, Any] = tx.cipher.decrypt_json(row.holder, _holder_place(row.id))
    return IssuedCertificate(
        **as_is,
        name=Bilingual(row.name_hi, row.name_en),
        holder=Bilingual(holder["hi"], holder["en"]),
        status=CertificateStatus(row.status),
    )


def _holder_place(certificate_id: str) -> str:
    return f"certificates:holder:{certificate_id}"
