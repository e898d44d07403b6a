"""The pages of finance officers: cases of money, and payments."""

from gateway.pages.addresses.officer import OFFICERS
from gateway.pages.site import Page

_STEPS = ("TakeMoneyCase", "NoteMoneyCase", "SettleMoneyCase", "AnswerMoneyCase")

FINANCE_PAGES = (
    Page("/finance", "finance/cases.html", "FinanceDesk", OFFICERS, found="financeCases"),
    Page(
        "/finance/cases/{caseId}",
        "finance/case.html",
        "FinanceCaseForPeople",
        OFFICERS,
        found="financeCase",
        forms=dict.fromkeys(_STEPS),
    ),
    Page("/finance/payments", "finance/payments.html", "FinancePayments", OFFICERS, found="paymentQueue"),
)
