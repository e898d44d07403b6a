"""Whether an app's version is supported, and the administrators' mutation that sets it."""

from typing import Annotated

import strawberry

from actions.platform.client_policy import client_policy, set_client_policy
from domain.kernel import Scope
from domain.platform.client_policy import DEFAULT_APP, ClientPlatform, ClientRule, Support
from schema.kernel import NEVER_SILENTLY_NULL, PUBLIC, Info, Mapped, label_field, resolver_field
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import InputField, input_fields
from schema.kernel.payloads import Thing, plain_payload

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
        if rule is None:
            return cls(support=support, minimum_version=None, latest_version=None, store_url=None)
        return cls.read(rule, support=support)

    message = label_field("support", "support", description="What to tell the person.")


@strawberry.type
class ClientPolicyQuery:
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


@strawberry.type
class ClientPolicyMutation:
    set_client_policy = action_mutation(
        set_client_policy,
        plain_payload(
            "What became of setting which versions still work.",
            minimum_version=Thing(
                str, "The oldest version that now works; null when refused.", lambda rule: rule.minimum
            ),
            latest_version=Thing(str, "The newest version as it is now told.", lambda rule: rule.latest),
        ),
        "Set which versions of an application still work. For administrators.",
        input_fields(
            "Which versions of an application still work on a platform.",
            platform="On what it runs.",
            minimum=InputField("The oldest version that still works, such as 1.4.0.", name="minimum_version"),
            reason="Why, in at most 300 characters. Nothing about a person belongs here.",
            app=InputField(_APP, default=DEFAULT_APP),
            latest=InputField("The newest version; older ones are told that it is there.", name="latest_version"),
            store_url="Where the newest version is had, by https.",
        ),
        scopes=[Scope.OPERATIONS_WRITE],
    )
