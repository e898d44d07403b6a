"""The pages of citizens: home, applications and how to apply, papers, benefits, appeals, consents and family."""

from domain.kernel import PersonKind
from gateway.pages.site import Page

CITIZENS = frozenset({PersonKind.CITIZEN})
APPLYING = {
    "SaveMyDraft": "/my/apply/{application[service][code]}/{application[number]}",
    "SubmitMyApplication": "/my/applications/{application[number]}/acknowledgement",
}
CITIZEN_PAGES = (
    Page("/my", "citizen/home.html", "MyHome", people=CITIZENS),
    Page(
        "/my/apply/{code}",
        "citizen/apply.html",
        "MyApply",
        people=CITIZENS,
        found="service",
        forms=APPLYING,
        scripts=True,
    ),
    Page(
        "/my/apply/{code}/{draft}",
        "citizen/apply.html",
        "MyDraft",
        people=CITIZENS,
        found="application",
        forms=APPLYING,
        scripts=True,
    ),
    *(
        Page(
            f"/my/applications/{{number}}{path}",
            template,
            "MyApplication",
            CITIZENS,
            "application",
            path == "/answer",
            forms,
        )
        for path, template, forms in (
            (
                "",
                "citizen/application.html",
                {"PayMyFee": "{redirect[pageUrl]}", "WithdrawMyApplication": None, "CancelMyVisit": None},
            ),
            ("/answer", "citizen/answer.html", {"AnswerMyQuery": "/my/applications/{application[number]}"}),
            ("/appeal", "citizen/appeal_form.html", {"FileMyAppeal": "/my/appeals/{appeal[number]}"}),
            ("/feedback", "citizen/feedback.html", {"GiveMyFeedback": None}),
            ("/grievance", "citizen/grievance.html", {"RaiseMyGrievance": "/my/voice"}),
        )
    ),
    Page(
        "/my/applications/{number}/acknowledgement",
        "citizen/acknowledgement.html",
        "MyAcknowledgement",
        CITIZENS,
        "application",
    ),
    Page(
        "/my/applications/{number}/visit",
        "citizen/visit.html",
        "MyVisitSlots",
        CITIZENS,
        "application",
        forms=dict.fromkeys(("BookMyVisit", "MoveMyVisit"), "/my/applications/{visit[application][number]}"),
    ),
    Page("/my/applications", "citizen/applications.html", "MyApplicationList", CITIZENS),
    Page("/my/certificates", "citizen/certificates.html", "MyCertificateList", CITIZENS),
    Page("/my/benefits/{id}", "citizen/benefit.html", "MyBenefit", CITIZENS, "node"),
    Page("/my/appeals", "citizen/appeals.html", "MyAppealList", CITIZENS, forms={"ChooseMyAutoAppeal": None}),
    Page("/my/appeals/{number}", "citizen/appeal.html", "MyAppeal", CITIZENS, "appeal"),
    Page("/my/payments", "citizen/payments.html", "MyPaymentList", CITIZENS),
    Page(
        "/my/voice",
        "citizen/voice.html",
        "MyVoice",
        CITIZENS,
        forms={"CloseMyGrievance": None, "EscalateMyGrievance": None},
    ),
    Page(
        "/my/suggest/{code}",
        "citizen/suggestion.html",
        "MySuggestionOf",
        CITIZENS,
        "service",
        forms={"MakeMySuggestion": "/my/voice"},
    ),
    Page("/my/messages", "citizen/messages.html", "MyMessageList", CITIZENS, forms={"MarkMyMessagesRead": None}),
    Page("/my/data", "citizen/data.html", "MyDataReads", CITIZENS),
    Page("/my/consents", "citizen/consents.html", "MyConsentList", CITIZENS),
    Page(
        "/my/consents/{purpose}",
        "citizen/consent.html",
        "MyConsentNotice",
        CITIZENS,
        "consentNotice",
        forms={"GrantMyConsent": None, "RenewMyConsent": None, "WithdrawMyConsent": None},
    ),
    Page(
        "/my/family",
        "citizen/family.html",
        "MyFamily",
        CITIZENS,
        forms={"RegisterMyRelative": None, "RemoveMyRelative": None},
    ),
    Page("/my/devices", "citizen/devices.html", "MyDevices", CITIZENS, forms={"SignOutMyDevices": None}),
)
