"""The pages of officers: queue, case, clearances, appeals, figures and leave."""

from domain.kernel import PersonKind
from gateway.pages.site import Page

OFFICERS = frozenset({PersonKind.OFFICER})
_CASE = "/desk/cases/{number}"
_DECIDED_HERE = (
    "DecideCase",
    "ClaimCase",
    "ReleaseCase",
    "AskCaseClearance",
    "ReportCaseVisit",
    "ConfirmCase",
    "SendBackCase",
    "HandOverCase",
    "ExplainCaseDelay",
)

OFFICER_PAGES = (
    Page("/desk", "officer/desk.html", "Desk", OFFICERS),
    Page("/desk/find", "officer/find.html", "DeskFind", OFFICERS),
    Page(
        "/desk/together",
        "officer/together.html",
        "DeskTogether",
        OFFICERS,
        forms=dict.fromkeys(("ClaimCases", "DecideCases")),
    ),
    Page(_CASE, "officer/case.html", "DeskCase", OFFICERS, found="application", forms=dict.fromkeys(_DECIDED_HERE)),
    Page(
        f"{_CASE}/forward",
        "officer/forward.html",
        "DeskForward",
        OFFICERS,
        found="application",
        forms={"ForwardCase": "/desk"},
    ),
    Page(
        f"{_CASE}/signed",
        "officer/signed.html",
        "DeskSignedPaper",
        OFFICERS,
        found="application",
        forms={"AnswerCasePaperCheck": None},
    ),
    Page("/desk/papers/{sha256}", "officer/paper.html", "DeskPaper", OFFICERS, found="file"),
)
