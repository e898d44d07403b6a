"""Named points at which a test can kill the process as by `kill -9`; only the demo profile can arm one."""

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

MESSAGE_CLAIMED = "message.claimed"
MESSAGE_BEGUN = "message.begun"
MESSAGE_SENT = "message.sent"
MESSAGE_NOTED = "message.noted"
CODE_GIVEN = "code.given"

MESSAGES = (MESSAGE_CLAIMED, MESSAGE_BEGUN, MESSAGE_SENT, MESSAGE_NOTED, CODE_GIVEN)
"""The steps of a message: claimed, marked as being sent, with the provider, noted; a code with the provider."""

DEPARTMENT_ANSWERED = "connector.answered"
"""A department's system has answered a write, and nothing is noted of it."""

ROWS_KEPT = "statement.rows_kept"
STATEMENT_READ = "statement.read"
STATEMENT_REFUSED = "statement.refused"
STATEMENT_ARCHIVED = "statement.archived"
RUN_MOVED = "reconciliation.moved"
RUN_COMMITTED = "reconciliation.committed"
TOTALS_KEPT = "reconciliation.totals_kept"
CASE_OPENED = "finance_case.opened"
ENQUIRY_HEARD = "payment_enquiry.heard"
MONTH_STATED = "month.stated"
MONTH_COMMITTED = "month.committed"
REPORT_QUEUED = "bharat.queued"
REPORT_TAKEN = "bharat.taken"
SCROLL_KEPT = "scroll.kept"
SCROLL_COMPARED = "scroll.compared"

RECONCILIATION = (
    ROWS_KEPT,
    STATEMENT_READ,
    STATEMENT_REFUSED,
    STATEMENT_ARCHIVED,
    RUN_MOVED,
    RUN_COMMITTED,
    TOTALS_KEPT,
    CASE_OPENED,
    ENQUIRY_HEARD,
    MONTH_STATED,
    MONTH_COMMITTED,
    REPORT_QUEUED,
    REPORT_TAKEN,
    SCROLL_KEPT,
    SCROLL_COMPARED,
)
"""The steps of reconciliation. Of a statement: some rows kept, all counted, refused in our ledger, moved at PFMS. Of a
run: a step done and not committed, committed, the sums kept. A case written whose history is not; the treasury heard
and not noted; a month's statement before and after its commit; a report queued, taken by DBT Bharat and not noted; a
scroll of fees kept and not compared, compared and not noted.
"""

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
    *MESSAGES,
    DEPARTMENT_ANSWERED,
    *RECONCILIATION,
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
    """Kill the process here, where the point is armed and its count is reached, without flushing anything."""
    if point not in _left:
        return
    _left[point] -= 1
    if _left[point] <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
