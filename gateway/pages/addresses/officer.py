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
    Page("/desk/clearances", "officer/clearances.html", "DeskClearances", OFFICERS),
    Page(
        "/desk/clearance",
        "officer/clearance.html",
        "DeskClearance",
        OFFICERS,
        found="node.question",
        forms={"AnswerDeskClearance": "/desk/clearances"},
    ),
    Page("/desk/appeals", "officer/appeals.html", "DeskAppeals", OFFICERS),
    Page(
        "/desk/appeals/{number}",
        "officer/appeal.html",
        "DeskAppeal",
        OFFICERS,
        found="appeal",
        forms=dict.fromkeys(("FixDeskHearing", "CancelDeskHearing", "DecideDeskAppeal")),
    ),
    Page(
        "/desk/figures",
        "officer/figures.html",
        "DeskFigures",
        OFFICERS,
        forms=dict.fromkeys(("SaveDeskView", "DeleteDeskView")),
    ),
    Page("/desk/figures/cases", "officer/figure_cases.html", "DeskFigureCases", OFFICERS),
    Page("/desk/leave", "officer/leave.html", "DeskLeave", OFFICERS),
)
