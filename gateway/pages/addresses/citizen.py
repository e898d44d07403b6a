"""The pages of citizens: home, applications and how to apply, papers, benefits, appeals, consents and family."""

from domain.kernel import PersonKind
from gateway.pages.addresses.rows import page_rows

_page = page_rows("citizen", PersonKind.CITIZEN)
_ONE = "/my/applications/{number}"
_HOME = "/my/applications/{application[number]}"
_VISIT = "/my/applications/{visit[application][number]}"
_APPLYING = {
    "SaveMyDraft": "/my/apply/{application[service][code]}/{application[number]}",
    "SubmitMyApplication": f"{_HOME}/acknowledgement",
}
_PAY = "{redirect[pageUrl]}"

CITIZEN_PAGES = (
    _page("/my", "home", "MyHome", "viewer"),
    _page("/my/apply/{code}", "apply", "MyApply", "service", script="form.js", **_APPLYING),
    _page("/my/apply/{code}/{draft}", "apply", "MyDraft", "application", script="form.js", **_APPLYING),
    _page(
        _ONE,
        "application",
        "MyApplication",
        "application",
        "WithdrawMyApplication CancelMyVisit",
        PayMyFee=_PAY,
        RenewMyCertificate=_APPLYING["SaveMyDraft"],
    ),
    _page(f"{_ONE}/answer", "answer", "MyApplication", "application", script="form.js", AnswerMyQuery=_HOME),
    _page(f"{_ONE}/appeal", "appeal_form", "MyApplication", "application", FileMyAppeal="/my/appeals/{appeal[number]}"),
    _page(f"{_ONE}/feedback", "feedback", "MyApplication", "application", "GiveMyFeedback"),
    _page(f"{_ONE}/grievance", "grievance", "MyApplication", "application", RaiseMyGrievance="/my/voice"),
    _page(f"{_ONE}/acknowledgement", "acknowledgement", "MyAcknowledgement", "application"),
    _page(f"{_ONE}/visit", "visit", "MyVisitSlots", "application", BookMyVisit=_VISIT, MoveMyVisit=_VISIT),
    _page("/my/applications", "applications", "MyApplicationList", "viewer"),
    _page("/my/certificates", "certificates", "MyCertificateList", "viewer", "OfferMyCredential"),
    _page("/my/benefits/{id}", "benefit", "MyBenefit", "node", "CorrectMyAccount"),
    _page("/my/documents", "documents", "MyDocuments", "viewer", "AddMyDocument RemoveMyDocument"),
    _page("/my/locker", "locker", "MyLocker", "viewer", "PutIntoMyLocker"),
    _page("/my/locker/issuers", "issuers", "MyIssuers", "pullIssuers"),
    _page("/my/locker/issuers/{orgId}", "issuer", "MyIssuer", "pullDoctypes"),
    _page("/my/locker/issuers/{orgId}/{doctype}", "pull", "MyPull", "pullParameters", PullMyDocument="/my/locker"),
    _page("/my/appeals", "appeals", "MyAppealList", "viewer", "ChooseMyAutoAppeal"),
    _page("/my/appeals/{number}", "appeal", "MyAppeal", "appeal"),
    _page("/my/payments", "payments", "MyPaymentList", "viewer"),
    _page("/my/voice", "voice", "MyVoice", "viewer", "CloseMyGrievance EscalateMyGrievance"),
    _page("/my/suggest/{code}", "suggestion", "MySuggestionOf", "service", MakeMySuggestion="/my/voice"),
    _page(
        "/my/messages",
        "messages",
        "MyMessageList",
        "viewer",
        "MarkMyMessagesRead ChooseMyMessageSettings ResendMyNotice TestMyMessage SetMyEmail",
    ),
    _page("/my/departments", "departments", "MyDepartments", "viewer"),
    _page(
        "/my/departments/{system}/{call}",
        "department_call",
        "MyDepartmentCall",
        "departmentSystems",
        SendMyRequest="/my/departments",
    ),
    _page("/my/data", "data", "MyDataReads", "viewer"),
    _page("/my/record", "record", "MyRecord", forms="ClaimMyRecord ConfirmMyRecord StopMyRecordClaim"),
    _page("/my/erasure", "erasure", "MyErasure", EraseMyData="/"),
    _page("/my/consents", "consents", "MyConsentList", "viewer"),
    _page(
        "/my/consents/{purpose}",
        "consent",
        "MyConsentNotice",
        "consentNotice",
        "GrantMyConsent RenewMyConsent WithdrawMyConsent",
    ),
    _page("/my/family", "family", "MyFamily", "viewer", "RegisterMyRelative RemoveMyRelative"),
    _page("/my/devices", "devices", "MyDevices", forms="SignOutMyDevices RemoveMyDevice"),
)
