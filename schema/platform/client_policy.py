"""Whether an app's version is supported, and the administrators' mutation that sets it."""

from typing import Annotated

import strawberry

from actions.platform.client_policy import SetClientPolicy, client_policy, set_client_policy
from domain.kernel import Scope
from domain.platform.client_policy import DEFAULT_APP, ClientPlatform, ClientRule, Support
from schema.kernel import NEVER_SILENTLY_NULL, PUBLIC, Info, Mapped, label_field, mutation, resolver_field
from schema.kernel.mutations import KEY_DESCRIPTION, UserError, key_of, mutation_outcome

_APP = "Which application: its name in the manifests, such as citizen_app or officer_app."


@strawberry.type(description="Whether a version of an application still works (docs/clients.md).")
class ClientPolicy(Mapped[ClientRule], minimum_version="minimum", latest_version="latest"):
    """What an application does at its start."""

    support: Support = strawberry.field(description="Whether the version still works.")
    minimum_version: str | None = strawberry.field(
        description="The oldest version that still works; null where none is set."
    )
    latest_version: str | None = strawberry.field(description="The newest version; null where none is set.")
    store_url: str | None = strawberry.field(description="Where the newest version is had.")

    @classmethod
    def of(cls, support: Support, rule: ClientRule | None) -> "ClientPolicy":
        """The graph's view of a policy."""
        if rule is None:
            return cls(support=support, minimum_version=None, latest_version=None, store_url=None)
        return cls.read(rule, support=support)

    message = label_field("support", "support", description="What to tell the person.")


@strawberry.type
class ClientPolicyQuery:
    """The root field about versions of applications."""

    @resolver_field(
        description="Whether a version of an application still works. Applications ask at their start, before "
        "anybody is signed in; null with BAD_INPUT where the version cannot be read.",
        directives=[PUBLIC, NEVER_SILENTLY_NULL],
    )
    async def client_policy(
        self,
        info: Info,
        platform: Annotated[ClientPlatform, strawberry.argument(description="On what it runs.")],
        version: Annotated[str, strawberry.argument(description="Its own version, such as 1.4.0.")],
        app: Annotated[str, strawberry.argument(description=_APP)] = DEFAULT_APP,
    ) -> ClientPolicy | None:
        support, rule = await client_policy(info.context.environment, app, platform, version)
        return ClientPolicy.of(support, rule)


@strawberry.input(description="Which versions of an application still work on a platform.")
class SetClientPolicyInput:
    platform: ClientPlatform = strawberry.field(description="On what it runs.")
    minimum_version: str = strawberry.field(description="The oldest version that still works, such as 1.4.0.")
    reason: str = strawberry.field(description="Why, in at most 300 characters. Nothing about a person belongs here.")
    app: str = strawberry.field(default=DEFAULT_APP, description=_APP)
    latest_version: str | None = strawberry.field(
        default=None, description="The newest version; older ones are told that it is there."
    )
    store_url: str | None = strawberry.field(default=None, description="Where the newest version is had, by https.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.type(description="What became of setting which versions still work.")
class SetClientPolicyPayload:
    minimum_version: str | None = strawberry.field(description="The oldest version that now works; null when refused.")
    latest_version: str | None = strawberry.field(description="The newest version as it is now told.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty when it was done.")


@strawberry.type
class ClientPolicyMutation:
    """The mutation of administrators about versions of applications."""

    @mutation(
        description="Set which versions of an application still work. For administrators.",
        scopes=[Scope.OPERATIONS_WRITE],
    )
    async def set_client_policy(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            SetClientPolicyInput, strawberry.argument(description="The policy.")
        ],
    ) -> SetClientPolicyPayload:
        environment, subject = info.context.environment, info.context.subject

        async def work() -> tuple[ClientRule, bool]:
            wanted = SetClientPolicy(
                input.app, input.platform, input.minimum_version, input.latest_version, input.store_url, input.reason
            )
            key = key_of(info, input.idempotency_key)
            return await set_client_policy(environment, subject, wanted, idempotency_key=key)

        came = await mutation_outcome(info, work)
        if isinstance(came, list):
            return SetClientPolicyPayload(minimum_version=None, latest_version=None, user_errors=came)
        rule, _ = came
        return SetClientPolicyPayload(minimum_version=rule.minimum, latest_version=rule.latest, user_errors=[])
