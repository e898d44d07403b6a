"""The pages that are published operations: the address, the operation and the template of each."""

from domain.kernel import PersonKind
from gateway.pages.desk_addresses import OFFICER_PAGES
from gateway.pages.site import Page

CITIZENS = frozenset({PersonKind.CITIZEN})
OPERATORS = frozenset({PersonKind.OPERATOR})

PUBLIC_PAGES = (
    Page("/", "public/front.html", "FrontPage"),
    Page("/services", "public/services.html", "FindServices"),
    Page("/services/{code}", "public/service.html", "ServiceForPeople", found="service"),
)

CITIZEN_PAGES = (
    Page("/my", "citizen/home.html", "MyHome", people=CITIZENS),
    Page(
        "/my/applications/{number}",
        "citizen/application.html",
        "MyApplication",
        people=CITIZENS,
        found="application",
        forms={"WithdrawMyApplication": None, "AnswerMyQuery": None},
    ),
)

PAGES = (*PUBLIC_PAGES, *CITIZEN_PAGES, *OFFICER_PAGES)
