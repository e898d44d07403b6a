"""The pages of finance officers and administrators: cases of money, payments, and orders that wait."""

from gateway.pages.desk_addresses import OFFICERS
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
STAFF_PAGES = (
    Page(
        "/staff",
        "staff/orders.html",
        "StaffOrders",
        OFFICERS,
        found="waitingOrders",
        forms=dict.fromkeys(("AnswerTransfer", "ConfirmCover")),
    ),
)
