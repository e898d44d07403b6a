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

APPLYING = {
    "SaveMyDraft": "/my/apply/{application[service][code]}/{application[number]}",
    "SubmitMyApplication": "/my/applications/{application[number]}/acknowledgement",
}
CITIZEN_PAGES = (
    Page("/my", "citizen/home.html", "MyHome", people=CITIZENS),
    Page("/my/apply/{code}", "citizen/apply.html", "MyApply", people=CITIZENS, found="service", forms=APPLYING),
    Page(
        "/my/apply/{code}/{draft}",
        "citizen/apply.html",
        "MyDraft",
        people=CITIZENS,
        found="application",
        forms=APPLYING,
    ),
    Page(
        "/my/applications/{number}",
        "citizen/application.html",
        "MyApplication",
        people=CITIZENS,
        found="application",
        forms={"PayMyFee": "{redirect[pageUrl]}", "WithdrawMyApplication": None, "AnswerMyQuery": None},
    ),
    Page(
        "/my/applications/{number}/acknowledgement",
        "citizen/acknowledgement.html",
        "MyAcknowledgement",
        people=CITIZENS,
        found="application",
    ),
)

PAGES = (*PUBLIC_PAGES, *CITIZEN_PAGES, *OFFICER_PAGES)
