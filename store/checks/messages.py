"""Checks the outbox: each delivery had its effect once, and nothing waits for a missing message (I4)."""

from collections.abc import AsyncIterator

from sqlalchemy import ColumnElement, and_, exists, not_, or_, select

from domain.applications.lifecycle import Status
from domain.benefits.benefits import PaymentStatus, Rail
from domain.catalogue.catalogue import ISSUED
from store.applications.application_rows import applications_table
from store.applications.imports import is_held
from store.benefits.benefits import instalments_table
from store.catalogue.catalogue_rows import services_table
from store.certificates.certificates import certificates_table
from store.checks.finding import Finding, findings, in_turn
from store.database import Transaction
from store.platform.outbox import OutboxState, outbox_table

ISSUE, INSTRUCT = "certificate.issue", "dbt.instruct"
"""The topics whose effect is in the store; a test compares them with those of the actions."""

_O, _A, _I = outbox_table.c, applications_table.c, instalments_table.c
_OPEN = _O.state.in_((OutboxState.PENDING.value, OutboxState.DEAD.value))


def messages(tx: Transaction) -> AsyncIterator[Finding]:
    """Certificates for what was delivered as issued, payments for what was delivered as instructed, none forgotten."""
    wrong = {code: select(_O.id).where(condition) for code, condition in _WRONG.items()}
    waiting = select(_A.id).join(services_table, services_table.c.code == _A.service_code)
    waiting = waiting.where(
        _A.status == Status.APPROVED.value,
        services_table.c.outcome.in_([one.value for one in ISSUED]),
        not_(_message_for(ISSUE, _A.id)),
        not_(is_held(_A.id)),
    )
    unpaid = select(_I.id).where(
        _I.status == PaymentStatus.SANCTIONED.value,
        or_(_I.rail.is_(None), _I.rail == Rail.IFMS.value),
        _I.hold.is_(None),
        not_(_message_for(INSTRUCT, _I.id)),
    )
    return in_turn(
        findings(tx, wrong, _O.id, "outbox"),
        findings(tx, {"APPROVED_WITHOUT_MESSAGE": waiting}, _A.id, "application"),
        findings(tx, {"SANCTIONED_WITHOUT_MESSAGE": unpaid}, _I.id, "instalment"),
    )


def _message_for(topic: str, key: ColumnElement[str]) -> ColumnElement[bool]:
    return exists().where(_O.topic == topic, _O.key == key, _OPEN)


def _was_delivered(topic: str) -> ColumnElement[bool]:
    return and_(_O.topic == topic, _O.state == OutboxState.DELIVERED.value, _O.error_code.is_(None))


_WRONG = {
    "DELIVERED_WITHOUT_CERTIFICATE": and_(
        _was_delivered(ISSUE), not_(exists().where(certificates_table.c.application_id == _O.key))
    ),
    "DELIVERED_WITHOUT_PAYMENT": and_(
        _was_delivered(INSTRUCT),
        not_(exists().where(_I.id == _O.key, or_(_I.status != PaymentStatus.SANCTIONED.value, _I.hold.is_not(None)))),
    ),
    "DELIVERED_WITHOUT_TIME": and_(_O.state == OutboxState.DELIVERED.value, _O.delivered_at.is_(None)),
    "LEASE_WITHOUT_WORKER": and_(_O.lease_until.is_not(None), _O.leased_by.is_(None)),
}
