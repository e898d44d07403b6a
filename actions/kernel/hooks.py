"""What the nouns do for one another by registration: the types of the fields of Registry."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from actions.kernel.environment import Environment
from actions.kernel.jurisdiction import Holder
from actions.kernel.unit_of_work import UnitOfWork
from domain.appeals.appeals import Appeal
from domain.applications.applications import Application
from domain.consents.consents import ConsentPurpose, ConsentStep
from domain.officers.desk import Draft
from domain.reconciliation.finance_cases import CaseOutcome, FinanceCase
from store.database import Transaction

ConsentFollower: TypeAlias = Callable[[UnitOfWork, str, ConsentPurpose, ConsentStep], Awaitable[None]]
ConsentScopes: TypeAlias = Callable[[Transaction], Awaitable[tuple[str, ...]]]
BeginSteps: TypeAlias = Callable[[UnitOfWork, Application], Awaitable[Application]]
WaitForSecondOfficer: TypeAlias = Callable[[UnitOfWork, Application, Draft], Awaitable[bool]]
ReassignAppeal: TypeAlias = Callable[[UnitOfWork, Appeal, Holder], Awaitable[bool]]


class FeeCases(Protocol):
    """What resolving a finance case means for the fee that it is about; nothing for every other case."""

    async def at_stake(self, tx: Transaction, case: FinanceCase, outcome: CaseOutcome) -> int | None:
        """The amount in paise that an outcome is about; raises STEP_NOT_ALLOWED for one that is not possible."""

    async def give_back(self, acting: UnitOfWork, case: FinanceCase) -> None:
        """Order the refund of the fee; raises as `at_stake`, and SOURCE_UNAVAILABLE."""

    async def ask_source_again(self, env: Environment, case: FinanceCase) -> None:
        """Ask the source of the money once more before the case is resolved."""
