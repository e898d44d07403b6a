"""The schema put together: one query, one mutation, our errors, our entities."""

from typing import TYPE_CHECKING, Any, Final

import strawberry
from graphql import GraphQLError
from strawberry.federation.schema import FederationAny
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from domain.kernel.text import Language
from schema.answers import AnswerExtension
from schema.appealing import AppealingMutation, ExaminingMutation
from schema.appeals import AppealsQuery
from schema.applications import ApplicationsQuery
from schema.assisting import AssistingMutation
from schema.beneficiaries import BeneficiariesQuery
from schema.benefit_ordering import BenefitCourseMutation, BenefitMoneyMutation
from schema.central import CentralQuery
from schema.centres import CentresQuery
from schema.certificates import CertificatesQuery
from schema.changes import ChangesQuery
from schema.citizens import Citizen
from schema.client_policy import ClientPolicyMutation, ClientPolicyQuery
from schema.commission import CommissionMutation, CommissionQuery
from schema.complaining import GrievancesMutation
from schema.consenting import ConsentsMutation
from schema.consents import ConsentsQuery
from schema.context import Context, Info
from schema.correcting import CorrectingMutation
from schema.counts import CountsQuery
from schema.deciding import DecidingMutation
from schema.desk import DeskMutation
from schema.devices import DevicesMutation, DevicesQuery
from schema.entities import resolve_entities
from schema.errors import replace_errors
from schema.etaal import EtaalMutation, EtaalQuery
from schema.fee_paying import FeePayingMutation
from schema.feedback import FeedbackQuery
from schema.fees import FeesMutation
from schema.figure_cases import DelaysMutation, FigureCasesQuery
from schema.files import FilesQuery
from schema.finance_books import FinanceQuery
from schema.finance_settling import FinanceMutation
from schema.guarding import enforce
from schema.labels import LabelsQuery
from schema.lockers import LockersQuery
from schema.nodes import NodesQuery
from schema.notifications import NotificationsMutation
from schema.notified import NotifiedQuery
from schema.office_benefits import ApprovalsQuery, HeldBenefitsQuery
from schema.office_figures import ViewsMutation
from schema.office_law import OverdueQuery
from schema.officers import Officer
from schema.operations_desk import OperationsMutation, OperationsQuery
from schema.operators import Operator
from schema.ordering import OrderingMutation
from schema.personal_data import PersonalDataMutation
from schema.places import PlacesQuery
from schema.rating import FeedbackMutation
from schema.record_claims import RecordClaimsMutation, RecordClaimsQuery
from schema.responding import RespondingMutation
from schema.rostering import RosteringMutation
from schema.rosters import RostersQuery
from schema.scalars import scalar_map
from schema.schemes import SchemesQuery
from schema.services import ServicesQuery
from schema.sources import SourcesQuery
from schema.staff_lists import StaffQuery
from schema.staffing import StaffingMutation
from schema.statistics import StatisticsQuery
from schema.submitting import SubmittingMutation
from schema.subscribing import Subscription
from schema.suggestions import SuggestionsMutation
from schema.tracking import TrackingQuery
from schema.viewer import ViewerQuery
from schema.visiting import ArrangingMutation, DoorstepQuery, VisitingMutation

if TYPE_CHECKING:
    from graphql.execution import Executor

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
    AppealsQuery,
    OverdueQuery,
    CommissionQuery,
    NotifiedQuery,
    ChangesQuery,
    CertificatesQuery,
    CountsQuery,
    EtaalQuery,
    StatisticsQuery,
    FigureCasesQuery,
    TrackingQuery,
    FeedbackQuery,
    DoorstepQuery,
    FilesQuery,
    SourcesQuery,
    LockersQuery,
    NodesQuery,
    LabelsQuery,
    OperationsQuery,
    StaffQuery,
    ClientPolicyQuery,
    ConsentsQuery,
    DevicesQuery,
    CentresQuery,
    CentralQuery,
    RecordClaimsQuery,
    RostersQuery,
    FinanceQuery,
    BeneficiariesQuery,
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
    AppealingMutation,
    CommissionMutation,
    ExaminingMutation,
    DeskMutation,
    OperationsMutation,
    ClientPolicyMutation,
    EtaalMutation,
    FeedbackMutation,
    GrievancesMutation,
    SuggestionsMutation,
    PersonalDataMutation,
    ArrangingMutation,
    VisitingMutation,
    NotificationsMutation,
    StaffingMutation,
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


def build_schema(*, execution_context_class: "type[Executor[Any]] | None" = None) -> strawberry.federation.Schema:
    """Make the schema, and enforce what its fields declare."""
    built = ApuniSchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        # Unions and lazy types are not searched for entities, so these are named.
        types=[Citizen, Officer, Operator],
        extensions=[AnswerExtension],
        execution_context_class=execution_context_class,
        config=StrawberryConfig(scalar_map=scalar_map()),
        federation_version=FEDERATION_VERSION,
    )
    enforce(built._schema)  # noqa: SLF001 - Strawberry gives graphql-core's schema no public name
    return built
