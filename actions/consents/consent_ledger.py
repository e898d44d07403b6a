"""Writes the consent ledger: the record and its audit line in one transaction."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from actions.kernel import UnitOfWork
from domain.consents.consent_notices import fingerprint_of
from domain.consents.consents import (
    DEFAULT_DAYS,
    SOURCES,
    Consent,
    ConsentPurpose,
    ConsentRecord,
    ConsentStep,
    consents_of,
)
from domain.identity.policy import ObjectKind, Purpose
from store.consents import consents
from store.database import Transaction


async def recorded_consents(tx: Transaction, citizen_id: str) -> list[Consent]:
    """A citizen's consents, the latest begun first."""
    return consents_of(await consents.of_citizen(tx, citizen_id))


async def write(
    acting: UnitOfWork,
    citizen_id: str,
    step: ConsentStep,
    purpose: ConsentPurpose,
    *,
    same: Consent | None,
    scope: tuple[str, ...],
    until: datetime | None,
    artefact: Mapping[str, Any],
) -> Consent:
    """Add a record to `same`, or begin a consent with it."""
    # The nearest day: her artefacts may have been signed for some seconds since she agreed to so many days.
    days = round((until - acting.now) / timedelta(days=1)) if until is not None else DEFAULT_DAYS
    record = await consents.add(
        acting.tx,
        ConsentRecord(
            id=acting.env.ids.key(),
            citizen_id=citizen_id,
            sequence=0,
            consent_id=same.id if same else acting.env.ids.key(),
            step=step,
            purpose=purpose,
            source=SOURCES[purpose],
            scope=scope,
            until=until,
            at=acting.now,
            actor=acting.subject.label,
            role=acting.role.value,
            notice_hash=fingerprint_of(purpose, days),
            artefact_hash="",
            link="",
            artefact=artefact,
        ),
    )
    await acting.record(
        f"consent.{step.value.lower()}",
        ObjectKind.CONSENT,
        record.consent_id,
        (Purpose.ASSIST if step is ConsentStep.ASK else Purpose.APPLY),
        **{"record": record.id, "link": record.link, "for": purpose.value},
    )
    return Consent((*(same.records if same else ()), record))
