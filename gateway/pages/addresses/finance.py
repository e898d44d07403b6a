"""The pages of finance officers: cases of money, payments and fees."""

from domain.kernel import PersonKind
from gateway.pages.addresses.rows import page_rows

_page = page_rows("finance", PersonKind.OFFICER)
_STEPS = "TakeMoneyCase NoteMoneyCase SettleMoneyCase AnswerMoneyCase"

FINANCE_PAGES = (
    _page("/finance", "cases", "FinanceDesk", "financeCases"),
    _page("/finance/cases/{caseId}", "case", "FinanceCaseForPeople", "financeCase", _STEPS),
    _page("/finance/payments", "payments", "FinancePayments", "paymentQueue"),
    _page("/finance/files", "files", "FinanceFiles", "paymentBatches"),
    _page("/finance/runs", "runs", "FinanceRuns", "reconciliationRuns"),
    _page("/finance/totals", "totals", "FinanceTotals", "paymentTotals"),
    _page("/finance/months/{month}", "month", "FinanceMonth", "monthStatement"),
    _page("/finance/payees", "payees", "FinancePayees", "paymentBeneficiaries"),
    _page("/finance/fees", "fees", "FinanceFees", "viewer.feePayments", RecordMoneyRefund="/finance/fees"),
)
