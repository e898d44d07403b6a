"""Corrections and revocations of certificates, and which certificate replaces which."""

from typing import Any

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, select, update

from domain.certificates.certificates import CertificateEnding, CertificateStatus, IssuedCertificate
from store.certificates import certificates
from store.database import AnyRow, Key, Records, Transaction, cell_name, first_row
from store.database.metadata import table_of

certificate_endings_table = table_of(
    CertificateEnding,
    "certificate_endings",
    Column("certificate_id", Key, ForeignKey("certificates.id"), primary_key=True),
    Column("reason", LargeBinary, nullable=False),
    Column("successor_id", Key, ForeignKey("certificates.id")),
    Index(None, "successor_id"),
)

_T = certificate_endings_table.c
_LONGEST_CHAIN = 100
"""Corrections of corrections; more than any certificate has."""


async def succeed(tx: Transaction, certificate_id: str, successor_id: str) -> bool:
    """Name the certificate that stands in the place of a corrected one; False where one is named already."""
    open_end = (_T.certificate_id == certificate_id, _T.successor_id.is_(None))
    statement = update(certificate_endings_table).where(*open_end).values(successor_id=successor_id)
    return (await tx.connection.execute(statement.returning(_T.certificate_id))).first() is not None


async def latest(tx: Transaction, certificate: IssuedCertificate) -> IssuedCertificate:
    """The certificate at the end of the corrections; itself where it was not corrected, or its successor is awaited."""
    for _ in range(_LONGEST_CHAIN):
        ending = await of_certificate(tx, certificate.id) if certificate.status is CertificateStatus.CORRECTED else None
        if ending is None or ending.successor_id is None:
            return certificate
        certificate = (await certificates.by_ids(tx, [ending.successor_id]))[ending.successor_id]
    return certificate


async def forebears(tx: Transaction, certificate_id: str) -> list[str]:
    """The ids of the certificates that this one replaces, the nearest first."""
    found: list[str] = []
    for _ in range(_LONGEST_CHAIN):
        before = await first_row(tx, select(_T.certificate_id).where(_T.successor_id == certificate_id))
        if before is None:
            break
        certificate_id = before.certificate_id
        found.append(certificate_id)
    return found


def _reason(tx: Transaction, row: AnyRow) -> dict[str, Any]:
    return {"reason": tx.cipher.decrypt_json(row.reason, cell_name(_T.reason, row.certificate_id))["text"]}


def _reason_values(tx: Transaction, ending: CertificateEnding) -> dict[str, Any]:
    return {"reason": tx.cipher.encrypt_json({"text": ending.reason}, cell_name(_T.reason, ending.certificate_id))}


_ENDINGS = Records(
    CertificateEnding,
    certificate_endings_table,
    "the end of a certificate",
    apart=("reason",),
    read=_reason,
    write=_reason_values,
)
of_certificate = _ENDINGS.get
"""How a certificate ended, or None while it holds."""
add = _ENDINGS.add
"""Keep how a certificate ended, the reasons encrypted. Raises AlreadyThere: it ends once."""
of_certificates = _ENDINGS.by_ids
"""The endings by certificate; certificates that hold are left out."""
