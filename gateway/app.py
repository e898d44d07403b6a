"""The composition root: builds the ASGI application from the settings."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TypeVar

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import BaseRoute, Route, WebSocketRoute
from strawberry.schema import BaseSchema

from actions.appeals.commission_hook import CommissionHearings
from actions.certificates.issuer import CertificateIssuer
from actions.certificates.published import CertificatePublisher
from actions.connectors.versions import connectors_in_force
from actions.connectors.watching import ConnectorNotices
from actions.consents.watch import LOOK_SECONDS as WITHDRAWAL_SECONDS
from actions.consents.watch import ConsentWatch
from actions.conversations.inbox import WhatsAppInbox
from actions.conversations.sms_commands import SmsCommands
from actions.etaal.counts import LedgerCounts
from actions.fees.returns import FeeReturns
from actions.identity.provider_sign_out import sign_out_hosts
from actions.identity.sessions import person_of_token, person_signed_in
from actions.kernel import Environment
from actions.officers.staff_feed import StaffFeed
from actions.platform.change_feed import Feed
from actions.platform.events import EventReads
from actions.platform.own_receivers import OwnReceivers
from domain.fees.fees import FeeRoute
from domain.identity.kept_sessions import SignedIn
from domain.kernel import ANONYMOUS, Language, PersonKind, Source, language_from_header
from domain.kernel.messages import catalogue
from domain.platform.event_receivers import EventOwner
from gateway import sign_in
from gateway.credentials.issuance import issuance_routes
from gateway.credentials.status_lists import status_list_routes
from gateway.documents.authority import Authority
from gateway.graphiql.page import own_graphiql
from gateway.graphql.endpoint import GraphQLEndpoint
from gateway.graphql.pipeline import Pipeline
from gateway.graphql.trusted import open_trusted_documents
from gateway.http.admission import Share
from gateway.http.calls import RequestFacts
from gateway.http.connections import Connections
from gateway.http.document_downloads import document_routes
from gateway.http.edge import Edge
from gateway.http.fallback import HANDLERS
from gateway.http.health import health_routes
from gateway.http.hidden_addresses import refuse_hidden_text
from gateway.http.https_address import HttpsGateway
from gateway.http.kill_switches import count_failures, refuse_when_off
from gateway.http.metrics import Metrics
from gateway.http.openapi import openapi_routes
from gateway.http.public_keys import public_key_routes
from gateway.http.rates import RateClass
from gateway.http.session_auth import cookie_to_read
from gateway.http.uploads import upload_routes
from gateway.operations.published import PublishedOperations
from gateway.pages.addresses import PAGES
from gateway.pages.dashboard import dashboard_routes
from gateway.pages.documentation import documentation_routes
from gateway.pages.downloads.definition_pdf import definition_pdf_routes
from gateway.pages.downloads.figures_csv import figures_routes
from gateway.pages.downloads.hearing_calendar import hearing_calendar_routes
from gateway.pages.downloads.notified import notified_routes
from gateway.pages.downloads.open_data import open_data_routes
from gateway.pages.downloads.papers import paper_routes
from gateway.pages.downloads.personal_data import personal_data_routes
from gateway.pages.downloads.review_pdf import review_pdf_routes
from gateway.pages.downloads.rosters import roster_routes
from gateway.pages.fees import fee_routes
from gateway.pages.portal import portal_routes
from gateway.pages.rendering import Pages
from gateway.pages.site import APP, Site
from gateway.pages.status import status_routes
from gateway.pages.unsubscribe import unsubscribe_routes
from gateway.runtime.alarms import LOOK_SECONDS, AlarmWatch, UnkeptAlarms, alarm_webhook
from gateway.runtime.composition import Runtime, open_runtime
from gateway.runtime.edge_wiring import admission_wrapper, bound_requests, open_edge, trace_doors
from gateway.runtime.heartbeat import BEAT_SECONDS, Heartbeat, run_heartbeat
from gateway.runtime.partners import addresses, is_connected, make_transports, read_onboarding
from gateway.runtime.production import refuse_second_gateway
from gateway.runtime.sealing import SealWatch
from gateway.runtime.source_reports import SourceReports
from gateway.runtime.worker_watch import WorkerWatch
from gateway.settings.limits import DEMO_COST_TIMES, DEMO_TIMES
from gateway.settings.settings import Settings
from gateway.streams.connection import SocketEndpoint
from gateway.streams.responses import HttpStreams
from gateway.streams.streams import Streaming, open_streams
from gateway.umang import umang_routes
from integrations.apisetu import PublishedSettings, published_routes
from integrations.calling.reachability_probes import ReachabilityProbes
from integrations.calling.request_counters import RequestCounters
from integrations.connectors.endpoint import connector_routes
from integrations.csc import wallet_routes
from integrations.digilocker import IssuerSettings, issuer_routes
from integrations.etaal import EtaalSettings, etaal_routes
from integrations.event_receivers import events_routes, receivers_routes
from integrations.hr import HrSettings, hr_routes
from integrations.registry import OUTSIDE_SYSTEMS
from integrations.right_to_service import RightToServiceSettings, commission_routes
from integrations.sms import SmsSettings, sms_routes
from integrations.treasury import treasury_routes
from integrations.trust_services import TrustServices
from integrations.umang import UmangEndpointSettings
from integrations.whatsapp import WhatsAppSettings, whatsapp_routes
from schema import build
from schema.department_subgraph import build_typed
from schema.kernel import Context

T = TypeVar("T")
NOBODY = SignedIn(ANONYMOUS)
log = structlog.get_logger(__name__)


def create_app(settings: Settings) -> Starlette:
    """The gateway's ASGI application, which serves requests once the store and the partners' settings are ready."""
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        graph = build()
        for language in Language:
            catalogue(language)  # read before anybody asks, and left alone by the garbage collector
        async with (
            open_runtime(settings, metrics.observe_call, kind="gateway", breakers=metrics.observe_breaker) as runtime,
            run_gateway_heartbeat(runtime, settings, metrics) as pulse,
            open_edge(settings, runtime, metrics) as edge,
            open_trusted_documents(runtime.environment, edge.trusted, graph),
            open_streams(
                settings.streams,
                runtime.environment.store,
                settings.cache_store_url,
                lambda: bool(app.state.ready),
                runtime.environment.caches.sessions,
            ) as streaming,
        ):
            app.state.environment = runtime.environment
            app.state.pages = open_pages(settings, runtime.environment)
            app.state.store_answers = lambda: runtime.vitals.store_answers
            metrics.watch_streams(lambda: streaming.open)
            metrics.watch_encryptions(runtime.environment.keyrings.encryptions)
            streaming.dropped = metrics.observe_dropped
            app.state.connections.callers = edge.callers or app.state.connections.callers
            app.state.connections.end_stranger = streaming.end_stranger
            app.router.routes.extend(doors(settings, runtime, metrics, pulse, edge, graph, streaming))
            app.router.routes.extend(await typed_routes(settings, runtime, edge))
            app.state.connections.refuses = streaming.operations.pipeline.refuses
            app.state.ready = True
            log.info("gateway_ready", profile=settings.profile.value)
            yield
            app.state.ready = False

    kind = HttpsGateway if settings.url.startswith("https://") else Starlette
    app = kind(routes=health_routes(), lifespan=lifespan, exception_handlers=dict(HANDLERS))
    app.state.ready = False
    app.state.pages = Pages(settings.portal)
    app.state.connections = Connections(settings.server.trusted_proxies)
    return app


def doors(
    settings: Settings,
    runtime: Runtime,
    metrics: Metrics,
    pulse: Heartbeat,
    edge: Edge,
    graph: BaseSchema,
    streaming: Streaming,
) -> list[BaseRoute]:
    """Every route but health, which is served before the others."""
    environment = runtime.environment
    times = DEMO_TIMES if settings.demo else 1
    admitted = admission_wrapper(edge, Share.PARTNERS)

    def partner(routes: list[Route], source: Source) -> list[Route]:
        return refuse_when_off(admitted(routes), source, runtime.switches, environment.clock)

    locker = read_onboarding(settings, "digilocker", partial(IssuerSettings.from_onboarding, times=times))
    published = read_onboarding(settings, "apisetu", partial(PublishedSettings.from_onboarding, times=times))
    etaal = read_onboarding(
        settings, "etaal", lambda given: EtaalSettings.from_onboarding(given, public_url=settings.url, times=times)
    )
    umang = read_onboarding(settings, "umang", UmangEndpointSettings.from_onboarding)
    partners = [
        *partner(
            issuer_routes(CertificateIssuer(environment, locker.search_tags), locker, environment.clock, edge.tallies),
            Source.DIGILOCKER,
        ),
        *partner(etaal_routes(LedgerCounts(environment), etaal, environment.clock, edge.tallies), Source.E_TAAL),
        *partner(
            published_routes(
                CertificatePublisher(environment), published, environment.clock, settings.url, edge.tallies
            ),
            Source.API_SETU,
        ),
        *admitted(umang_routes(settings, runtime, graph, edge, metrics)),
        *(route for own in signed_doors(settings, environment, edge.tallies) for route in partner(*own)),
        *partner(
            [
                *events_routes(EventReads(environment), environment.clock, edge.tallies, times=times),
                *receivers_routes(
                    OwnReceivers(environment, {EventOwner.UMANG: umang.secrets, EventOwner.E_TAAL: [etaal.bearer]}),
                    environment.clock,
                    edge.tallies,
                    times=times,
                ),
            ],
            Source.EVENT_RECEIVERS,
        ),
        *admitted(fee_doors(environment)),
        *admitted(connector_routes(ConnectorNotices(environment), environment.clock, edge.tallies)),
    ]
    site = open_site(settings, runtime, graph, edge)
    pages = [
        *count_failures(refuse_hidden_text(sign_in.routes(settings)), runtime.vitals.sign_in_failed),
        *refuse_hidden_text(own_pages(settings, runtime, metrics, pulse)),
        *refuse_hidden_text([*site.routes(PAGES), *portal_routes(settings.portal)]),
    ]
    return [
        *graphql_routes(settings, runtime, edge, graph, streaming),
        *trace_doors(bound_requests(partners, edge, RateClass.PARTNERS), edge.traces),
        *bound_requests(pages, edge, RateClass.REQUESTS),
    ]


def open_site(settings: Settings, runtime: Runtime, graph: BaseSchema, edge: Edge) -> Site:
    """What serves the pages that are published operations, over a pipeline of the graph."""
    pipeline = Pipeline(graph, context_factory(runtime, settings), replace(edge, streams=None))
    return Site(PublishedOperations(pipeline, APP), open_pages(settings, runtime.environment))


def open_pages(settings: Settings, environment: Environment) -> Pages:
    """What draws the pages of this installation."""

    def reader(request: Request) -> PersonKind | None:
        token = cookie_to_read(request, (settings.url,))
        named = person_of_token(environment, token) if token else None
        return named[0] if named else None

    portal = settings.portal
    trust = environment.partners.find(TrustServices)
    if settings.demo and trust is not None and "bridge" not in portal.model_fields_set:
        address = f"{settings.partner('trust_services').base_url}/bridge"
        portal = portal.model_copy(update={"bridge": address})
    specimen = environment.rules.takes_sandboxes
    return Pages(portal, environment.clock, environment.ids, sign_out_hosts(environment), reader, specimen)


def own_pages(settings: Settings, runtime: Runtime, metrics: Metrics, pulse: Heartbeat) -> list[Route]:
    """The routes that are neither the graph's nor a partner's: pages for everybody, uploads, figures, status."""
    environment = runtime.environment
    authority = open_authority(settings, environment)
    return [
        *public_key_routes(environment),
        *status_list_routes(environment),
        *issuance_routes(environment, authority),
        *openapi_routes(settings.url),
        *dashboard_routes(environment),
        *figures_routes(environment),
        *review_pdf_routes(environment),
        *definition_pdf_routes(environment),
        *paper_routes(environment, authority),
        *hearing_calendar_routes(environment),
        *notified_routes(environment),
        *open_data_routes(environment),
        *upload_routes(environment, origins=(settings.url,)),
        *roster_routes(environment, origins=(settings.url,)),
        *personal_data_routes(environment),
        *document_routes(environment),
        *unsubscribe_routes(environment),
        *status_routes(settings, runtime.monitor, switches=runtime.switches, clock=environment.clock, pulse=pulse),
        *metrics.routes(environment),
        *(documentation_routes() if settings.takes_sandboxes else []),
    ]


def open_authority(settings: Settings, environment: Environment) -> Authority:
    """Where the certificates of signing keys are found."""
    makes_tests = settings.takes_sandboxes
    return Authority(environment.keyrings, settings.certificates_folder, environment.clock, makes_tests=makes_tests)


def fee_doors(environment: Environment) -> list[Route]:
    """The routes by which browsers return from paying, and our pages about a payment.

    No switch shuts them: somebody may have paid already, and what came back is kept.
    """
    treasury, wallet = environment.partners.treasury, environment.partners.wallet
    return [
        *(treasury_routes(treasury, FeeReturns(environment, FeeRoute.TREASURY)) if treasury else []),
        *(wallet_routes(wallet, FeeReturns(environment, FeeRoute.CSC_WALLET)) if wallet else []),
        *fee_routes(environment),
    ]


def signed_doors(
    settings: Settings, environment: Environment, tallies: RequestCounters | None
) -> list[tuple[list[Route], Source]]:
    """The routes of the systems that may be connected or not, and call us with secrets of their own."""
    clock, times = environment.clock, DEMO_TIMES if settings.demo else 1

    def onboarding_of(system: str, read: Callable[..., T]) -> T | None:
        """What its onboarding handed over; None where the system is not connected."""
        known = is_connected(settings, OUTSIDE_SYSTEMS[system])
        return read_onboarding(settings, system, partial(read, times=times)) if known else None

    commission = onboarding_of("right_to_service", RightToServiceSettings.from_onboarding)
    hr, sms = onboarding_of("hr", HrSettings.from_onboarding), onboarding_of("sms", SmsSettings.from_onboarding)
    inbound, whatsapp = sms and sms.inbound, onboarding_of("whatsapp", WhatsAppSettings.from_onboarding)
    hearings, inbox = CommissionHearings(environment), WhatsAppInbox(environment)
    return [
        (commission_routes(hearings, commission, clock, tallies) if commission else [], Source.RIGHT_TO_SERVICE),
        (hr_routes(StaffFeed(environment), hr, clock, tallies) if hr else [], Source.HR),
        (sms_routes(SmsCommands(environment), inbound, clock, tallies) if inbound else [], Source.SMS),
        (whatsapp_routes(inbox, whatsapp, clock, tallies) if whatsapp else [], Source.WHATSAPP),
    ]


@asynccontextmanager
async def run_gateway_heartbeat(runtime: Runtime, settings: Settings, metrics: Metrics) -> AsyncIterator[Heartbeat]:
    """The gateway's heartbeat: refreshes switches, reports health, checks the audit log's sealing and the workers."""
    environment = runtime.environment
    await refuse_second_gateway(environment, settings)
    sealing = SealWatch(environment.store, environment.clock, settings.seal_limit_seconds)
    async with AsyncExitStack() as stack:
        post = await alarm_webhook(settings, environment.clock, stack)
        workers = WorkerWatch(environment, AlarmWatch(environment, notify=post is not None), post)
        metrics.watch_workers(lambda: workers.silence)
        metrics.watch_alarms(runtime.vitals.own_alarms)
        lines = make_transports(settings, environment.clock)
        reach = ReachabilityProbes(lines, addresses(settings), runtime.monitor)
        first_look = asyncio.create_task(reach.probe_all())  # never waited for: readiness depends on no outside system
        stack.callback(first_look.cancel)
        pulse = Heartbeat(environment, runtime.switches, runtime.vitals)
        await pulse.read_history()
        reports = SourceReports(environment, runtime.monitor)
        more = (
            (BEAT_SECONDS, sealing.look),
            (LOOK_SECONDS, workers.look),
            (BEAT_SECONDS, UnkeptAlarms(environment, pulse, post, runtime.vitals.label).look),
            (BEAT_SECONDS, reach.probe_all),
            (BEAT_SECONDS, reports.look),
            (LOOK_SECONDS, pulse.read_history),
        )
        withdrawals = (WITHDRAWAL_SECONDS, ConsentWatch(environment).look)
        yield await stack.enter_async_context(run_heartbeat(pulse, *more, withdrawals))


def graphql_routes(
    settings: Settings, runtime: Runtime, edge: Edge, graph: BaseSchema, streaming: Streaming
) -> list[BaseRoute]:
    """The graph at /graphql, and GraphiQL for browsers where it is open."""
    edge = replace(edge, streams=HttpStreams(streaming))
    endpoint = GraphQLEndpoint(graph, context_factory(runtime, settings, streaming.feed), edge)
    streaming.serve(endpoint.pipeline)
    files = own_graphiql(demo=settings.demo).routes() if settings.graphiql_open else []
    assets = bound_requests(files, edge, RateClass.REQUESTS)
    return [Route("/graphql", endpoint), WebSocketRoute("/graphql", SocketEndpoint(streaming)), *assets]


async def typed_routes(settings: Settings, runtime: Runtime, edge: Edge) -> list[BaseRoute]:
    """The typed subgraph of the systems that joined by files, as they were in force at the start; none without any."""
    connectors = await runtime.environment.store.read(connectors_in_force)
    built = build_typed(connectors.values()) if connectors else None
    if built is None:
        return []
    endpoint = GraphQLEndpoint(built, context_factory(runtime, settings), replace(edge, streams=None))
    return [Route("/graphql/departments", endpoint)]


def context_factory(
    runtime: Runtime, settings: Settings, feed: Feed | None = None
) -> Callable[[RequestFacts], Awaitable[Context]]:
    """What makes the context of each operation."""
    environment, limits = runtime.environment, settings.limits
    times = DEMO_COST_TIMES if settings.demo else 1

    async def make(facts: RequestFacts) -> Context:
        person = NOBODY if facts.token is None else await person_signed_in(environment, facts.token)
        return Context(
            request_id=facts.request_id,
            subject=person.subject,
            language=_language(facts.accept_language, person),
            environment=environment,
            monitor=runtime.monitor,
            idempotency_key=facts.idempotency_key,
            switches=runtime.switches,
            client=facts.client or "",
            agent=facts.agent,
            cost_limit=(limits.router_cost if facts.router else limits.cost) * times,
            throttle=facts.standing.throttle_status() if facts.standing else None,
            federation=settings.demo or facts.router,
            router=facts.router,
            feed=feed,
        )

    return make


def _language(header: str | None, person: SignedIn) -> Language:
    """The language asked for, else the citizen's saved one, else that of the state."""
    return person.language if person.language and not header else language_from_header(header)
