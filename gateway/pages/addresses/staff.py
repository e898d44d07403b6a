"""The pages of administrators: orders about people that wait."""

from gateway.pages.addresses.officer import OFFICERS
from gateway.pages.site import Page

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
