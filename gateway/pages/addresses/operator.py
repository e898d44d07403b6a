"""The pages of operators: the counter of a centre."""

from domain.kernel import PersonKind
from gateway.pages.site import Page

OPERATORS = frozenset({PersonKind.OPERATOR})
_APPLYING = {
    "SaveMyDraft": "/counter/apply/{application[service][code]}/{application[number]}",
    "SubmitMyApplication": "/counter/applications/{application[number]}/acknowledgement",
}
_ROSTER = "CounterAddRow CounterFileRoster CounterRemoveRow CounterAskRowCode CounterRowConsent CounterRowFee"
_VISIT = {"CounterHandOverVisit": "/counter/visits", "CounterFailVisit": "/counter/visits"}
_MOVED = dict.fromkeys(("BookMyVisit", "MoveMyVisit"), "/counter/applications/{visit[application][number]}")
_APPLICATION = "/counter/applications/{number}"

OPERATOR_PAGES = (
    Page(
        "/counter",
        "counter/home.html",
        "Counter",
        OPERATORS,
        forms={"CounterAskAssistance": "/counter/code/{assistance[assistanceId]}", "CounterEndAssistance": None},
        leaves=frozenset({"CounterEndAssistance"}),
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
        forms={
            "PayMyFee": "{redirect[pageUrl]}",
            **dict.fromkeys(("AnswerMyQuery", "CounterRecordFee", "CounterHandOver", "CancelMyVisit")),
        },
    ),
    Page(f"{_APPLICATION}/visit", "counter/visit.html", "MyVisitSlots", OPERATORS, "application", forms=_MOVED),
    Page(
        f"{_APPLICATION}/acknowledgement",
        "counter/acknowledgement.html",
        "MyAcknowledgement",
        OPERATORS,
        found="application",
    ),
    Page(
        "/counter/visits",
        "counter/visits.html",
        "CounterVisits",
        OPERATORS,
        forms={"CounterSetOut": None, "CounterVisitFee": None, **_VISIT},
    ),
    Page(
        "/counter/rosters",
        "counter/rosters.html",
        "CounterRosters",
        OPERATORS,
        "rosters",
        forms={"CounterOpenRoster": "/counter/rosters/{roster[number]}"},
    ),
    Page(
        "/counter/rosters/{number}",
        "counter/roster.html",
        "CounterRoster",
        OPERATORS,
        "roster",
        forms=dict.fromkeys((*_ROSTER.split(), "CounterHandOverRow")),
    ),
)
