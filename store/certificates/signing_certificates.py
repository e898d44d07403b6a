"""Status at PFMS of the gateway's signing certificates, and which of them signed files in transit."""

from datetime import datetime

from sqlalchemy import func, select

from domain.payments.files import BatchState, EnrolmentState, SignerEnrolment
from store.database import Records, Transaction, insert_into
from store.payments.payment_tables import batches_table, signing_certificates_table

_C, _B = signing_certificates_table.c, batches_table.c
_ENROLMENTS = Records(SignerEnrolment, signing_certificates_table, "the certificate")
_UNDER_WAY = (BatchState.SEALED, BatchState.SENT, BatchState.IN_DOUBT, BatchState.ACCEPTED)


async def enrolment(tx: Transaction, fingerprint: str) -> SignerEnrolment:
    """The state of a certificate; UNHEARD where PFMS never said anything of it."""
    found = await _ENROLMENTS.find(tx, _C.fingerprint == fingerprint)
    return found or SignerEnrolment(fingerprint, EnrolmentState.UNHEARD)


async def enrolments(tx: Transaction) -> list[SignerEnrolment]:
    """Every certificate of which PFMS said something, what was heard last first."""
    statement = select(signing_certificates_table).order_by(_C.heard_at.desc(), _C.fingerprint)
    return await _ENROLMENTS.select_all(tx, statement)


async def record_answer(tx: Transaction, enrolment: SignerEnrolment, at: datetime) -> bool:
    """Keep what PFMS says as of an instant; False where something later was heard before."""
    values = _ENROLMENTS.values(tx, enrolment) | {"heard_at": at}
    statement = insert_into(tx, signing_certificates_table).values(values)
    keeping = statement.on_conflict_do_update(index_elements=("fingerprint",), set_=values, where=_C.heard_at < at)
    return (await tx.connection.execute(keeping.returning(_C.fingerprint))).first() is not None


async def files_under_way(tx: Transaction) -> dict[str | None, int]:
    """How many files of each certificate are signed and not final: until there is none its key must be kept.

    None stands for files of an older release, which did not note it.
    """
    states = [state.value for state in _UNDER_WAY]
    statement = select(_B.signed_by, func.count().label("many")).where(_B.state.in_(states)).group_by(_B.signed_by)
    return {row.signed_by: row.many for row in (await tx.connection.execute(statement)).all()}
