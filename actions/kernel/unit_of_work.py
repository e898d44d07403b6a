"""The unit of work: actor, environment, transaction."""

from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Self, TypeVar, cast

from actions.kernel.environment import Environment
from domain.kernel import PersonKind, Role, Subject, ist_date
from domain.payments.budgets import ReportedBalance
from store.database import Transaction, audit

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """Who acts, with what, in which transaction; given to every inner step of a verb."""

    env: Environment
    tx: Transaction
    subject: Subject
    decides_for: str | None = None
    """Whose decision it is, where a second officer confirms that of a first one."""
    remark: str | None = None
    """What each timeline entry of this action says beside its own note."""

    signed_at: datetime | None = None
    """When the officer signed the decision on a device without a connection, where that instant counts."""

    balances: Mapping[str, ReportedBalance | None] = field(default_factory=dict)
    """By scheme, the balance that the treasury reported before the transaction; None where it did not answer."""

    known: dict[Hashable, Any] | None = field(default=None, compare=False)
    """What was read once for all cases of a batch; None where everything is read anew."""

    def with_cache(self) -> Self:
        """The same, for a batch of many cases in which posts, leaves, calendar and catalogue do not change."""
        return replace(self, known={})

    async def load_once(self, key: Hashable, load: Callable[[], Awaitable[T]]) -> T:
        """What `load` gives, in a batch read the first time only; the key names it in full."""
        if self.known is None:
            return await load()
        if key not in self.known:
            self.known[key] = await load()
        return cast("T", self.known[key])

    @property
    def now(self) -> datetime:
        """The present instant by the environment's clock."""
        return self.env.clock.now()

    @property
    def today(self) -> date:
        """The legal date of now, in India."""
        return ist_date(self.now)

    @property
    def actor(self) -> str:
        """The key of the person who acts; for what is no person, the name that audit lines have."""
        return self.subject.person_id or self.subject.label

    @property
    def role(self) -> Role:
        """The role that timeline and receipts name."""
        return role_of(self.subject)

    async def record(
        self, action: str, object_kind: str, object_id: str | None, purpose: str | None = None, /, **detail: Any
    ) -> None:
        """Write the audit line of a step; `detail` holds codes only, never texts."""
        await audit.record(self.tx, self.subject.label, action, object_kind, object_id, purpose, **detail)


def role_of(subject: Subject) -> Role:
    """The role that timeline and receipts name: the person's kind first, else the first role held."""
    by_kind = {PersonKind.CITIZEN: Role.CITIZEN, PersonKind.OPERATOR: Role.OPERATOR}
    first = by_kind.get(subject.kind, Role.OFFICER) if subject.kind else None
    return first if first in subject.roles else min(subject.roles, key=lambda role: role.value)
