"""Every table of the store in one MetaData, for migrations and checks."""

from store import (
    accesses,
    application_rows,
    audit,
    benefits,
    calendar,
    catalogue_rows,
    certificates,
    counters,
    department_documents,
    idempotency,
    identities,
    leases,
    ledger,
    outbox,
    people,
    seeds,
    sessions,
    sign_ins,
    timeline,
)
from store.metadata import metadata

__all__ = ["MODULES", "metadata"]

MODULES = (
    accesses,
    application_rows,
    audit,
    benefits,
    calendar,
    catalogue_rows,
    certificates,
    counters,
    department_documents,
    idempotency,
    identities,
    leases,
    ledger,
    outbox,
    people,
    seeds,
    sessions,
    sign_ins,
    timeline,
)
"""The modules that declare tables."""
