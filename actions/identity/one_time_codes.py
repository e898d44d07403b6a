"""Limits how many one-time codes are made for one mobile number, and so how many guesses are possible.

The count is in the store, in the transaction that makes the code: no alias of a document, no second process and no
restart gets round it (docs/reliability.md section 4).
"""

from datetime import timedelta

from actions.kernel import Environment
from domain.kernel import rate_limited
from store.database import Transaction
from store.feedback import tracking

WINDOW = timedelta(hours=1)
_KIND = "one_time_code"


async def count_code(env: Environment, tx: Transaction, mobile: str, path: tuple[str, ...]) -> None:
    """Count one code for a number, before it is made. Raises Problems with RATE_LIMITED where there were enough."""
    made, since = await tracking.count_try(tx, _KIND, mobile, window=WINDOW)
    if made > env.rules.care.codes_per_number:
        seconds = max(int((since + WINDOW - tx.clock.now()).total_seconds()), 1)
        raise rate_limited(seconds, *path)
