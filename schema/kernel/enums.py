"""Domain enumerations as enums of the graph; their value descriptions are the English labels of the catalogue."""

from enum import StrEnum
from typing import Any

import strawberry

from actions.appeals.appeals import AppealVerdict
from actions.applications.decide import Verdict
from actions.catalogue.submit_checks import DocumentSource
from actions.kernel import SubmissionState
from actions.officers.bulk import ItemOutcome
from actions.rosters.consents import CodeUse
from domain.appeals.appeals import (
    AppealGround,
    AppealLevel,
    AppealMove,
    AppealOrigin,
    AppealState,
    AwardKind,
    AwardState,
    HearingState,
)
from domain.appeals.commission import Bench, CommissionWord, MessageState
from domain.appeals.delays import CaseList, DelayCause
from domain.applications.applications import Channel, DeliveryMode, RejectionGround
from domain.applications.deadline import DayUnit
from domain.applications.lifecycle import Move, Status
from domain.benefits.benefits import BudgetState, Hold, InstalmentKind, PaymentStatus, Rail, SanctionState
from domain.benefits.recoveries import RecoveryGround, RecoveryState, RecoveryWay
from domain.benefits.sanction_course import ApprovalKind, LifeProof, ResumeGround, StopGround, StopKind
from domain.catalogue.catalogue import Fact, LifeEvent, Outcome, ServiceKind, ServiceSort, Situation
from domain.catalogue.centres import CentreKind
from domain.catalogue.definitions import DraftState, StepKind
from domain.catalogue.forms import QuestionKind
from domain.certificates.certificates import CertificateStatus, EndGround
from domain.certificates.officer_signatures import SigningFailure, SigningState, TokenState
from domain.certificates.signatures import SignatureState, SourceCopy
from domain.clearances import ClearanceState, EscalationKind
from domain.connectors import ConnectorVersionState, DepartmentCaseState, DepartmentStatus
from domain.consents.consents import ConsentPurpose, ConsentStatus, ConsentStep
from domain.documents.documents import DocumentKind
from domain.documents.locker import OrderKind, OrderState
from domain.doorstep import HandOverProof, SlotWindow, VisitFailure, VisitPurpose, VisitState
from domain.etaal.counting import Category, CorrectionReason, Level
from domain.feedback import messages
from domain.feedback.conversations import ConversationState, LineAuthor
from domain.feedback.feedback import SuggestionState
from domain.feedback.grievances import GrievanceCategory, GrievanceMove, GrievanceState
from domain.feedback.notices import NoticeKind
from domain.fees.fees import FeeRoute, FeeState, RefundCause
from domain.identity.assisting import AssistanceState, AssistanceWay, PaperFinding
from domain.identity.policy import ObjectKind, Purpose
from domain.identity.push_devices import PushPlatform
from domain.identity.record_claims import ClaimState, ClaimWay
from domain.kernel import Assurance, ErrorCode, Language, OfficerLevel, Provider, Remedy, Role, Source, SourceState
from domain.kernel.messages import own_text
from domain.officers import changes
from domain.officers.dashboards import DashboardRole, Dimension, Direction, TileKey, TileUnit
from domain.officers.desk import DaysLeft, Holder, OpinionState, QueueSort, ReadPurpose
from domain.officers.staff import LeaveState
from domain.payments.files import BatchState, EnrolmentState, RegistrationState
from domain.platform.alarms import AlarmCode, AlarmState, Severity
from domain.platform.client_policy import ClientPlatform, Support
from domain.platform.event_receivers import EventKind, EventOwner, ReceiverState, ReceiverStep
from domain.platform.outbox import MessageCondition
from domain.platform.registered_apps import AppStep
from domain.platform.switches import SwitchKind, SwitchState
from domain.reconciliation.finance_cases import CaseOutcome, CaseState, CaseStep, DifferenceKind, SuggestedCause
from domain.reconciliation.reconciliation import RunState
from domain.rosters.rosters import ConsentWay, GuardianRelation, Recipient, RosterState, RowOutcome, RowState
from domain.statistics.baseline import BaselineMeasure
from domain.statistics.figures import StatisticsChannel
from domain.training import MarkState
from domain.uploads.files import MediaType
from store.payments.beneficiary_lists import BeneficiaryOrder
from store.payments.payment_queues import PaymentQueue


class DocumentIntegrity(StrEnum):
    """How the content of a file was checked; a file that fails its check is an error with the code INTEGRITY."""

    SHA256_VERIFIED = "SHA256_VERIFIED"
    HMAC_VERIFIED = "HMAC_VERIFIED"


def _publish(enum: type[StrEnum], name: str, labels: str, description: str) -> None:
    """Make a plain enumeration known to the graph; `labels` is the prefix of its texts in the catalogues."""
    strawberry.enum(enum, name=name, description=description)
    definition: Any = vars(enum)["__strawberry_definition__"]
    for value in definition.values:
        value.description = own_text(f"{labels}.{value.name}")


_publish(Assurance, "Assurance", "assurance", "How sure a sign-in, or a consent at a centre, is of an identity.")
_publish(AssistanceWay, "AssistanceWay", "assistance_way", "By whose word an operator acts for a citizen.")
_publish(AssistanceState, "AssistanceState", "assistance_state", "Where a request to act for a citizen stands.")
_publish(PaperFinding, "PaperFinding", "paper_finding", "What a district saw in the scan of a signed paper.")
_publish(ClaimWay, "ClaimWay", "claim_way", "By what a claim to a record is proved.")
_publish(ClaimState, "ClaimState", "claim_state", "Where a claim to a record stands.")
_publish(CentreKind, "CentreKind", "centre_kind", "What a centre is.")
_publish(RosterState, "RosterState", "roster_state", "Where a roster stands.")
_publish(RowState, "RosterRowState", "row_state", "Where a row of a roster stands.")
_publish(RowOutcome, "RosterRowOutcome", "row_outcome", "What became of a row that was handed in.")
_publish(GuardianRelation, "GuardianRelation", "relation", "Who speaks for the person of a row.")
_publish(ConsentWay, "RosterConsentWay", "consent_way", "How the consent of a row was recorded.")
_publish(Recipient, "RosterRecipient", "recipient", "To whom a paper was handed over.")
_publish(CodeUse, "RosterCodeUse", "code_use", "What a code to a guardian's telephone is for.")
_publish(Category, "EtaalCategory", "etaal_category", "e-Taal's categories of e-transactions.")
_publish(Level, "EtaalLevel", "etaal_level", "The level of place at which a service is told to e-Taal.")
_publish(CorrectionReason, "TransactionCorrectionReason", "correction_reason", "Why a day's counts were changed.")
_publish(Status, "ApplicationStatus", "status", "Where an application stands.")
_publish(Move, "ApplicationMove", "move", "What can happen to an application.")
_publish(PushPlatform, "PushPlatform", "push_platform", "By whom push messages reach a device.")
_publish(messages.MessageChannel, "MessageChannel", "message_channel", "A way by which a notice reaches somebody.")
_publish(ConversationState, "ConversationState", "conversation_state", "Who answers in a conversation.")
_publish(LineAuthor, "ConversationLineAuthor", "line_author", "Who wrote a line of a conversation.")
_publish(messages.MessageState, "MessageState", "message_state", "What became of a message.")
_publish(Channel, "Channel", "channel", "Where an application came in.")
_publish(DeliveryMode, "DeliveryMode", "delivery", "How the citizen wants the result.")
_publish(RejectionGround, "RejectionGround", "ground", "Coded grounds of a rejection, return or query.")
_publish(DocumentSource, "DocumentSource", "document_source", "Where an attached document lies.")
_publish(PaymentStatus, "PaymentStatus", "payment", "Where a payment stands.")
_publish(Rail, "PaymentRail", "rail", "The way that money goes.")
_publish(BudgetState, "BudgetState", "budget_state", "What was heard of the budget of a sanction.")
_publish(SanctionState, "BenefitState", "sanction_state", "Whether a benefit pays, and what holds it back.")
_publish(Hold, "PaymentHold", "payment_hold", "What keeps a payment from being sent.")
_publish(InstalmentKind, "PaymentKind", "payment_kind", "What a payment is for.")
_publish(StopKind, "BenefitStopKind", "stop_kind", "What stops a benefit.")
_publish(StopGround, "BenefitStopGround", "stop_ground", "Why a benefit is stopped.")
_publish(ResumeGround, "ResumeGround", "resume_ground", "Why a suspended benefit pays again.")
_publish(LifeProof, "LifeProof", "life_proof", "How somebody showed that she lives.")
_publish(ApprovalKind, "PaymentApprovalKind", "approval_kind", "What needs another person's approval.")
_publish(RecoveryGround, "RecoveryGround", "recovery_ground", "Why money was not due.")
_publish(RecoveryWay, "RecoveryWay", "recovery_way", "How money comes back.")
_publish(RecoveryState, "RecoveryState", "recovery_state", "How far a recovery has come.")
_publish(ClientPlatform, "ClientPlatform", "client_platform", "On what an application runs.")
_publish(Support, "ClientSupport", "support", "Whether a version of an application still works.")
_publish(CertificateStatus, "CertificateStatus", "certificate", "Whether a certificate holds.")
_publish(DocumentKind, "DocumentKind", "document_kind", "What a document is.")
_publish(OrderKind, "LockerOrderKind", "locker_order", "What is ordered in a locker.")
_publish(OrderState, "LockerOrderState", "locker_order_state", "Where an order in a locker stands.")
_publish(EndGround, "EndGround", "end_ground", "Why a certificate is corrected or revoked.")
_publish(Outcome, "ServiceOutcome", "outcome", "What an approved application ends in.")
_publish(ServiceKind, "ServiceKind", "service_kind", "What a person asks for by a service.")
_publish(StepKind, "StepKind", "step", "What is done in a step of a service.")
_publish(ConnectorVersionState, "ConnectorVersionState", "connector_state", "How a version of a connector stands.")
_publish(
    DepartmentCaseState,
    "DepartmentCaseState",
    "department_case_state",
    "Whether a department's system has what it was sent.",
)
_publish(DepartmentStatus, "DepartmentStatus", "department_status", "How a case stands at a department's system.")
_publish(DraftState, "DefinitionState", "definition_state", "Where the definition of a service stands.")
_publish(changes.BatchState, "StaffBatchState", "staff_batch_state", "Where a batch of officers stands.")
_publish(changes.RowState, "StaffRowState", "batch_row_state", "Where a row of a batch of officers stands.")
_publish(Fact, "ServiceFact", "service_fact", "What the catalogue says of a service.")
_publish(ServiceSort, "ServiceSort", "service_sort", "In which order services are listed.")
_publish(LifeEvent, "LifeEvent", "life_event", "What happens in a life that a service answers to.")
_publish(Situation, "Situation", "situation", "What a benefit may ask of a person's situation.")
_publish(DayUnit, "DayUnit", "day_unit", "How a service's time limit is counted.")
_publish(Provider, "AccountProvider", "provider", "Who holds an account that a person linked.")
_publish(Role, "Role", "role", "A role in the portal.")
_publish(OfficerLevel, "OfficerLevel", "level", "The three levels of the Right to Service Act, section 3.")
_publish(Purpose, "Purpose", "purpose", "Why data were read (DPDP Rules 2025, Second Schedule).")
_publish(ObjectKind, "DataKind", "object_kind", "What was read.")
_publish(ConsentPurpose, "ConsentPurpose", "consent_purpose", "What a citizen can consent to; a closed list.")
_publish(ConsentStatus, "ConsentStatus", "consent_status", "Where a consent stands.")
_publish(ConsentStep, "ConsentStep", "consent_step", "What can happen to a consent.")
_publish(Source, "Source", "source", "A system that an answer can come from.")
_publish(SourceState, "SourceState", "source_state", "How an answer was had from its system.")
_publish(SubmissionState, "SubmissionState", "submission", "How far what was handed in has come.")
_publish(
    Language,
    "Language",
    "language",
    "Languages of all states; another than those of this state is LANGUAGE_NOT_SPOKEN.",
)
_publish(ErrorCode, "ErrorCode", "error", "Stable codes of refusals and errors.")
_publish(Remedy, "Action", "remedy", "What the person can do about an error.")
_publish(Verdict, "Verdict", "verdict", "What an officer can do with an application.")
_publish(QueueSort, "QueueSort", "queue_sort", "In which order a queue is listed.")
_publish(Holder, "CaseHolder", "holder", "Who holds a case, seen from the officer who asks.")
_publish(DaysLeft, "DaysLeft", "days_left", "How near the legal due date is, in calendar days.")
_publish(OpinionState, "ProposalState", "opinion", "Where a decision that a second officer must see stands.")
_publish(ItemOutcome, "ItemOutcome", "bulk", "What became of one case of several.")
_publish(ReadPurpose, "ReadPurpose", "purpose", "Why an officer reads a case that lies with a colleague.")
_publish(SwitchKind, "SwitchKind", "switch_kind", "What a switch is for.")
_publish(SwitchState, "SwitchState", "switch", "How far a system or mutation may be used.")
_publish(EventKind, "EventKind", "event_kind", "What a receiver of events is told of.")
_publish(EventOwner, "EventOwner", "event_owner", "Whose system a receiver of events is.")
_publish(ReceiverState, "EventReceiverState", "receiver_state", "How a receiver of events stands.")
_publish(ReceiverStep, "EventReceiverStep", "receiver_step", "What is done with a receiver of events.")
_publish(AppStep, "AppStep", "app_step", "What a developer does with a registered app.")
_publish(SigningState, "SigningState", "signing_state", "Where a certificate that an officer signs stands.")
_publish(SigningFailure, "SigningFailure", "signing_failure", "Why a try to sign a certificate came to nothing.")
_publish(TokenState, "TokenState", "token_state", "How an officer's token stands.")
_publish(AlarmCode, "AlarmCode", "alarm", "The alarms (docs/alarms.md).")
_publish(StatisticsChannel, "StatisticsChannel", "statistics_channel", "Where applications came in, as figures say it.")
_publish(BaselineMeasure, "BaselineMeasure", "baseline", "What a figure of the state is about.")
_publish(Dimension, "StatisticsDimension", "dimension", "By what figures can be told apart.")
_publish(DashboardRole, "DashboardRole", "dashboard_role", "Whose dashboard it is.")
_publish(TileKey, "TileKey", "tile", "What a tile of a dashboard shows.")
_publish(TileUnit, "TileUnit", "tile_unit", "What the value of a tile counts.")
_publish(Direction, "TileDirection", "direction", "Which way a figure is better.")
_publish(CaseList, "CaseList", "case_list", "Lists of applications behind figures.")
_publish(DelayCause, "DelayCause", "delay_cause", "Coded reasons of a delay.")
_publish(AlarmState, "AlarmState", "alarm_state", "Whether an alarm holds.")
_publish(MessageCondition, "OutboxMessageCondition", "outbox_condition", "How an undelivered message stands.")
_publish(Severity, "AlarmSeverity", "severity", "How fast somebody must look.")
_publish(AppealLevel, "AppealLevel", "appeal_level", "Who hears an appeal.")
_publish(AppealGround, "AppealGround", "appeal_ground", "Why there is an appeal.")
_publish(AppealOrigin, "AppealOrigin", "appeal_origin", "Who filed an appeal.")
_publish(AppealState, "AppealState", "appeal_state", "Where an appeal stands.")
_publish(AppealMove, "AppealMove", "appeal_move", "What can happen to an appeal.")
_publish(AppealVerdict, "AppealVerdict", "appeal_verdict", "What an authority can order.")
_publish(AwardKind, "AwardKind", "award", "What an order can impose.")
_publish(AwardState, "AwardState", "award_state", "Where the money of an order stands.")
_publish(HearingState, "HearingState", "hearing_state", "What became of a date of hearing.")
_publish(Bench, "CommissionBench", "bench", "How many members of the Commission hear a case.")
_publish(CommissionWord, "CommissionWord", "commission_word", "What the Commission tells of a case.")
_publish(MessageState, "CommissionMessageState", "message_state", "What became of a message of the Commission.")
_publish(ClearanceState, "ClearanceState", "clearance_state", "How a clearance stands.")
_publish(EscalationKind, "EscalationKind", "escalation", "Why somebody is warned about an application.")
_publish(LeaveState, "LeaveState", "leave_state", "Where an officer's leave stands on a day.")
_publish(DocumentIntegrity, "DocumentIntegrity", "integrity", "How the content of a file was checked.")
_publish(QuestionKind, "FormQuestionKind", "form_question_kind", "What an answer of a form is.")
_publish(SignatureState, "SignatureState", "signature", "What the signature inside a document was found to be worth.")
_publish(
    SourceCopy, "SourceCopy", "source_copy", "What the source of an attached document gave when it was asked again."
)
_publish(FeeRoute, "FeeRoute", "fee_route", "By which way a fee is paid online.")
_publish(FeeState, "FeePaymentState", "fee_state", "Where an order to pay a fee stands.")
_publish(RefundCause, "FeeRefundCause", "refund_cause", "Why a fee goes back.")
_publish(GrievanceCategory, "GrievanceCategory", "grievance_category", "What a grievance is about.")
_publish(GrievanceState, "GrievanceState", "grievance_state", "Where a grievance stands.")
_publish(GrievanceMove, "GrievanceMove", "grievance_move", "What can happen to a grievance.")
_publish(SuggestionState, "SuggestionState", "suggestion_state", "Where a suggestion stands.")
_publish(MediaType, "FileType", "file_type", "What an uploaded file is.")
_publish(NoticeKind, "NotificationKind", "notice_kind", "What a message tells of.")
_publish(
    VisitPurpose, "VisitPurpose", "visit_purpose", "Why somebody comes: a doorstep agent, or an officer to inspect."
)
_publish(VisitState, "VisitState", "visit_state", "Where a doorstep visit stands.")
_publish(VisitFailure, "VisitFailure", "visit_failure", "Why a doorstep visit failed.")
_publish(SlotWindow, "SlotWindow", "slot_window", "The part of a day in which an agent comes.")
_publish(HandOverProof, "HandOverProof", "hand_over_proof", "What proves a hand-over.")
_publish(DifferenceKind, "FinanceDifferenceKind", "difference_kind", "What does not agree in public money.")
_publish(SuggestedCause, "SuggestedCause", "suggested_cause", "What most often lies behind a difference.")
_publish(CaseState, "FinanceCaseState", "finance_case_state", "Where a case of money stands.")
_publish(CaseStep, "FinanceCaseStep", "finance_case_step", "What can happen to a case of money.")
_publish(CaseOutcome, "FinanceCaseOutcome", "finance_case_outcome", "How a case of money is settled.")
_publish(PaymentQueue, "PaymentQueue", "payment_queue", "Where payments wait for somebody.")
_publish(RegistrationState, "BeneficiaryState", "beneficiary_state", "Where a beneficiary stands at PFMS.")
_publish(BeneficiaryOrder, "BeneficiaryOrder", "beneficiary_order", "In which order beneficiaries are listed.")
_publish(RunState, "ReconciliationState", "reconciliation_state", "How far a day's comparison has come.")
_publish(BatchState, "PaymentBatchState", "batch_state", "Where a file for PFMS stands.")
_publish(EnrolmentState, "PaymentSignerState", "signer_state", "What PFMS says of a certificate that signs its files.")
_publish(MarkState, "TrainingMarkState", "training_mark", "Whether a mark of an exercise was reached.")
