"""Marked points at which a test lets the process die as by `kill -9`. Only the demo profile ever arms one."""

import os
import signal

BEFORE_COMMIT = "store.before_commit"
AFTER_COMMIT = "store.after_commit"
VERB_BEFORE_COMMIT = "verb.before_commit"
VERB_AFTER_COMMIT = "verb.after_commit"
CLAIMED = "outbox.claimed"
SENT = "outbox.sent"
RECORDED = "outbox.recorded"
MIGRATED = "migration.before_commit"
FEE_HEARD = "fee.heard"
PAYMENT_BUILT = "payment.built"
PAYMENT_SEALED = "payment.sealed"
PAYMENT_SENT = "payment.sent"
PAYMENT_NOTED = "payment.noted"
ANSWER_FETCHED = "payment.answer_fetched"
ANSWER_APPLIED = "payment.answer_applied"

PAYMENTS = (PAYMENT_BUILT, PAYMENT_SEALED, PAYMENT_SENT, PAYMENT_NOTED, ANSWER_FETCHED, ANSWER_APPLIED)
"""The steps of a payment file: batch made, file signed and kept, at PFMS, noted as sent; answer kept, applied."""

POINTS = (
    BEFORE_COMMIT,
    AFTER_COMMIT,
    VERB_BEFORE_COMMIT,
    VERB_AFTER_COMMIT,
    CLAIMED,
    SENT,
    RECORDED,
    MIGRATED,
    FEE_HEARD,
    *PAYMENTS,
)
"""Every point; `name:3` means the third time that it is reached.

Every transaction passes those of `store`, also the beat of the process; those of `verb` only what came under a key.
"""

_left: dict[str, int] = {}


def arm(where: str | None) -> None:
    """Let the process die at a point, written `name` or `name:times`; None for nowhere. Raises ValueError."""
    _left.clear()
    if where is None:
        return
    name, _, times = where.partition(":")
    if name not in POINTS:
        raise ValueError("there is no such crash point")
    _left[name] = int(times or 1)


def reach(point: str) -> None:
    """Die here, where the point is armed and its time has come; nothing is flushed and nobody is told."""
    if point not in _left:
        return
    _left[point] -= 1
    if _left[point] <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
