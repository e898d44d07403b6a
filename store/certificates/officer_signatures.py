"""Enrolled tokens of officers, certificates that wait for a signature, and who signed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from domain.certificates.officer_signatures import (
    CertificateSignature,
    CertificateSigning,
    SigningState,
    TokenEnrolment,
    TokenState,
)
from domain.kernel import Posting
from store.applications.application_rows import applications_table
from store.certificates.certificates import certificates_table
from store.database import Key, Records, Transaction, any_posting_covers
from store.database.metadata import table_of

enrolments_table = table_of(
    TokenEnrolment,
    "token_enrolments",
    sa.Column("officer_id", Key, sa.ForeignKey("officers.officer_id"), nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("issuer", sa.Text, nullable=False),
    sa.Column("certificate", sa.Text, nullable=False),
    sa.Index(None, "officer_id"),
    sa.Index(None, "sha256"),
)
signings_table = table_of(
    CertificateSigning,
    "certificate_signings",
    sa.Column("enrolment_id", Key, sa.ForeignKey("token_enrolments.id")),
    sa.Column("certificate_id", Key, sa.ForeignKey("certificates.id")),
    sa.Column("prepared", sa.LargeBinary),
    sa.Column("signature", sa.Text),
    sa.Index(None, "signer_id"),
    sa.Index(None, "state"),
    sa.Index(None, "batch_id"),
    sa.Index(None, "application_id"),
    sa.Index(None, "certificate_id"),
    sa.Index(None, "released_sha256"),
)
signatures_table = table_of(
    CertificateSignature,
    "certificate_signatures",
    sa.Column("signing_id", Key, sa.ForeignKey("certificate_signings.id"), nullable=False),
    sa.Column("enrolment_id", Key, sa.ForeignKey("token_enrolments.id"), nullable=False),
    *(sa.Column(f"{name}_hi", sa.Text) for name in ("name", "designation", "office")),
    *(sa.Column(f"{name}_en", sa.Text, nullable=False) for name in ("name", "designation", "office")),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.UniqueConstraint("signing_id", "place"),
    sa.Index(None, "application_id"),
    apart=("name", "designation", "office"),
)

_E, _W, _S = enrolments_table.c, signings_table.c, signatures_table.c
ENROLMENTS = Records(TokenEnrolment, enrolments_table, "the enrolment")
SIGNINGS = Records(CertificateSigning, signings_table, "the signing")
SIGNATURES = Records(CertificateSignature, signatures_table, "the signature")


async def enrolments_of(tx: Transaction, officer_id: str) -> list[TokenEnrolment]:
    """The tokens of an officer, the newest first."""
    found = sa.select(enrolments_table).where(_E.officer_id == officer_id)
    return await ENROLMENTS.select_all(tx, found.order_by(_E.entered_at.desc(), _E.id.desc()))


async def waiting_enrolments(tx: Transaction, limit: int) -> list[TokenEnrolment]:
    """The tokens that wait for a second person, the oldest first."""
    found = sa.select(enrolments_table).where(_E.state == TokenState.WAITING.value)
    return await ENROLMENTS.select_all(tx, found.order_by(_E.entered_at, _E.id).limit(limit))


async def enrolment_with(tx: Transaction, sha256: str) -> TokenEnrolment | None:
    """The enrolment of a certificate that waits or holds."""
    held = [TokenState.WAITING.value, TokenState.ACTIVE.value]
    return await ENROLMENTS.find(tx, _E.sha256 == sha256, _E.state.in_(held))


# What was prepared is as large as a file: lists leave it out.
_LISTED = sa.select(*(sa.null().label(one.name) if one.name == "prepared" else one for one in signings_table.columns))
_OPEN = _W.state != SigningState.RELEASED.value


async def waiting_for(
    tx: Transaction, officer_id: str, postings: Sequence[Posting], limit: int
) -> list[CertificateSigning]:
    """What waits for an officer's signature, and for others' in the places of her posts, the oldest first."""
    placed = sa.exists().where(
        applications_table.c.id == _W.application_id, any_posting_covers(applications_table, postings)
    )
    found = _LISTED.where(_OPEN, sa.or_(_W.signer_id == officer_id, placed)).order_by(_W.created_at, _W.id)
    return await SIGNINGS.select_all(tx, found.limit(limit))


async def in_batch(tx: Transaction, batch_id: str, *, lock: bool = False) -> list[CertificateSigning]:
    """The certificates of a batch, in the order of their decisions; locked where that is asked for."""
    found = _LISTED.where(_W.batch_id == batch_id).order_by(_W.created_at, _W.id)
    return await SIGNINGS.select_all(tx, found.with_for_update() if lock else found)


async def save_state(tx: Transaction, signing: CertificateSigning, *, prepared: bool = False) -> None:
    """Write where a signing stands, and where `prepared` what was prepared. Raises VersionConflict."""
    fixed = {"id", "application_id", "created_at", "corrects"} | (set() if prepared else {"prepared"})
    only = [column.name for column in signings_table.columns if column.name not in fixed]
    await SIGNINGS.save(tx, signing, signing.version, only=only)


async def open_of_applications(tx: Transaction, application_ids: Iterable[str]) -> dict[str, CertificateSigning]:
    """What is not released yet, by application; applications without any are left out."""
    return await SIGNINGS.by_keys(tx, _W.application_id, application_ids, _LISTED.where(_OPEN))


async def signatures_of(tx: Transaction, signing_ids: Iterable[str]) -> dict[str, list[CertificateSignature]]:
    """Who signed, by signing, in the order of the signatures."""
    return await SIGNATURES.groups(tx, sa.select(signatures_table).order_by(_S.place), _S.signing_id, signing_ids)


async def forget_signatures(tx: Transaction, signing_id: str) -> None:
    """Take back who signed what was not released yet."""
    await tx.connection.execute(sa.delete(signatures_table).where(_S.signing_id == signing_id))


async def of_certificates(tx: Transaction, certificate_ids: Iterable[str]) -> dict[str, CertificateSigning]:
    """The signing of each certificate that officers signed."""
    return await SIGNINGS.by_keys(tx, _W.certificate_id, certificate_ids, _LISTED)


async def signatures_of_certificates(
    tx: Transaction, certificate_ids: Iterable[str]
) -> dict[str, list[CertificateSignature]]:
    """Who signed each certificate, in the order of the signatures; those of the system's seal are left out."""
    signings = await of_certificates(tx, certificate_ids)
    found = await signatures_of(tx, [one.id for one in signings.values()])
    return {key: found.get(one.id, []) for key, one in signings.items()}


async def raise_level(tx: Transaction, signing_id: str, certificate_id: str, values: Mapping[str, Any]) -> None:
    """Note the file of a higher level for a certificate, and the level."""
    levels = sa.update(signings_table).where(_W.id == signing_id).values(level=values["level"])
    await tx.connection.execute(levels)
    file = sa.update(certificates_table).where(certificates_table.c.id == certificate_id)
    await tx.connection.execute(file.values(pdf_sha256=values["pdf_sha256"]))
