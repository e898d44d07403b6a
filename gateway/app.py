"""The composition root: settings in, ASGI application out."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import structlog
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route

from actions.counts import LedgerCounts
from actions.issuer import CertificateIssuer
from actions.sessions import subject_for_token
from domain.people import ANONYMOUS, PersonKind, Subject
from domain.sources import Source
from domain.text import Language, language_from_header
from gateway import sign_in
from gateway.composition import House, open_house
from gateway.graphiql.page import graphiql_page, graphiql_routes
from gateway.http.graphql import Edge, GraphQLEndpoint, RequestFacts
from gateway.http.health import health_routes
from gateway.http.metrics import Metrics
from gateway.http.status import status_routes
from gateway.http.track import track_routes
from gateway.http.verify import verify_routes
from gateway.http.watched import counting_failures, shut_when_off
from gateway.partners import handed_over
from gateway.pulse import Pulse, pulsing
from gateway.settings import Settings
from gateway.sign_in import SignInSettings
from integrations.digilocker import IssuerSettings, issuer_routes
from integrations.etaal import EtaalSettings, etaal_routes
from schema import build
from schema.context import Context
from store import people

DEMO_TIMES = 1000
"""The demo's rate limits are so many times those of production (DECISIONS.md, Profiles)."""
log = structlog.get_logger(__name__)


def create_app(settings: Settings) -> Starlette:
    """The gateway. Its doors open once the store and the partners' settings are there."""
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with (
            open_house(settings, metrics.observe_call, kind="gateway", breakers=metrics.observe_breaker) as house,
            beating(house) as pulse,
        ):
            app.state.environment = house.environment
            app.router.routes.extend(doors(settings, house, metrics, pulse))
            app.state.ready = True
            log.info("gateway_ready", profile=settings.profile.value)
            yield
            app.state.ready = False

    app = Starlette(routes=health_routes(), lifespan=lifespan)
    app.state.ready = False
    return app


def doors(settings: Settings, house: House, metrics: Metrics, pulse: Pulse) -> list[BaseRoute]:
    """Every door but health, which is open before the others."""
    environment = house.environment
    times = DEMO_TIMES if settings.demo else 1
    locker = handed_over(settings, "digilocker", IssuerSettings.from_onboarding)
    etaal = handed_over(
        settings, "etaal", lambda given: EtaalSettings.from_onboarding(given, public_url=settings.url, times=times)
    )
    return [
        *graphql_routes(settings, house, metrics),
        *counting_failures(
            sign_in.routes(settings=SignInSettings(settings.session_life, frozenset(settings.app_redirects))),
            house.vitals.sign_in_failed,
        ),
        *shut_when_off(
            issuer_routes(CertificateIssuer(environment), locker, environment.clock),
            Source.DIGILOCKER,
            house.switches,
            environment.clock,
        ),
        *shut_when_off(
            etaal_routes(LedgerCounts(environment), etaal, environment.clock),
            Source.E_TAAL,
            house.switches,
            environment.clock,
        ),
        *verify_routes(environment),
        *track_routes(environment),
        *status_routes(settings, house.monitor, switches=house.switches, clock=environment.clock, pulse=pulse),
        *metrics.routes(environment),
    ]


def beating(house: House) -> AbstractAsyncContextManager[Pulse]:
    """The gateway's beat: switches taken over, health told."""
    return pulsing(Pulse(house.environment, house.switches, house.vitals))


def graphql_routes(settings: Settings, house: House, metrics: Metrics) -> list[BaseRoute]:
    """The graph at /graphql, and GraphiQL for browsers where it is open."""
    endpoint = GraphQLEndpoint(
        build(),
        context_factory(house),
        Edge(
            clock=house.environment.clock,
            ids=house.environment.ids,
            limits=settings.limits,
            origins=(settings.url,),
            introspection=settings.demo,
            page=graphiql_page if settings.graphiql_open else None,
            observe=metrics.observe_operation,
        ),
    )
    assets = graphiql_routes() if settings.graphiql_open else []
    return [Route("/graphql", endpoint), *assets]


def context_factory(house: House) -> Callable[[RequestFacts], Awaitable[Context]]:
    """What makes the context of each operation."""
    environment = house.environment

    async def make(facts: RequestFacts) -> Context:
        subject = ANONYMOUS if facts.token is None else await subject_for_token(environment, facts.token)
        return Context(
            request_id=facts.request_id,
            subject=subject,
            language=await _language(house, facts.accept_language, subject),
            environment=environment,
            monitor=house.monitor,
            idempotency_key=facts.idempotency_key,
            switches=house.switches,
            client=facts.client or "",
        )

    return make


async def _language(house: House, header: str | None, subject: Subject) -> Language:
    """The language asked for, else the citizen's saved one, else Hindi."""
    if header or subject.kind is not PersonKind.CITIZEN or subject.person_id is None:
        return language_from_header(header)
    async with house.environment.store.reading() as tx:
        found = await people.citizens(tx, [subject.person_id])
    citizen = found.get(subject.person_id)
    return citizen.language if citizen else Language.HI
