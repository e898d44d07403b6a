"""The pages that are published operations: the address, the operation and the template of each."""

from domain.kernel import PersonKind
from gateway.pages.citizen_addresses import CITIZEN_PAGES
from gateway.pages.desk_addresses import OFFICER_PAGES
from gateway.pages.money_addresses import FINANCE_PAGES, STAFF_PAGES
from gateway.pages.site import Page

PUBLIC_PAGES = (
    Page("/", "public/front.html", "FrontPage"),
    Page("/services", "public/services.html", "FindServices"),
    Page("/services/{code}", "public/service.html", "ServiceForPeople", found="service"),
    Page(
        "/track",
        "public/track.html",
        "TrackForPeople",
        found="trackApplication",
        asks=(("by.number",), ("by.secondFactor.mobileLast4", "by.secondFactor.bornOn")),
        posted=True,
    ),
    *(
        Page(path, "public/verify.html", "Verify", found="verifyCertificate", asks=(("number",),), for_programs=True)
        for path in ("/verify", "/verify/{number:path}")
    ),
)

OPERATORS = frozenset({PersonKind.OPERATOR})
_APPLYING = {
    "SaveMyDraft": "/counter/apply/{application[service][code]}/{application[number]}",
    "SubmitMyApplication": "/counter/applications/{application[number]}/acknowledgement",
}
_APPLICATION = "/counter/applications/{number}"

OPERATOR_PAGES = (
    Page(
        "/counter",
        "counter/home.html",
        "Counter",
        OPERATORS,
        forms={"CounterAskAssistance": "/counter/code/{assistance[assistanceId]}", "CounterEndAssistance": None},
    ),
    Page(
        "/counter/code/{id}", "counter/code.html", "Counter", OPERATORS, forms={"CounterConfirmAssistance": "/counter"}
    ),
    Page("/counter/services", "counter/services.html", "ServicesAtCounter", OPERATORS),
    Page("/counter/apply/{code}", "counter/apply.html", "CounterApply", OPERATORS, found="service", forms=_APPLYING),
    Page(
        "/counter/apply/{code}/{draft}",
        "counter/apply.html",
        "CounterDraft",
        OPERATORS,
        found="application",
        forms=_APPLYING,
    ),
    Page(
        _APPLICATION,
        "counter/application.html",
        "MyApplication",
        OPERATORS,
        found="application",
        forms={"PayMyFee": "{redirect[pageUrl]}", "AnswerMyQuery": None},
    ),
    Page(
        f"{_APPLICATION}/acknowledgement",
        "counter/acknowledgement.html",
        "MyAcknowledgement",
        OPERATORS,
        found="application",
    ),
)

PAGES = (*PUBLIC_PAGES, *CITIZEN_PAGES, *OFFICER_PAGES, *FINANCE_PAGES, *STAFF_PAGES, *OPERATOR_PAGES)
