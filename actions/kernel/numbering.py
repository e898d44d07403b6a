"""Draws reference numbers and certificate addresses that are not yet in use; random ones may collide.

Ten random digits (domain/kernel/numbers.py) meet one of two million numbers of a year once in five thousand times.
"""

from collections.abc import Sequence

from domain.kernel import Ids, NumberKind, ist_date, make_number
from store.certificates import certificates
from store.database import AlreadyThere, Transaction
from store.platform import numbers

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


async def draw_status_index(tx: Transaction, ids: Ids, room: int) -> int:
    """A random status index below `room` that no certificate has; raises as `draw_number`."""
    for _ in range(ROUNDS):
        drawn = [int(ids.digits(15)) % room for _ in range(4)]
        taken = await certificates.indexes_in_use(tx, drawn)
        if free := [index for index in drawn if index not in taken]:
            return free[0]
    raise AlreadyThere("a status index")


async def draw_uris(tx: Transaction, ids: Ids, issuer_id: str, doctypes: Sequence[str]) -> list[str]:
    """A free URI for a new certificate of each of the document types, in their order; raises as `draw_number`."""
    found: dict[str, None] = {}
    for _ in range(ROUNDS):
        drawn = [f"{issuer_id}-{doctype}-{ids.digits(10)}" for doctype in doctypes[len(found) :]]
        taken = await certificates.uris_in_use(tx, drawn)
        for uri in drawn:
            if uri in taken or uri in found:
                break  # the rest goes by their order, so it is drawn anew with this one
            found[uri] = None
        if len(found) == len(doctypes):
            return list(found)
    raise AlreadyThere("the URI of a certificate")
