"""Reference numbers that nothing has yet: of millions of random ones some are drawn twice.

Ten random digits (domain/numbers.py) meet one of two million numbers of a year once in five thousand times.
"""

from domain.clock import ist_date
from domain.ids import Ids
from domain.numbers import NumberKind, make_number
from store import numbers
from store.engine import Transaction
from store.errors import AlreadyThere

ROUNDS = 50
"""Of drawing; as many in vain mean that the digits are not random."""


async def draw_number(tx: Transaction, ids: Ids, kind: NumberKind) -> str:
    """A free reference number of the present year in India. Raises AlreadyThere after ROUNDS in vain."""
    return (await draw_numbers(tx, ids, kind, 1))[0]


async def draw_numbers(tx: Transaction, ids: Ids, kind: NumberKind, many: int) -> list[str]:
    """As `draw_number`, so many different ones."""
    year = ist_date(tx.clock.now()).year
    found: dict[str, None] = {}
    for _ in range(ROUNDS):
        drawn = [make_number(kind, year, ids.digits(10)) for _ in range(many - len(found))]
        taken = await numbers.in_use(tx, kind, drawn)
        found.update(dict.fromkeys(number for number in drawn if number not in taken))
        if len(found) == many:
            return list(found)
    raise AlreadyThere("a reference number")
