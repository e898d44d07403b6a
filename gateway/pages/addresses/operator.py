"""The pages of operators: the counter of a centre."""

from domain.kernel import PersonKind
from gateway.pages.site import Page

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
    Page(
        "/counter/apply/{code}",
        "counter/apply.html",
        "CounterApply",
        OPERATORS,
        found="service",
        forms=_APPLYING,
        scripts=True,
    ),
    Page(
        "/counter/apply/{code}/{draft}",
        "counter/apply.html",
        "CounterDraft",
        OPERATORS,
        found="application",
        forms=_APPLYING,
        scripts=True,
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
