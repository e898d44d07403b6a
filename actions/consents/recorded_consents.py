"""Checks whether a citizen's recorded consent for a purpose is valid now."""

from actions.consents.consent_ledger import recorded_consents
from actions.kernel import Environment, of_citizen
from domain.consents.consents import (
    LEDGER_ALONE,
    Consent,
    ConsentPurpose,
    ConsentState,
    ConsentStatus,
    consent_required,
    present_of,
)
from domain.documents.documents import RATION_CARD
from domain.identity.policy import ObjectKind, purpose_for
from domain.kernel import Problems, Subject, not_found
from store.database import Transaction
from store.documents import department_documents
from store.identity import identities

_KINDS = {
    ConsentPurpose.DEPARTMENT_DOCUMENTS: ObjectKind.CERTIFICATE,
    ConsentPurpose.RATION_CARD: ObjectKind.DOCUMENT,
    ConsentPurpose.LOCKER_DOCUMENTS: ObjectKind.DOCUMENT,
    ConsentPurpose.ISSUE_TO_LOCKER: ObjectKind.CERTIFICATE,
    ConsentPurpose.DEPARTMENT_SYSTEMS: ObjectKind.DOCUMENT,
    ConsentPurpose.ASSISTANCE: ObjectKind.ASSISTANCE,
    ConsentPurpose.ROSTER: ObjectKind.APPLICATION,
}


async def given_consent(tx: Transaction, citizen_id: str, purpose: ConsentPurpose) -> Consent | None:
    """The consent of the ledger that holds now for a purpose."""
    present = present_of(await recorded_consents(tx, citizen_id), purpose)
    return present if present is not None and present.status(tx.clock.now()) is ConsentStatus.GIVEN else None


async def require_consent(env: Environment, subject: Subject, citizen_id: str, purpose: ConsentPurpose) -> None:
    """Require the citizen's valid consent; raises CONSENT_REQUIRED, or NOT_FOUND where access is denied.

    A subject who may not see what the consent is about does not learn its state either.
    """
    if await consent_state(env, citizen_id, purpose) is not ConsentState.MISSING:
        return
    if purpose_for(subject, of_citizen(citizen_id, _KINDS[purpose])) is None:
        raise not_found()
    raise Problems(consent_required(purpose))


async def consent_state(env: Environment, citizen_id: str, purpose: ConsentPurpose) -> ConsentState:
    """The state of the consent artefacts that are recorded with what departments hold of her.

    One that holds is enough: what was requested without one is reported separately.
    """
    if purpose is ConsentPurpose.LOCKER_DOCUMENTS:
        linked = await env.store.read(lambda tx: identities.locker_grant(tx, citizen_id))
        return ConsentState.GIVEN if linked else ConsentState.MISSING
    if purpose in LEDGER_ALONE:
        given = await env.store.read(lambda tx: given_consent(tx, citizen_id, purpose))
        return ConsentState.GIVEN if given else ConsentState.MISSING
    held = await env.store.read(lambda tx: department_documents.of_citizen(tx, citizen_id))
    wanted = [one for one in held if (one.publisher == RATION_CARD) is (purpose is ConsentPurpose.RATION_CARD)]
    if not wanted:
        return ConsentState.NOTHING_HELD
    now = env.clock.now()
    good = any(one.consent and (one.valid_until is None or one.valid_until > now) for one in wanted)
    return ConsentState.GIVEN if good else ConsentState.MISSING
