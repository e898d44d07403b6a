"""Revokes a withdrawn locker consent at DigiLocker too, through the outbox with retries.

Our own tokens become invalid in the transaction of the withdrawal. The row keeps them, marked, until DigiLocker knows
or she has consented anew; what is sent is never in the message of the outbox itself.
"""

import structlog

from actions.kernel import Environment, UnitOfWork
from domain.consents.consents import ConsentPurpose, ConsentStep
from domain.identity.policy import ObjectKind
from domain.kernel import SYSTEM, Source
from store.database import audit
from store.identity import identities
from store.platform import outbox

REVOKE = "locker.revoke"
"""The outbox topic of a locker whose consent is to be ended at DigiLocker."""

_log = structlog.get_logger(__name__)


async def follow_consent(acting: UnitOfWork, citizen_id: str, purpose: ConsentPurpose, step: ConsentStep) -> None:
    """What the end of a consent for her locker means for the link with it."""
    if purpose is ConsentPurpose.LOCKER_DOCUMENTS and step is not ConsentStep.GRANT:
        await plan_revocation(acting, citizen_id)


async def plan_revocation(acting: UnitOfWork, citizen_id: str) -> None:
    """Have DigiLocker notified of a linked locker that is not yet revoked; called before it is marked."""
    grant = await identities.locker_grant(acting.tx, citizen_id)
    if grant is not None:
        key = f"{citizen_id}:{grant.version}"
        payload = {"citizen_id": citizen_id, "version": str(grant.version + 1)}
        await outbox.add(acting.tx, REVOKE, key, payload)


async def revoke_locker(env: Environment, citizen_id: str, version: int) -> None:
    """End the consent at DigiLocker; may be run again. Raises RemoteError, upon which the outbox asks again.

    A locker that was linked anew meanwhile has a consent of its own, which stays.
    """
    ended = await env.store.read(lambda tx: identities.ended_grant(tx, citizen_id, version))
    if ended is None:
        return
    await env.partners.digilocker.revoke(ended.access_token)

    source = Source.DIGILOCKER.value
    await env.store.carry_out(
        lambda tx: audit.record(tx, SYSTEM.label, "locker.revoked", ObjectKind.CONSENT, None, source=source)
    )
    _log.info("locker_revoked")
