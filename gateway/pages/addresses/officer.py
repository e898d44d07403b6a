"""The pages of officers: queue, case, clearances, appeals, figures and leave."""

from domain.kernel import PersonKind
from gateway.pages.addresses.rows import page_rows

_page = page_rows("officer", PersonKind.OFFICER)
_CASE = "/desk/cases/{number}"
_INSPECTED = "/desk/cases/{visit[application][number]}"
_DECIDED_HERE = (
    "DecideCase ClaimCase ReleaseCase AskCaseClearance ReportCaseVisit ConfirmCase SendBackCase HandOverCase "
    "ExplainCaseDelay AssignCaseVisit FailCaseInspection ResendCaseNotice"
)
_BENEFIT = (
    "SuspendDeskBenefit ResumeDeskBenefit EndDeskBenefit TakeDeskLifeCertificate CompleteDeskReview ReissueDeskPayment "
    "OrderDeskRecovery NoteDeskChallan CancelDeskRecovery DecideDeskApproval"
)
_APPEAL = "FixDeskHearing CancelDeskHearing DecideDeskAppeal ReportDeskCompliance"

OFFICER_PAGES = (
    _page("/desk", "desk", "Desk", "viewer", "SaveDeskView"),
    _page("/desk/find", "find", "DeskFind"),
    _page("/desk/together", "together", "DeskTogether", forms="ClaimCases DecideCases"),
    _page("/desk/together/forward", "forward_together", "DeskForwardTogether", ForwardCases="/desk"),
    _page(_CASE, "case", "DeskCase", "application", _DECIDED_HERE),
    _page(
        f"{_CASE}/inspection",
        "inspection",
        "MyVisitSlots",
        "application",
        BookMyVisit=_INSPECTED,
        MoveMyVisit=_INSPECTED,
    ),
    _page(f"{_CASE}/forward", "forward", "DeskForward", "application", ForwardCase="/desk"),
    _page(f"{_CASE}/budget", "budget", "DeskBudget", "application.sanctionBudget"),
    _page(f"{_CASE}/signed", "signed", "DeskSignedPaper", "application", "AnswerCasePaperCheck"),
    _page(
        f"{_CASE}/certificate",
        "certificate",
        "DeskCertificate",
        "application.certificate",
        "CorrectDeskCertificate RevokeDeskCertificate",
    ),
    _page("/desk/papers/{sha256}", "paper", "DeskPaper", "file"),
    _page(
        "/desk/signing",
        "signing",
        "DeskSigning",
        "certificatesToSign",
        "EnrolDeskToken AnswerDeskToken",
        script="signing.js",
        PrepareDeskSignatures="/desk/signing/{batch[id]}",
    ),
    _page(
        "/desk/signing/{batchId}",
        "signing_batch",
        "DeskSigningBatch",
        "signingBatch",
        "HandInDeskSignatures",
        script="signing.js",
    ),
    _page("/desk/clearances", "clearances", "DeskClearances", "viewer"),
    _page("/desk/clearance", "clearance", "DeskClearance", "node.question", AnswerDeskClearance="/desk/clearances"),
    _page("/desk/appeals", "appeals", "DeskAppeals", "viewer"),
    _page("/desk/appeals/{number}", "appeal", "DeskAppeal", "appeal", _APPEAL),
    _page("/desk/hearings", "hearings", "DeskHearings", "hearings"),
    _page("/desk/overdue", "overdue", "DeskOverdue", "overdue"),
    _page("/desk/awards", "awards", "DeskAwards", "viewer.awards", SettleDeskAward="/desk/awards"),
    _page("/desk/benefits", "benefits", "DeskBenefits", "heldBenefits"),
    _page("/desk/approvals", "approvals", "DeskApprovals", "waitingApprovals"),
    _page("/desk/benefit", "benefit", "DeskBenefit", "node.number", _BENEFIT),
    _page(
        "/desk/voice",
        "voice",
        "DeskVoice",
        "viewer",
        ReplyDeskGrievance="/desk/voice",
        ReplyDeskSuggestion="/desk/voice",
        MakeDeskSuggestion="/desk/voice",
    ),
    _page("/desk/conversations", "conversations", "DeskConversations", "conversations"),
    _page(
        "/desk/conversations/{conversationId}",
        "conversation",
        "DeskConversation",
        "conversation",
        "TakeDeskConversation AnswerDeskConversation ResendConversationNotice",
        CloseDeskConversation="/desk/conversations",
    ),
    _page("/desk/claims", "claims", "DeskClaims", "recordClaims", "DisputeDeskPaper", DecideDeskClaim="/desk/claims"),
    _page("/desk/figures", "figures", "DeskFigures", "viewer", "SaveDeskView RenameDeskView DeleteDeskView"),
    _page("/desk/figures/cases", "figure_cases", "DeskFigureCases", "figureCases"),
    _page("/desk/reviews", "reviews", "DeskReviews", "delayReviews"),
    _page("/desk/reviews/{month}", "review", "DeskReview", "delayReview"),
    _page("/desk/delays", "delays", "DeskDelays", "delayReasons"),
    _page("/ratings", "ratings", "RatingsForPeople", "serviceLevels"),
    _page("/desk/leave", "leave", "DeskLeave", "viewer"),
)
