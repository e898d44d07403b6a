"""The pages of operators: the counter of a centre, rosters of schools and camps, doorstep visits."""

from domain.kernel import PersonKind
from gateway.pages.addresses.rows import page_rows

_page = page_rows("counter", PersonKind.OPERATOR)
_ONE = "/counter/applications/{number}"
_VISIT = "/counter/applications/{visit[application][number]}"
_APPLYING = {
    "SaveMyDraft": "/counter/apply/{application[service][code]}/{application[number]}",
    "SubmitMyApplication": "/counter/applications/{application[number]}/acknowledgement",
}
_ROW = (
    "CounterAddRow CounterFileRoster CounterRemoveRow CounterAskRowCode CounterRowConsent CounterRowFee "
    "CounterHandOverRow"
)

OPERATOR_PAGES = (
    _page(
        "/counter",
        "home",
        "Counter",
        "viewer",
        forms="CounterEndAssistance DisputeDeskPaper CounterAskConsent",
        leaves=frozenset({"CounterEndAssistance"}),
        CounterAskAssistance="/counter/code/{assistance[id]}",
    ),
    _page("/counter/code/{id}", "code", "Counter", "viewer", CounterConfirmAssistance="/counter"),
    _page("/counter/services", "services", "ServicesAtCounter", "services"),
    _page("/counter/apply/{code}", "apply", "CounterApply", "service", **_APPLYING),
    _page("/counter/apply/{code}/{draft}", "apply", "CounterDraft", "application", **_APPLYING),
    _page(
        _ONE,
        "application",
        "MyApplication",
        "application",
        "AnswerMyQuery CounterRecordFee CounterHandOver CancelMyVisit",
        PayMyFee="{redirect[pageUrl]}",
        RenewMyCertificate="/counter/apply/{application[service][code]}/{application[number]}",
    ),
    _page(f"{_ONE}/acknowledgement", "acknowledgement", "MyAcknowledgement", "application"),
    _page(f"{_ONE}/visit", "visit", "MyVisitSlots", "application", BookMyVisit=_VISIT, MoveMyVisit=_VISIT),
    _page(
        "/counter/visits",
        "visits",
        "CounterVisits",
        "viewer",
        forms="CounterSetOut CounterVisitFee",
        CounterHandOverVisit="/counter/visits",
        CounterFailVisit="/counter/visits",
    ),
    _page(
        "/counter/rosters",
        "rosters",
        "CounterRosters",
        "rosters",
        CounterOpenRoster="/counter/rosters/{roster[number]}",
    ),
    _page("/counter/rosters/{number}", "roster", "CounterRoster", "roster", _ROW),
)
