"""The pages of the site over an environment, without a gateway around them."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
from starlette.applications import Starlette
from strawberry.schema import BaseSchema

from actions.identity.sessions import subject_for_token
from actions.kernel import Environment
from domain.kernel import ANONYMOUS, Language, Source, Subject
from gateway.graphql.pipeline import Pipeline
from gateway.http.calls import RequestFacts
from gateway.http.edge import Edge
from gateway.operations.published import PublishedOperations
from gateway.pages.addresses import PAGES
from gateway.pages.rendering import Pages
from gateway.pages.site import APP, Site
from gateway.settings.portal import Portal
from integrations.calling.monitor import SourceMonitor
from schema.kernel import Context

URL = "http://gateway.test"


def pages_app(
    graph: BaseSchema,
    env: Environment,
    people: Mapping[str, Subject] | None = None,
    *,
    monitor: SourceMonitor | None = None,
    edge: Edge | None = None,
    portal: Portal | None = None,
) -> Starlette:
    """All pages that are published operations. `people` are signed in by their names in the place of a token."""
    known = people or {}

    async def context(facts: RequestFacts) -> Context:
        subject = known.get(facts.token) if facts.token else ANONYMOUS
        subject = subject or await subject_for_token(env, facts.token or "")
        language, watched = Language(facts.accept_language or "hi"), monitor or SourceMonitor([Source.DIGILOCKER])
        return Context("request-1", subject, language, env, watched, facts.idempotency_key)

    pipeline = Pipeline(graph, context, edge or Edge(env.clock, env.ids, origins=(URL,)))
    pages = Pages(portal or Portal(), env.clock, env.ids)
    app = Starlette(routes=Site(PublishedOperations(pipeline, APP), pages).routes(PAGES))
    app.state.pages, app.state.environment = pages, env
    return app


def browser_of(
    app: Starlette, person: str | None = None, language: str = "en", **more: Any
) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    """The browser of a person by her name or by the token of a session; of a stranger without one."""
    headers = {"accept": "text/html", "accept-language": language, "sec-fetch-site": "same-origin", **more}
    cookies = {"apuni_session": person} if person else {}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=URL, headers=headers, cookies=cookies)
