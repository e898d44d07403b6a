"""Runs `apuni verify`: checks of the whole store (docs/reliability.md section 5, invariants I1 to I6)."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from store.checks.consents import consents
from store.checks.contents import fields, files, vault_references
from store.checks.counting import transaction_ledger
from store.checks.endings import endings
from store.checks.fees import fees
from store.checks.figures import figures
from store.checks.finding import Finding
from store.checks.histories import histories
from store.checks.messages import messages
from store.checks.numbers import numbers, orders
from store.checks.payments import payments
from store.checks.references import references
from store.database import EncryptedObjects, Store, Transaction, audit
from store.database.dump import begin
from store.database.vault import Vault

MOST_TOLD = 200
"""Findings kept of one check; the rest is counted."""

Tell = Callable[[str, int], None]
"""Told the name of a check that is done and how many findings it had."""


Check = tuple[str, Callable[[Transaction], AsyncIterator[Finding]]]
"""The name of a check, and what runs it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check found; `many` counts also what is not kept."""

    name: str
    findings: tuple[Finding, ...]
    many: int


async def verify(
    store: Store, vault: Vault, objects: EncryptedObjects, *, tell: Tell, more: Sequence[Check] = ()
) -> list[Checked]:
    """Run every check on one moment of the store, and `more` that are not the store's own.

    Raises StoreError where it cannot be read.
    """
    done: list[Checked] = []
    async with store.read_transaction() as tx:
        await begin(tx)
        others = [(name, check(tx)) for name, check in more]
        for name, findings in [*_checks(tx, vault, objects), *others]:
            done.append(await _collect_findings(name, findings))
            tell(name, done[-1].many)
    broken = () if await audit.verify(store) else (Finding("AUDIT_CHAIN_IS_BROKEN", "audit"),)
    done.append(Checked("audit chain", broken, len(broken)))
    tell("audit chain", len(broken))
    return done


def _checks(tx: Transaction, vault: Vault, objects: EncryptedObjects) -> list[tuple[str, AsyncIterator[Finding]]]:
    return [
        ("reference numbers", numbers(tx)),
        ("histories", histories(tx)),
        ("ledger of e-transactions", transaction_ledger(tx)),
        ("figures", figures(tx)),
        ("orders of payment", orders(tx)),
        ("payment files", payments(tx)),
        ("fees", fees(tx)),
        ("outbox", messages(tx)),
        ("references between rows", references(tx)),
        ("ledger of consents", consents(tx)),
        ("ends of certificates", endings(tx)),
        ("encrypted fields", fields(tx)),
        ("vault", vault_references(tx, vault)),
        ("files", files(tx, objects)),
    ]


async def _collect_findings(name: str, findings: AsyncIterator[Finding]) -> Checked:
    kept: list[Finding] = []
    many = 0
    async for finding in findings:
        many += 1
        if len(kept) < MOST_TOLD:
            kept.append(finding)
    return Checked(name, tuple(kept), many)
