"""What an installation can show after a breach and after an erasure: who is concerned, and that nothing is left."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from actions.kernel import Environment
from actions.privacy.personal_data import ERASED_ACTION
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import Subject
from store.database import Transaction, audit
from store.identity import accesses, people
from store.privacy import personal, personal_rules

LISTED_ACTION = "breach.listed"
"""The audit line of a list of persons concerned."""


@dataclass(frozen=True, slots=True)
class Concerned:
    """A citizen whose data were read so many times; none where the list is of all who are stored."""

    citizen_id: str
    reads: int = 0
    first: datetime | None = None
    last: datetime | None = None


async def persons_concerned(
    env: Environment,
    subject: Subject,
    since: datetime,
    until: datetime,
    *,
    by: str | None = None,
    everybody: bool = False,
) -> list[Concerned]:
    """Whose data were read from an instant until before another, by their receipts (DPDP Rules 2025, rule 7).

    Only reads of somebody else leave a receipt. That the list was made is an audit line.
    """

    async def work(tx: Transaction) -> list[Concerned]:
        if everybody:
            erased = await audit.objects_of(tx, ObjectKind.CITIZEN.value, ERASED_ACTION)
            found = [Concerned(one) for one in await people.stored_citizens(tx) if one not in erased]
        else:
            found = [Concerned(*row) for row in await accesses.count_reads(tx, since, until, by)]
        detail = {"since": since.isoformat(), "until": until.isoformat(), "by": by, "persons": len(found)}
        await audit.record(tx, subject.label, LISTED_ACTION, ObjectKind.CITIZEN, None, Purpose.OPERATE, **detail)
        return found

    return await env.store.carry_out(work)


@dataclass(frozen=True, slots=True)
class ErasureProof:
    """An erasure as the audit log and the list outside of the store have it, and what an erasure would still find.

    `erasures` are its audit lines, each with its place in the chain and the link there, None until it is sealed.
    """

    citizen_id: str
    erasures: tuple[Mapping[str, Any], ...]
    listed_at: datetime | None
    left: Mapping[str, int]

    @property
    def complete(self) -> bool:
        """Whether she was erased, is on the list that outlives a restore, and nothing is left."""
        return bool(self.erasures) and self.listed_at is not None and not self.left

    def as_json(self) -> dict[str, Any]:
        """The same for other programs, with the rule for each table that stays."""
        return {
            "citizen": self.citizen_id,
            "complete": self.complete,
            "erasures": list(self.erasures),
            "onListSince": self.listed_at.isoformat() if self.listed_at else None,
            "leftRows": dict(self.left),
            "kept": dict(personal_rules.KEPT),
        }


class _NotMeantToStay(Exception):
    """Undoes the erasure by which was seen what is left."""


async def erasure_proof(env: Environment, citizen_id: str) -> ErasureProof:
    """The proof of an erasure; it changes nothing. Raises StoreError."""
    kind = ObjectKind.CITIZEN.value
    lines = await env.store.read(lambda tx: audit.sealed_lines(tx, kind, citizen_id, ERASED_ACTION))
    erasures = tuple(
        {
            "at": line.at.isoformat(),
            "by": line.actor,
            "rows": line.detail.get("rows"),
            "sequence": line.sequence,
            "link": line.link,
        }
        for line in lines
    )
    listed = {} if env.erasures is None else await asyncio.to_thread(env.erasures.erasure_times)
    left: dict[str, int] = {}
    try:
        async with env.store.write_transaction() as tx:
            left = await personal.erase(tx, citizen_id)
            raise _NotMeantToStay  # noqa: TRY301 - the transaction ends by it
    except _NotMeantToStay:
        pass
    return ErasureProof(citizen_id, erasures, listed.get(citizen_id), left)
