"""The scopes of a consent: documents that departments hold, the ration card, the locker."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from actions.consents.artefacts import Artefacts
from actions.kernel import UnitOfWork
from domain.consents.consents import ConsentPurpose
from domain.documents.documents import RATION_CARD
from domain.kernel import ErrorCode, Problem, Problems
from store.database import require_there
from store.documents import department_documents
from store.documents.department_documents import DepartmentDocument
from store.identity import assistances, identities, people

LOCKER = "digilocker/ISSUED_DOCUMENTS"
"""The scope of the consent for the locker."""

OWN_CERTIFICATES = "digilocker/OWN_CERTIFICATES"
"""The scope of the consent by which certificates of ours are put into the locker."""


@dataclass(frozen=True, slots=True)
class ConsentScope:
    """The documents of a consent, and their words in the ledger."""

    documents: tuple[DepartmentDocument, ...]
    words: tuple[str, ...]


async def scope_of(
    acting: UnitOfWork, citizen_id: str, purpose: ConsentPurpose, doctypes: tuple[str, ...] | None
) -> ConsentScope:
    """The documents of these types, or all of the purpose; raises DOCUMENT_UNKNOWN where one or all are missing."""
    if purpose is ConsentPurpose.LOCKER_DOCUMENTS:
        return ConsentScope((), (LOCKER,))
    if purpose is ConsentPurpose.ISSUE_TO_LOCKER:
        return ConsentScope((), (OWN_CERTIFICATES,))
    if purpose in (ConsentPurpose.ASSISTANCE, ConsentPurpose.ROSTER):
        # actions/identity/assistance.py gives the one, for minutes, and actions/rosters/roster_filing.py the other,
        # with its row.
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "purpose")))
    held = await _of_purpose(acting, citizen_id, purpose)
    wanted = None if doctypes is None else {doctype.upper() for doctype in doctypes}
    chosen = tuple(one for one in held if wanted is None or one.doctype.upper() in wanted)
    if not chosen or (wanted is not None and wanted != {one.doctype.upper() for one in chosen}):
        raise Problems(Problem(ErrorCode.DOCUMENT_UNKNOWN, ("input", "documents")))
    return ConsentScope(chosen, tuple(sorted({f"{one.publisher}/{one.doctype.upper()}" for one in chosen})))


async def allow(
    acting: UnitOfWork, citizen_id: str, scope: ConsentScope, until: datetime, signed: Artefacts
) -> dict[str, Mapping[str, Any]]:
    """Put an artefact beside what is asked with it, for each document; gives them by document.

    Raises SignatureMissing before anything is written.
    """
    citizen = require_there((await people.citizens(acting.tx, [citizen_id])).get(citizen_id), "the citizen")
    artefacts = signed.for_documents(citizen, scope.documents, until)
    for document_id, artefact in artefacts.items():
        await department_documents.set_consent(acting.tx, document_id, artefact, until)
    return artefacts


async def stop(acting: UnitOfWork, citizen_id: str, purpose: ConsentPurpose) -> None:
    """Take away what lets us ask: the artefacts, or the tokens of the locker."""
    if purpose is ConsentPurpose.LOCKER_DOCUMENTS:
        await identities.mark_needs_consent(acting.tx, citizen_id)
        return
    if purpose is ConsentPurpose.ISSUE_TO_LOCKER:
        return  # the ledger alone is asked before each push
    if purpose is ConsentPurpose.ROSTER:
        return  # the ledger alone is asked before a paper is handed over
    if purpose is ConsentPurpose.ASSISTANCE:
        await assistances.end(acting.tx, citizen_id=citizen_id)
        return
    for document in await _of_purpose(acting, citizen_id, purpose):
        await department_documents.set_consent(acting.tx, document.id, {}, acting.now)


async def held_for(acting: UnitOfWork, citizen_id: str, purpose: ConsentPurpose) -> bool:
    """Whether something was given without a record, before there was a ledger."""
    if purpose is ConsentPurpose.LOCKER_DOCUMENTS:
        return await identities.locker_grant(acting.tx, citizen_id) is not None
    if purpose in (ConsentPurpose.ISSUE_TO_LOCKER, ConsentPurpose.ASSISTANCE, ConsentPurpose.ROSTER):
        return False
    return any(document.consent for document in await _of_purpose(acting, citizen_id, purpose))


async def _of_purpose(acting: UnitOfWork, citizen_id: str, purpose: ConsentPurpose) -> list[DepartmentDocument]:
    held = await department_documents.of_citizen(acting.tx, citizen_id)
    card = purpose is ConsentPurpose.RATION_CARD
    return [document for document in held if (document.publisher == RATION_CARD) is card]
