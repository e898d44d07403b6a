"""The pages of administrators: people and posts, definitions, systems, centres, e-Taal; of developers, of training."""

from domain.kernel import PersonKind
from gateway.pages.addresses.rows import page_rows
from gateway.pages.site import Page

_page = page_rows("staff", PersonKind.OFFICER)

STAFF_PAGES = (
    _page("/staff", "orders", "StaffOrders", "waitingOrders", "AnswerTransfer ConfirmCover EnterAdministrator"),
    _page("/staff/officers", "officers", "StaffOfficers", "officers"),
    _page("/staff/changes", "changes", "StaffChanges", "staffBatches", "ProposeStaffChange AnswerStaffBatch"),
    _page("/staff/officer", "officer", "StaffOfficer", "chosen", "TransferStaff RecordStaffLeave CancelStaffLeave"),
    _page("/staff/vacancies", "vacancies", "StaffVacancies", "vacancies"),
    _page("/staff/gaps", "gaps", "StaffGaps", "stateGaps"),
    _page(
        "/staff/definitions",
        "definitions",
        "StaffDefinitions",
        "serviceDefinitions",
        "DraftStaffDefinition PublishStaffDefinition ConfirmStaffDefinition",
    ),
    _page("/staff/texts", "texts", "StaffTexts", "messageTexts", "ProposeStaffText ConfirmStaffText TestStaffChannel"),
    _page(
        "/staff/connectors",
        "connectors",
        "StaffConnectors",
        "connectorVersions",
        "ProposeStaffConnector AnswerStaffConnector RollBackStaffConnector SettleStaffCase",
    ),
    _page("/staff/tokens", "tokens", "StaffTokens", "tokenEnrolments", "AnswerStaffToken"),
    _page(
        "/staff/events",
        "events",
        "StaffEvents",
        "eventReceivers",
        "ProposeStaffReceiver ConfirmStaffReceiver ChangeStaffReceiver",
    ),
    _page(
        "/staff/systems",
        "systems",
        "StaffSystems",
        "operationsStatus",
        "SetStaffSwitch SetStaffClientPolicy RetryStaffMessages ReportStaffIncident",
    ),
    _page("/developer", "developer", "DeveloperPage", "developerDesk", "RegisterDeveloperApp ChangeDeveloperApp"),
    _page("/staff/centres", "centres", "StaffCentres", "centres"),
    _page("/staff/counts", "counts", "StaffCounts", "transactionCounts"),
    _page("/staff/etaal", "etaal", "StaffEtaal", "etaalServices", "MapStaffEtaal"),
    _page("/training/progress", "training", "TrainingProgress", "trainingProgress", "ResetLearner"),
    Page(
        "/training",
        "training.html",
        "TrainingExercises",
        frozenset({PersonKind.OFFICER, PersonKind.OPERATOR}),
        "trainingExercises",
        forms=dict.fromkeys(("StartTrainingExercise", "ShowTrainingHint")),
    ),
)
