"""Assembles the schema: one query, one mutation, our errors, our entities."""

import re
import sys
from functools import cache, partial
from inspect import iscoroutinefunction
from typing import Any, Final, cast

import strawberry
from graphql import GraphQLError, GraphQLObjectType
from strawberry.federation.schema import FederationAny
from strawberry.printer import print_schema
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from domain.kernel import Language
from domain.kernel.tracing import Step, in_span
from schema.appeals.commission import CommissionQuery
from schema.appeals.mutations import AppealingMutation
from schema.appeals.officer_queries import OverdueQuery
from schema.appeals.types import AppealsQuery
from schema.applications.form_checks import FormChecksQuery
from schema.applications.mutations import DecidingMutation, RespondingMutation, SubmittingMutation
from schema.applications.queries import ApplicationsQuery
from schema.benefits.mutations import BenefitCourseMutation, BenefitMoneyMutation
from schema.benefits.officer_queries import ApprovalsQuery, HeldBenefitsQuery
from schema.benefits.schemes import SchemesQuery
from schema.catalogue.central_services import CentralQuery
from schema.catalogue.centres import CentresQuery
from schema.catalogue.definitions import DefinitionsMutation, DefinitionsQuery
from schema.catalogue.notified import NotifiedQuery
from schema.catalogue.places import PlacesQuery
from schema.catalogue.services import ServicesQuery
from schema.certificates.mutations import CorrectingMutation, WalletMutation
from schema.certificates.signing import SigningMutation, SigningQuery
from schema.certificates.types import CertificatesQuery
from schema.clearances.mutations import ExaminingMutation
from schema.connectors.cases import DepartmentCasesMutation, DepartmentCasesQuery
from schema.connectors.systems import DepartmentSystemsQuery
from schema.connectors.versions import ConnectorVersionsMutation, ConnectorVersionsQuery
from schema.consents.mutations import ConsentsMutation
from schema.consents.types import ConsentsQuery
from schema.direct_resolvers import resolve_directly
from schema.documents.lockers import LockersQuery
from schema.documents.mutations import OrderingMutation
from schema.doorstep.mutations import ArrangingMutation, DoorstepQuery, VisitingMutation
from schema.entities import resolve_entities
from schema.etaal.counts import CountsQuery
from schema.etaal.services import EtaalMutation, EtaalQuery
from schema.feedback.case_notices import CaseNoticesMutation
from schema.feedback.conversations import ConversationsMutation, ConversationsQuery
from schema.feedback.messages import MessagesMutation
from schema.feedback.mutations import FeedbackMutation, GrievancesMutation
from schema.feedback.notifications import NotificationsMutation
from schema.feedback.suggestions import SuggestionsMutation
from schema.feedback.texts import MessageTextsMutation, MessageTextsQuery
from schema.feedback.tracking import TrackingQuery
from schema.feedback.types import FeedbackQuery
from schema.fees.mutations import FeePayingMutation, FeesMutation
from schema.identity.assistance import AssistingMutation
from schema.identity.citizens import Citizen
from schema.identity.devices import DevicesMutation, DevicesQuery
from schema.identity.email_addresses import EmailMutation
from schema.identity.record_claims import RecordClaimsMutation, RecordClaimsQuery
from schema.identity.viewer import ViewerQuery
from schema.kernel import Context, Info, enforce, scalar_map
from schema.kernel.answers import AnswerExtension
from schema.kernel.errors import replace_errors
from schema.kernel.hidden_text import refuse_hidden_arguments
from schema.kernel.labels import LabelsQuery
from schema.nodes import NodesQuery
from schema.officers.desk_mutations import DeskMutation
from schema.officers.operators import Operator
from schema.officers.staff_batches import StaffBatchMutation, StaffBatchQuery
from schema.officers.staff_lists import StaffQuery
from schema.officers.staff_mutations import StaffingMutation, WaitingOrdersQuery
from schema.officers.types import Officer
from schema.payments import BeneficiariesQuery
from schema.platform.changes import ChangesQuery
from schema.platform.client_policy import ClientPolicyMutation, ClientPolicyQuery
from schema.platform.console import ConsoleMutation, ConsoleQuery
from schema.platform.event_receivers import EventReceiversMutation, EventReceiversQuery
from schema.platform.operations_desk import OperationsMutation, OperationsQuery
from schema.platform.registered_apps import RegisteredAppsMutation, RegisteredAppsQuery
from schema.platform.sources import SourcesQuery
from schema.platform.subscriptions import Subscription
from schema.privacy import PersonalDataMutation
from schema.reconciliation.mutations import FinanceMutation
from schema.reconciliation.queries import FinanceQuery
from schema.rosters.mutations import RosteringMutation
from schema.rosters.types import RostersQuery
from schema.statistics.baseline import BaselineQuery
from schema.statistics.cases import DelaysMutation, FigureCasesQuery
from schema.statistics.office_figures import ViewsMutation
from schema.statistics.types import StatisticsQuery
from schema.training import TrainingMutation, TrainingQuery
from schema.uploads import FilesQuery

FEDERATION_VERSION: Final = "2.9"
"""Strawberry's own default, 2.11, breaks one of three composers (docs/graph.md section 3)."""


@strawberry.type(description="Everything that can be asked.")
class Query(
    ViewerQuery,
    ServicesQuery,
    SchemesQuery,
    ApprovalsQuery,
    HeldBenefitsQuery,
    PlacesQuery,
    ApplicationsQuery,
    FormChecksQuery,
    AppealsQuery,
    OverdueQuery,
    CommissionQuery,
    NotifiedQuery,
    ChangesQuery,
    CertificatesQuery,
    CountsQuery,
    EtaalQuery,
    StatisticsQuery,
    BaselineQuery,
    FigureCasesQuery,
    TrackingQuery,
    ConversationsQuery,
    FeedbackQuery,
    DoorstepQuery,
    FilesQuery,
    SourcesQuery,
    LockersQuery,
    NodesQuery,
    LabelsQuery,
    OperationsQuery,
    ConsoleQuery,
    StaffQuery,
    StaffBatchQuery,
    WaitingOrdersQuery,
    DefinitionsQuery,
    MessageTextsQuery,
    ConnectorVersionsQuery,
    DepartmentSystemsQuery,
    EventReceiversQuery,
    SigningQuery,
    DepartmentCasesQuery,
    ClientPolicyQuery,
    RegisteredAppsQuery,
    ConsentsQuery,
    DevicesQuery,
    CentresQuery,
    CentralQuery,
    RecordClaimsQuery,
    RostersQuery,
    FinanceQuery,
    BeneficiariesQuery,
    TrainingQuery,
):
    pass


@strawberry.type(description="Everything that can be done.")
class Mutation(
    SubmittingMutation,
    RespondingMutation,
    FeesMutation,
    FeePayingMutation,
    DecidingMutation,
    CorrectingMutation,
    WalletMutation,
    AppealingMutation,
    ExaminingMutation,
    DeskMutation,
    OperationsMutation,
    ConsoleMutation,
    ClientPolicyMutation,
    RegisteredAppsMutation,
    EtaalMutation,
    FeedbackMutation,
    GrievancesMutation,
    SuggestionsMutation,
    PersonalDataMutation,
    ArrangingMutation,
    VisitingMutation,
    NotificationsMutation,
    MessagesMutation,
    ConversationsMutation,
    CaseNoticesMutation,
    MessageTextsMutation,
    ConnectorVersionsMutation,
    EventReceiversMutation,
    SigningMutation,
    DepartmentCasesMutation,
    EmailMutation,
    StaffingMutation,
    StaffBatchMutation,
    DefinitionsMutation,
    ConsentsMutation,
    DelaysMutation,
    ViewsMutation,
    AssistingMutation,
    RecordClaimsMutation,
    DevicesMutation,
    OrderingMutation,
    RosteringMutation,
    FinanceMutation,
    BenefitCourseMutation,
    BenefitMoneyMutation,
    TrainingMutation,
):
    pass


class ApuniSchema(strawberry.federation.Schema):
    """Strawberry's federation schema with our errors and our `_entities`."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Log each error by code and field, and put what the client may see in its place.

        Strawberry's own way logs the document, in which people write Aadhaar numbers (docs/reliability.md section 1).
        """
        context = execution_context.context if execution_context else None
        if isinstance(context, Context):
            replace_errors(errors, context.language, context.request_id)
        else:
            replace_errors(errors, Language.EN, None)

    async def entities_resolver(  # type: ignore[override]
        self, info: Info, representations: list[FederationAny]
    ) -> list[FederationAny]:
        """Resolve each reference by itself, all of them in one batch for each type."""
        entities: list[Any] = list(await resolve_entities(info, list(representations)))
        return entities


def trace_actions() -> None:
    """Put each action that a module of the graph calls by its name within its span, once.

    Resolvers look names up when they run, so that each need not say it; what a decorator was given before is not seen.
    """
    for module in [one for name, one in sys.modules.items() if name.startswith("schema.")]:
        for called, action in list(vars(module).items()):
            fresh = iscoroutinefunction(action) and not hasattr(action, "__wrapped__")
            if fresh and re.match(r"actions\.(?!kernel)", action.__module__):
                setattr(module, called, in_span(Step.ACTION, action))


def build_schema() -> strawberry.federation.Schema:
    """Make the schema, and enforce what its fields declare."""
    built = ApuniSchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        # Unions and lazy types are not searched for entities, so these are named.
        types=[Citizen, Officer, Operator],
        extensions=[AnswerExtension],
        config=StrawberryConfig(scalar_map=scalar_map()),
        federation_version=FEDERATION_VERSION,
    )
    trace_actions()
    executable = built._schema  # noqa: SLF001 - Strawberry gives graphql-core's schema no public name
    resolve_directly(executable)
    enforce(executable)
    refuse_hidden_arguments(executable)
    print_once = cache(partial(print_schema, built))  # a tenth of a second, in which the process answers nobody else
    cast("GraphQLObjectType", executable.type_map["_Service"]).fields["sdl"].resolve = lambda *_: print_once()
    return built
