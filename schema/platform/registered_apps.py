"""What a developer has at hand: registered apps with their requests, versions in use, errors by operation."""

from datetime import date, datetime, timedelta
from typing import Annotated

import strawberry

from actions.platform.manifests import Shelf
from actions.platform.registered_apps import (
    MOST_ERRORS,
    MOST_REQUESTS,
    apps_of,
    change_registered_app,
    operation_errors,
    register_app,
    requests_of,
    require_developer,
    versions_in_use,
)
from domain.kernel import Scope
from domain.platform import registered_apps as kept
from domain.platform.registered_apps import KEY_SHOWN_MINUTES, MOST_APPS, MOST_REDIRECTS
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    Info,
    Long,
    View,
    assumed_list_size,
    former_field,
    page_size,
    requires_scopes,
    resolver_field,
    sliced_list_size,
)
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import input_fields
from schema.kernel.payloads import Thing, thing_payload
from schema.platform.changes import First

_LOG_SIZE = 10
RequestId = Annotated[
    str | None, strawberry.argument(description="Only the request of this id, which its answer bore as X-Request-Id.")
]


@strawberry.type(description="A request of an app; nothing of the person who used it is kept.")
class AppRequest(View[kept.AppRequest], id="request_id"):
    id: strawberry.ID = strawberry.field(description="What its answer bore as `X-Request-Id`.")
    request_id: str = former_field("id", added="0.3")
    sent_at: datetime = strawberry.field(description="When it was answered.")
    operation: str | None = strawberry.field(description="The name that the app gave the operation.")
    version: str | None = strawberry.field(description="What the app said of its version.")
    status: int = strawberry.field(description="The HTTP status of its answer.")
    milliseconds: int = strawberry.field(description="How long the answer took.")
    codes: list[str] = strawberry.field(description="The codes of its errors.", directives=[assumed_list_size(5)])


@strawberry.type(directives=[AUTHENTICATED], description="An app that a developer registered (docs/clients.md).")
class RegisteredApp(View[kept.RegisteredApp]):
    item: strawberry.Private[kept.RegisteredApp]
    id: strawberry.ID = strawberry.field(description="Give it to changeRegisteredApp.")
    client_id: str = strawberry.field(description="Its `client_id` at sign-in.")
    name: str = strawberry.field(description="What its developer calls it.")
    redirects: list[str] = strawberry.field(
        description="Where a browser is led back to it.", directives=[assumed_list_size(MOST_REDIRECTS)]
    )
    created_at: datetime = strawberry.field(description="When it was registered.")
    ended_at: datetime | None = strawberry.field(description="When it was ended; null while it holds.")

    @resolver_field(description="Its key for the header `X-App-Key`, within an hour after it was made; then null.")
    def new_key(self, info: Info) -> str | None:
        until = self.item.key_made_at + timedelta(minutes=KEY_SHOWN_MINUTES)
        return self.item.key if info.context.environment.clock.now() < until else None

    @resolver_field(
        description="Its requests of the last seven days that bore its key, the latest first.",
        directives=[sliced_list_size("first")],
    )
    async def requests(self, info: Info, first: First = _LOG_SIZE, request_id: RequestId = None) -> list[AppRequest]:
        size = min(page_size(first), MOST_REQUESTS)
        return [AppRequest.of(one) for one in await requests_of(info.context.environment, self.item, request_id, size)]


@strawberry.type(description="A published version of an app, and its use.")
class AppVersion(
    View[Shelf],
    app="manifest.app",
    version="manifest.version",
    operations="manifest.operations",
    published_at="manifest.published_at",
    last_used_on="last_use",
    uses="used",
):
    app: str = strawberry.field(description="Its name in the manifest, such as citizen_app.")
    version: str = strawberry.field(description="Its version.")
    operations: int = strawberry.field(description="How many operations it may ask by id.")
    published_at: datetime = strawberry.field(description="When it was published.")
    last_used_on: date | None = strawberry.field(description="The last day on which it was used; null if never.")
    uses: Long = strawberry.field(description="How often its operations were asked in the last 30 days.")


@strawberry.type(description="How often a published operation gave an error on a day.")
class OperationErrors(View[kept.OperationErrors], counted_on="day", errors="count"):
    app: str = strawberry.field(description="The app whose operation it is.")
    operation: str = strawberry.field(description="The name of the operation.")
    code: str = strawberry.field(description="The code of the error (docs/errors.md).")
    counted_on: date = strawberry.field(description="The day in India.")
    errors: Long = strawberry.field(description="How often.")


@strawberry.type(directives=[AUTHENTICATED], description="What a developer has at hand.")
class DeveloperDesk:
    @resolver_field(description="Whether apps are registered here: not in production, where the operator does it.")
    def registers_apps(self, info: Info) -> bool:
        return info.context.environment.rules.takes_sandboxes

    @resolver_field(
        description="The apps that she registered, the newest first.", directives=[assumed_list_size(MOST_APPS)]
    )
    async def apps(self, info: Info) -> list[RegisteredApp]:
        context = info.context
        return [RegisteredApp.of(one) for one in await apps_of(context.environment, context.subject)]

    @resolver_field(description="The published versions that are not retired.", directives=[assumed_list_size(20)])
    async def versions(self, info: Info) -> list[AppVersion]:
        return [AppVersion.of(one) for one in await versions_in_use(info.context.environment)]

    @resolver_field(
        description="The errors of published operations in the last seven days, the latest day first.",
        directives=[assumed_list_size(MOST_ERRORS)],
    )
    async def operation_errors(self, info: Info) -> list[OperationErrors]:
        return [OperationErrors.of(one) for one in await operation_errors(info.context.environment)]


@strawberry.type
class RegisteredAppsQuery:
    @resolver_field(
        description="What a developer has at hand; null with NOT_FOUND for everybody else.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL, requires_scopes(Scope.APPS)],
    )
    async def developer_desk(self, info: Info) -> DeveloperDesk | None:
        require_developer(info.context.subject)
        return DeveloperDesk()


_payload = thing_payload(
    "What became of a registered app.",
    "RegisteredAppPayload",
    app=Thing(RegisteredApp, "The app; null when refused.", RegisteredApp.of),
)


@strawberry.type
class RegisteredAppsMutation:
    register_app = action_mutation(
        register_app,
        _payload,
        "Register an app that signs people in. For developers, where sandboxes stand for outside systems.",
        input_fields(
            "An app that is to sign people in.",
            client_id="Its `client_id`: lower-case letters, digits and underscores, beginning with a letter.",
            name="What it is called, in at most 100 characters.",
            redirects="Where a browser is led back to it: https, or http at this machine, where the port is free.",
        ),
        scopes=[Scope.APPS],
    )
    change_registered_app = action_mutation(
        change_registered_app,
        _payload,
        "Give an app other redirect addresses or a new key, or end it.",
        input_fields(
            "What is done with an app.",
            app_id="The app, as developerDesk names it.",
            step="What is done.",
            redirects="Its new redirect addresses, where the step is REDIRECTS.",
        ),
        scopes=[Scope.APPS],
    )
