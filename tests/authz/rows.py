"""The authorisation matrix: who sees which thing, and who may try which mutation on it.

The things are Asha's. `officer` is posted where she applied, `officer elsewhere` in another district; `appellate`
stands above the officer. Whoever is not named is told the same as of a thing that is not there. A thing or mutation
of the schema without a row fails the tests, as does a field without an entry in fields.json.
"""

from collections.abc import Mapping

EVERYBODY = frozenset({"*"})
NOBODY: frozenset[str] = frozenset()


def who(*names: str) -> frozenset[str]:
    """The subjects of tests/support/authz.py by their names."""
    return frozenset(names)


_OFFICE = ("officer", "appellate", "commission")
_HERS = ("citizen", "assisting operator")

THINGS: Mapping[str, frozenset[str]] = {
    "Application": who(*_HERS, *_OFFICE),
    "Appeal": who(*_HERS, *_OFFICE),
    "Benefit": who("citizen", "officer", "finance officer"),
    "Certificate": who("citizen", "officer", "appellate"),
    "Citizen": who(*_HERS),
    "Clearance": who("citizen", "officer"),
    "Department": EVERYBODY,
    "District": EVERYBODY,
    "DoorstepVisit": who(*_HERS, "doorstep agent", "officer"),
    "Grievance": who(*_HERS, "officer", "appellate", "department admin"),
    "Leave": who("officer", "admin"),
    "Notification": who("citizen"),
    "Officer": who("officer"),
    "Operator": who("doorstep agent"),
    "Scheme": EVERYBODY,
    "Service": EVERYBODY,
    "Suggestion": who("citizen", "department admin"),
}
"""By `node`, `nodes`, `_entities` and root fields alike. Officer and Operator are found by their own sessions."""

MUTATIONS: Mapping[str, frozenset[str]] = {
    "answerClearance": who("officer"),
    "answerPaperCheck": who("officer", "appellate"),
    "answerQuery": who(*_HERS),
    "askClearance": who("officer"),
    "assignDoorstepVisit": who("assisting operator", "officer"),
    "bookDoorstepVisit": who(*_HERS, "officer"),
    "bulkClaim": who("officer"),
    "bulkDecide": who("officer"),
    "bulkForward": who("officer"),
    "cancelDoorstepVisit": who(*_HERS, "officer"),
    "cancelLeave": who("admin"),
    "confirmLeave": who("admin"),
    "claimApplication": who("officer"),
    "closeGrievance": who(*_HERS),
    "cancelHearing": who("appellate"),
    "confirmDecision": who("officer"),
    "decideAppeal": who("appellate"),
    "decideApplication": who("officer"),
    "escalateGrievance": who(*_HERS),
    "correctCertificate": who("officer"),
    "failDoorstepVisit": who("doorstep agent"),
    "fileAppeal": who(*_HERS),
    "forwardApplication": who("officer"),
    "giveFeedback": who("citizen"),
    "handOver": who("assisting operator", "officer"),
    "handOverVisit": who("doorstep agent"),
    "raiseGrievance": who(*_HERS),
    "recordFee": who("assisting operator", "officer"),
    "startFeePayment": who(*_HERS),
    "recordHearing": who("appellate"),
    "recordVisitFee": who("assisting operator", "doorstep agent", "officer"),
    "releaseApplication": who("officer"),
    "replyToGrievance": who("officer", "appellate", "department admin"),
    "replyToSuggestion": who("department admin"),
    "reportCompliance": who("officer"),
    "reportVerification": who("officer"),
    "rescheduleDoorstepVisit": who(*_HERS, "officer"),
    "renewCertificate": who(*_HERS),
    "revokeCertificate": who("officer"),
    "sendBackDecision": who("officer"),
    "settleAward": who("commission", "department admin"),  # the finance officer is of another department
    "setOutOnVisit": who("doorstep agent"),
    "suspendBenefit": who("officer"),
    "resumeBenefit": who("officer"),
    "takeLifeCertificate": who("officer"),
    "completeBenefitReview": who("officer"),
    "endBenefit": who("officer"),
    "correctPaymentAccount": who("citizen"),
    "reissuePayment": who("finance officer"),
    "orderRecovery": who("finance officer"),
    "noteRecoveryChallan": who("finance officer"),
    "cancelRecovery": who("finance officer"),
    "decidePaymentApproval": who("finance officer"),
    "withdrawApplication": who(*_HERS),
    "resendNotice": who("citizen", "officer"),
    "addRosterRows": who("principal"),
    "askRosterCode": who("principal"),
    "recordRosterConsent": who("principal"),
    "recordRosterFee": who("principal"),
    "handOverRosterRow": who("principal"),
    "removeRosterRow": who("principal"),  # near the end, for there is one row
    "fileRoster": who("principal"),
}
"""Mutations on a thing that is named: who is told anything else of one that is there than of one that is not."""

_STAFF_WITH_IDEAS = ("officer", "officer elsewhere", "appellate")

_SUPERVISORS = ("officer", "officer elsewhere", "appellate", "commission", "department admin", "auditor")
_WITH_VIEWS = (*_SUPERVISORS, "finance officer", "admin")

OWN: Mapping[str, frozenset[str]] = {
    "saveView": who(*_WITH_VIEWS),
    "renameView": who(*_WITH_VIEWS),
    "deleteView": who(*_WITH_VIEWS),  # in this order, so that there is a view to rename and to delete
    "recordFeeRefund": NOBODY,  # there is no payment
    "recordDelayReason": who("officer", "officer elsewhere", "appellate", "department admin"),
    "askAssistance": who("assisting operator", "idle operator"),
    "offerCredential": who("citizen"),
    "openRoster": who("principal", "camp officer"),
    "chooseAutoAppeal": who("citizen", "neighbour"),
    "chooseMessageSettings": who("citizen", "neighbour"),
    "registerDevice": who("citizen", "neighbour"),
    "removeDevice": who("citizen", "neighbour"),
    "testMessage": who("citizen", "neighbour", "admin"),
    "confirmAssistance": NOBODY,
    "disputePaper": who("assisting operator", "idle operator", "officer", "officer elsewhere", "appellate"),
    "claimRecord": who("citizen", "neighbour"),
    "confirmRecordClaim": NOBODY,
    "decideRecordClaim": NOBODY,
    "takeConversation": NOBODY,
    "answerConversation": NOBODY,
    "closeConversation": NOBODY,
    "takeFinanceCase": NOBODY,
    "noteFinanceCase": NOBODY,
    "settleFinanceCase": NOBODY,
    "answerFinanceCase": NOBODY,
    "stopRecordClaim": NOBODY,
    "endAssistance": who("assisting operator", "idle operator"),
    "linkAccount": NOBODY,
    "registerRelative": who("citizen", "neighbour"),
    "removeRelative": who("citizen", "neighbour"),
    "setEmail": who("citizen", "neighbour"),
    "signOutDevices": who(
        "citizen",
        "neighbour",
        "assisting operator",
        "idle operator",
        "doorstep agent",
        "principal",
        "camp officer",
        "officer",
        "officer elsewhere",
        "appellate",
        "commission",
        "department admin",
        "finance officer",
        "auditor",
        "helpline",
        "admin",
    ),
    "unlinkAccount": who("citizen"),
    "askConsent": who("assisting operator"),
    "addDepartmentDocument": who("citizen", "neighbour"),
    "exportMyData": who("citizen", "neighbour"),
    "grantConsent": who("citizen", "neighbour"),
    "makeSuggestion": who("citizen", "neighbour", *_STAFF_WITH_IDEAS),
    "mapEtaalService": who("admin"),
    "markNotificationsRead": who("citizen", "neighbour"),
    "pullDocument": who("citizen", "neighbour"),
    "putIntoLocker": who("citizen", "neighbour"),
    "recordLeave": who("admin"),
    "removeDepartmentDocument": NOBODY,
    "renewConsent": who("citizen", "neighbour"),
    "replayDecisions": EVERYBODY,
    "requestErasure": who("citizen", "neighbour"),
    "saveDraft": who("citizen", "neighbour", "assisting operator"),
    "setClientPolicy": who("admin"),
    "setSwitch": who("admin"),
    "reportIncident": who("admin"),
    "retryOutboxMessages": who("admin"),
    "submitApplication": who("citizen", "neighbour", "assisting operator"),
    "transferOfficer": who("admin"),
    "confirmStaffBatch": NOBODY,  # it names what is not there
    "confirmTransfer": NOBODY,  # it names what is not there
    "createAdministrator": who("admin"),
    "proposeStaffChanges": who("admin"),
    "proposeMessageText": who("admin"),
    "confirmMessageText": NOBODY,
    "proposeConnector": who("admin", "department admin"),  # whose department it is stands in the file, which is none
    "answerConnector": NOBODY,
    "sendToDepartment": who("citizen", "neighbour"),  # the system that it names is not there, which everybody may know
    "settleDepartmentCase": NOBODY,  # it names what is not there
    "rollBackConnector": NOBODY,
    "proposeEventReceiver": who("admin"),  # the department is not that of the department's administrator
    "confirmEventReceiver": NOBODY,
    "changeEventReceiver": NOBODY,
    "registerApp": who("developer"),
    "changeRegisteredApp": NOBODY,  # it names what is not there
    "enrolToken": who(
        "officer", "officer elsewhere", "appellate", "department admin", "admin"
    ),  # no certifying authority is connected here, which they are told
    "answerToken": NOBODY,  # it names what is not there
    "prepareSignatures": who("officer", "officer elsewhere"),  # the token is not there, which they are told
    "handInSignatures": NOBODY,
    "draftServiceDefinition": who("admin", "department admin"),
    "publishServiceDefinition": NOBODY,
    "confirmServiceDefinition": NOBODY,
    "withdrawConsent": who("citizen", "neighbour"),
    "startExercise": EVERYBODY,
    "showHint": EVERYBODY,
    "resetTraining": EVERYBODY,
}
"""Mutations that name nothing of another's: who is not told UNAUTHENTICATED, NOT_FOUND or FORBIDDEN.

The officer whose leave or transfer is tried also holds a post outside of the department administrator's department.
`confirmAssistance`, the mutations on claims, conversations and cases of money, and `linkAccount` name what is not
there; the neighbour has no account to untie. `replayDecisions` tells everybody who is signed in that the made-up pack
was not given out to her, and those of training that the installation is not for it: who may do what in one that is
stands in tests/demo/training/test_access.py.
"""

NARROW: Mapping[str, frozenset[str]] = {
    "Appeal.penaltyProposal": who("appellate", "commission"),
    "Application.benefitsDrawn": who("officer"),
    "Application.applicant": who("citizen", "assisting operator", "officer", "appellate"),
    "Application.claim": who("officer", "appellate", "commission"),
    "Application.escalation": who("officer", "appellate", "commission"),
    "Application.paperCheck": who("officer", "appellate", "commission"),
    "Application.signedPaper": who("citizen", "officer", "appellate"),
    "Application.proposal": who("officer", "appellate", "commission"),
    "Application.sanctionBudget": who("officer"),
    "Citizen.benefits": who("citizen"),
    "Citizen.certificates": who("citizen"),
    "Citizen.dataAccesses": who("citizen"),
    "Citizen.messageSettings": who("citizen"),
    "Citizen.departmentCases": who("citizen"),
    "Citizen.departmentCertificates": who("citizen"),
    "Citizen.departmentDocuments": who("citizen"),
    "Citizen.documents": who("citizen"),
    "Citizen.eAadhaar": who("citizen"),
    "Citizen.lockerFolder": who("citizen"),
    "Citizen.lockerOrders": who("citizen"),
    "Citizen.assistances": who("citizen"),
    "Citizen.rationCard": who("citizen"),
    "Citizen.departmentRecords": who("citizen"),
    "Citizen.relatives": who("citizen"),
    "DoorstepVisit.application": who("citizen", "assisting operator", "officer"),
    "DoorstepVisit.otp": who("citizen"),
    "DoorstepVisit.otpExpiresAt": who("citizen"),
    "DoorstepVisit.possibleAgents": who("assisting operator", "officer"),
}
"""Fields that only some of those see who see the thing: null or empty for the others."""

ROOTS: Mapping[str, frozenset[str]] = {
    "Query.alarms": who("auditor", "admin"),
    "Query.operationsStatus": who("auditor", "admin"),
    "Query.centres": who("auditor", "admin"),
    "Query.recordClaims": who("citizen", "neighbour", "officer", "officer elsewhere"),
    "Query.etaalServices": who(
        "officer",
        "officer elsewhere",
        "appellate",
        "commission",
        "department admin",
        "finance officer",
        "auditor",
        "admin",
        "e-taal",
    ),
    "Query.overdue": who("commission"),
    "Query.waitingOrders": who("admin", "department admin"),
    "Query.serviceDefinitions": who("admin", "department admin"),
    "Query.messageTexts": who("admin"),
    "Query.whatsappStates": who("admin"),
    "Query.tokenEnrolments": who("officer", "officer elsewhere", "appellate", "department admin", "admin"),
    "Query.certificatesToSign": who("officer", "officer elsewhere"),
    "Query.signingBatch": NOBODY,  # it names what is not there
    "Query.developerDesk": who("developer"),
    "Query.eventReceivers": who("admin", "department admin"),
    "Query.messageTextProposals": who("admin"),
    "Query.uncertainDepartmentCases": who("admin", "department admin"),
    "Query.connectorVersions": who("admin", "department admin"),
    "Query.switches": who("auditor", "admin"),
    "Query.rosters": who("principal", "camp officer", "officer", "officer elsewhere"),
    "Query.transactionCounts": who(
        "officer",
        "officer elsewhere",
        "appellate",
        "commission",
        "department admin",
        "finance officer",
        "auditor",
        "admin",
        "e-taal",
    ),
    "Query.delayReasons": who(*_SUPERVISORS),
    "Query.delayReview": who(*_SUPERVISORS),
    "Query.delayReviews": who(*_SUPERVISORS),
    "Query.hearings": who(
        *_HERS,
        "neighbour",
        "officer",
        "officer elsewhere",
        "appellate",
        "commission",
        "department admin",
        "finance officer",
        "auditor",
        "helpline",
        "developer",
        "admin",
    ),
    "Query.bharatReports": who("finance officer", "auditor"),
    "Query.waitingApprovals": who("finance officer"),
    "Query.heldBenefits": who("officer", "officer elsewhere", "finance officer"),
    "Query.financeCases": who("finance officer", "auditor"),
    "Query.monthStatement": who("finance officer", "auditor"),
    "Query.paymentBatches": who("finance officer", "auditor"),
    "Query.paymentBeneficiaries": who("finance officer", "auditor"),
    "Query.paymentQueue": who("finance officer", "auditor"),
    "Query.paymentSigners": who("finance officer", "auditor"),
    "Query.paymentTotals": who("finance officer", "auditor"),
    "Query.reconciliationRuns": who("finance officer", "auditor"),
    "Query.conversations": who("helpline"),
    "Query.conversation": NOBODY,  # the made-up conversation is not there
    "Query.financeCase": NOBODY,  # the made-up case is not there
    "Query.figureCases": who(*_SUPERVISORS),
    "Query.officers": who("department admin", "admin"),
    "Query.staffBatches": who("admin"),
    "Query.vacancies": who("department admin", "admin"),
    "Query.stateGaps": who("department admin", "admin"),
    "Query.changes": who("citizen", "neighbour"),
}
"""Root fields that belong to roles, not to things: everybody else is told NOT_FOUND or, without a token, to sign in."""

FOLLOWED: Mapping[str, frozenset[str]] = {
    "Subscription.applicationChanged": who("citizen", "neighbour", "assisting operator"),
    "Subscription.officerQueueChanged": who("officer", "officer elsewhere", "appellate"),
    "Subscription.paymentChanged": who("citizen", "neighbour", "assisting operator"),
    "Subscription.sourceChanged": EVERYBODY,
}
"""Who may begin to follow without naming a thing."""

ONE_FOLLOWED = THINGS["Application"] - {"commission"}
"""One application is followed by those who see it; the Commission would have to state an inquiry for each read."""

TOLD: Mapping[str, frozenset[str]] = {
    "Subscription.applicationChanged": who(*_HERS),
    "Subscription.officerQueueChanged": who("officer", "appellate"),
    "Subscription.paymentChanged": who("citizen"),
}
"""Who, of those who follow without naming a thing, is told of an event about Asha's application or payment."""
