"""Root fields about public money, for finance officers in their places and for auditors."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Any, TypeVar

import strawberry

from actions.payments.signers import known_signers
from actions.reconciliation.finance_desk import case_with_history, of_case, of_payee, reach_of
from actions.reconciliation.finance_totals import statement_lines
from domain.benefits.benefits import Rail
from domain.identity.policy import ObjectKind
from domain.payments.files import BatchState
from domain.reconciliation.finance_cases import CaseState, DifferenceKind, FinanceCase
from domain.reconciliation.reconciliation import ReconciliationRun
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    Connection,
    Info,
    Listing,
    Part,
    Window,
    assumed_list_size,
    connection_field,
    count_reader,
    page_reader,
    resolver_field,
    stored_listing,
)
from schema.reconciliation import types as views
from store.benefits import bharat_reports
from store.database import Transaction
from store.payments import payment_queues
from store.payments.payment_queues import PaymentQueue, QueuedPayment, QueueFilter
from store.reconciliation import finance_cases, finance_totals, reconciliation
from store.reconciliation.finance_cases import CaseFilter

Row = TypeVar("Row")
MOST_LINES = 1_000
"""Lines of totals and statements that are shown at once; the CSV holds all of them."""
_GUARDED = [AUTHENTICATED, NEVER_SILENTLY_NULL]


@strawberry.input(description="Which cases of money are listed.")
class FinanceCaseFilter:
    states: list[CaseState] | None = strawberry.field(
        default=None, description="Only these; left out, those that are not settled."
    )
    kinds: list[DifferenceKind] | None = strawberry.field(default=None, description="Only differences of these kinds.")
    scheme_code: str | None = strawberry.field(default=None, description="Only of this scheme.")
    district: str | None = strawberry.field(default=None, description="Only of this district, by its code.")
    critical: bool | None = strawberry.field(default=None, description="Only critical ones, or only others.")

    def to_criteria(self) -> CaseFilter:
        """The filter of the store."""
        return CaseFilter(
            states=self.states or finance_cases.OPEN_STATES,
            kinds=self.kinds or (),
            scheme_code=self.scheme_code,
            district=self.district,
            critical=self.critical,
        )


@strawberry.type
class FinanceQuery:
    @connection_field(
        Connection[views.FinanceCase] | None,
        description="Differences in public money in the finance officer's places, the newest first; all of them for an "
        "auditor. Null with NOT_FOUND for everybody else.",
        directives=_GUARDED,
    )
    async def finance_cases(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002 - the argument's name in the graph
            FinanceCaseFilter | None, strawberry.argument(description="Which cases.")
        ] = None,
    ) -> Listing[FinanceCase]:
        reach = reach_of(info.context.subject)
        wanted = (filter or FinanceCaseFilter()).to_criteria()
        name = f"finance-cases:{info.context.subject.person_id}:{wanted}"
        found = finance_cases.cases(reach, wanted)
        return stored_listing(info, name, found, views.FinanceCase.of, resource=of_case)

    @resolver_field(
        description="One case of money with its history. Null where it is not there or not in one's places.",
        directives=_GUARDED,
    )
    async def finance_case(
        self, info: Info, case_id: Annotated[str, strawberry.argument(description="The case.")]
    ) -> views.FinanceCaseRecord | None:
        reach_of(info.context.subject)
        found = await case_with_history(info.context.environment, info.context.subject, case_id)
        return None if found is None else views.FinanceCaseRecord.of(*found)

    @connection_field(
        Connection[views.QueuedPaymentLine] | None,
        description="Payments of one's places that wait, are on their way, came back or are on their way for too long, "
        "the longest first. Null with NOT_FOUND for those who pay nothing.",
        directives=_GUARDED,
    )
    async def payment_queue(
        self,
        info: Info,
        queue: Annotated[PaymentQueue, strawberry.argument(description="Which queue.")],
        scheme_code: Annotated[str | None, strawberry.argument(description="Only of this scheme.")] = None,
        district: Annotated[str | None, strawberry.argument(description="Only of this district.")] = None,
        rail: Annotated[Rail | None, strawberry.argument(description="Only those that go this way.")] = None,
    ) -> Listing[QueuedPayment]:
        reach = reach_of(info.context.subject, ObjectKind.FINANCE_BOOK)
        wanted = QueueFilter(queue, scheme_code, district, rail)
        return Listing(
            f"payment-queue:{info.context.subject.person_id}:{wanted}",
            page_reader(
                info,
                lambda tx, part: payment_queues.page(tx, reach, wanted, **part.where),
                lambda one: of_payee(reach, one.sanction_id, one.citizen_id, one.department, one.district),
            ),
            count_reader(info, lambda tx: payment_queues.count_of(tx, reach, wanted)),
            lambda one: (one.since.isoformat(), one.id),
            views.QueuedPaymentLine.of,
        )

    @connection_field(
        Connection[views.PaymentBatch] | None,
        description="Files for PFMS, the newest first; they name nobody. Null with NOT_FOUND for those who pay "
        "nothing.",
        directives=_GUARDED,
    )
    async def payment_batches(
        self,
        info: Info,
        states: Annotated[
            list[BatchState] | None, strawberry.argument(description="Only these; left out, every one.")
        ] = None,
    ) -> Listing[Any]:
        reach_of(info.context.subject, ObjectKind.FINANCE_BOOK)
        wanted = [state.value for state in states or ()]
        return Listing(
            f"payment-batches:{info.context.subject.person_id}:{wanted}",
            _read(info, lambda tx, part: payment_queues.page_of_batches(tx, wanted, **part.where)),
            count_reader(info, lambda tx: payment_queues.count_batches(tx, wanted)),
            lambda row: (row.created_at.isoformat(), row.id),
            views.PaymentBatch.of,
        )

    @resolver_field(
        description="The certificates that sign files for PFMS and what PFMS says of them, the one that signs now "
        "first. Null with NOT_FOUND for those who pay nothing.",
        directives=[*_GUARDED, assumed_list_size(10)],
    )
    async def payment_signers(self, info: Info) -> list[views.PaymentSigner] | None:
        reach_of(info.context.subject, ObjectKind.FINANCE_BOOK)
        return [views.PaymentSigner.of(one) for one in await known_signers(info.context.environment)]

    @connection_field(
        Connection[views.ReconciliationRun] | None,
        description="The daily comparisons with the partners' books, the newest first, with their progress. Null with "
        "NOT_FOUND for those who pay nothing.",
        directives=_GUARDED,
    )
    async def reconciliation_runs(
        self,
        info: Info,
        rail: Annotated[Rail | None, strawberry.argument(description="Only with this partner.")] = None,
    ) -> Listing[ReconciliationRun]:
        reach_of(info.context.subject, ObjectKind.FINANCE_BOOK)
        name = f"reconciliation-runs:{info.context.subject.person_id}:{rail}"
        return stored_listing(info, name, reconciliation.runs(rail), views.ReconciliationRun.of)

    @resolver_field(
        description="What stands where in one's places by the month that is paid for, scheme and district, as it was "
        "added up last; the newest month first, at most 1000 lines. Null with NOT_FOUND for those who pay nothing.",
        directives=[*_GUARDED, assumed_list_size(100)],
    )
    async def payment_totals(
        self,
        info: Info,
        from_month: Annotated[date | None, strawberry.argument(description="Any day of the first month.")] = None,
        until_month: Annotated[date | None, strawberry.argument(description="Any day of the last month.")] = None,
        scheme_code: Annotated[str | None, strawberry.argument(description="Only of this scheme.")] = None,
        district: Annotated[str | None, strawberry.argument(description="Only of this district.")] = None,
    ) -> list[views.PaymentTotal] | None:
        reach = reach_of(info.context.subject, ObjectKind.FINANCE_BOOK)
        months = (_month_name(from_month), _month_name(until_month))
        async with info.context.environment.store.read_transaction() as tx:
            found = await finance_totals.stored_totals(
                tx, reach, months=months, scheme_code=scheme_code, district=district, limit=MOST_LINES
            )
        return [views.PaymentTotal.of(one) for one in found]

    @resolver_field(
        description="What moved in a month that is over, by scheme and district of one's places, as it was known at "
        "its end, at most 200 lines; /finance/statement.csv holds them all. Null with NOT_FOUND for those who pay "
        "nothing.",
        directives=[*_GUARDED, assumed_list_size(50)],
    )
    async def month_statement(
        self,
        info: Info,
        month: Annotated[date, strawberry.argument(description="Any day of the month.")],
        scheme_code: Annotated[str | None, strawberry.argument(description="Only of this scheme.")] = None,
        district: Annotated[str | None, strawberry.argument(description="Only of this district.")] = None,
    ) -> list[views.MonthStatementLine] | None:
        environment, subject = info.context.environment, info.context.subject
        lines = await anext(statement_lines(environment, subject, month, scheme_code=scheme_code, district=district))
        return [views.MonthStatementLine.of(one) for one in lines]

    @resolver_field(
        description="What DBT Bharat was told of every scheme in a month. Null with NOT_FOUND for those who pay "
        "nothing.",
        directives=[*_GUARDED, assumed_list_size(50)],
    )
    async def bharat_reports(
        self, info: Info, month: Annotated[date, strawberry.argument(description="Any day of the month.")]
    ) -> list[views.BharatReport] | None:
        reach_of(info.context.subject, ObjectKind.FINANCE_BOOK)
        found = await info.context.environment.store.read(lambda tx: bharat_reports.of_month(tx, f"{month:%Y-%m}"))
        return [views.BharatReport.of(one) for one in found]


def _month_name(day: date | None) -> str | None:
    return None if day is None else f"{day:%Y-%m}"


def _read(
    info: Info, read: Callable[[Transaction, Part], Awaitable[list[Row]]]
) -> Callable[[Window], Awaitable[list[Row]]]:
    """Rows of a page that name nobody."""

    async def rows(window: Window) -> list[Row]:
        return await info.context.environment.store.read(lambda tx: read(tx, Part.of(window)))

    return rows
