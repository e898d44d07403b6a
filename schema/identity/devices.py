"""A person's signed-in devices, and a citizen's sign-in accounts."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from actions.identity.account_links import LinkBegun, begin_link, unlink
from actions.identity.devices import OwnDevice, end_devices, own_devices
from actions.identity.provider_sign_out import address_of
from domain.kernel import Assurance, Provider, Scope
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    Info,
    Mapped,
    View,
    assumed_list_size,
    mutation,
    require_signed_in,
    resolver_field,
)
from schema.kernel.mutations import KEY_DESCRIPTION, key_of
from schema.kernel.payloads import MutationPayload, run_mutation
from store.identity import devices as device_store


@strawberry.type(directives=[AUTHENTICATED], description="A device on which one is signed in.")
class Device(Mapped[device_store.Device], expires_at="until"):
    key: str = strawberry.field(description="Give it to signOutDevices.")
    here: bool = strawberry.field(description="Whether it is the one that asks.")
    client: str = strawberry.field(description="APP or BROWSER.")
    platform: str = strawberry.field(description="The kind of system that it runs, such as ANDROID; no more is kept.")
    provider: Provider = strawberry.field(description="With which provider one signed in.")
    assurance: Assurance = strawberry.field(description="How sure the sign-in was of one's identity.")
    signed_in_at: datetime = strawberry.field(description="When one signed in.")
    last_used_at: datetime = strawberry.field(description="When the session was begun or refreshed last.")
    expires_at: datetime = strawberry.field(description="When one must sign in again at the latest.")
    provider_sign_out: str | None = strawberry.field(
        description="Where a browser ends its session at the provider too, after signing out here; null where the "
        "provider has no such page. An app opens it in the system browser."
    )

    @classmethod
    def of(cls, item: OwnDevice, provider_sign_out: str | None) -> Self:
        """The graph's view of a device."""
        return cls.read(
            item.device,
            provider_sign_out=provider_sign_out,
            key=item.key,
            here=item.here,
            assurance=Assurance(item.device.assurance),
        )


@strawberry.type
class DevicesQuery:
    """One's own devices."""

    @resolver_field(
        description="The devices on which one is signed in, the one used last first; one's own only.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL, assumed_list_size(10)],
    )
    async def devices(self, info: Info) -> list[Device] | None:
        env = info.context.environment
        held = await own_devices(env, require_signed_in(info))
        return [Device.of(one, address_of(env, one.device.provider)) for one in held]


@strawberry.input(description="Which devices are signed out.")
class SignOutDevicesInput:
    device: str | None = strawberry.field(
        default=None, description="The key of one device; left out, all. One that is none of one's own changes nothing."
    )
    keep_this: bool = strawberry.field(default=False, description="Whether the device that asks stays signed in.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.type(description="What was signed out.")
class SignOutDevicesPayload(MutationPayload):
    ended: int | None = strawberry.field(description="How many sessions ended; null when refused.")


@strawberry.input(description="A further account to link.")
class LinkAccountInput:
    """The provider is enough; which account it is, she shows there."""

    provider: Provider = strawberry.field(description="Who holds the account: one that citizens sign in with.")
    idempotency_key: str | None = strawberry.field(
        default=None, description="Asked again it begins anew: the address is a secret that is not kept."
    )


@strawberry.type(directives=[AUTHENTICATED], description="A link of a further account that is under way.")
class AccountLink(View[LinkBegun]):
    address: str = strawberry.field(
        description="To be opened in her browser, once: she shows the account there, and enters the code that is sent "
        "to the telephone on file."
    )
    expires_at: datetime = strawberry.field(description="Until when it can be finished.")


@strawberry.type(description="The beginning of a link.")
class LinkAccountPayload(MutationPayload):
    link: AccountLink | None = strawberry.field(description="Where to go on; null when refused.")


@strawberry.input(description="Accounts to untie.")
class UnlinkAccountInput:
    """All that she has with one provider."""

    provider: Provider = strawberry.field(description="Who holds the account.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.type(description="What was untied.")
class UnlinkAccountPayload(MutationPayload):
    unlinked: int | None = strawberry.field(description="How many accounts were untied; null when refused.")


@strawberry.type
class DevicesMutation:
    """Mutations about devices and accounts."""

    @mutation(description="Sign out one of one's own devices, or every one. Streams of theirs end within seconds.")
    async def sign_out_devices(
        self,
        info: Info,
        input: Annotated[SignOutDevicesInput, strawberry.argument(description="Which.")],  # noqa: A002
    ) -> SignOutDevicesPayload:
        async def work() -> tuple[int, bool]:
            environment, subject = info.context.environment, info.context.subject
            key = key_of(info, input.idempotency_key)
            return await end_devices(environment, subject, key, device=input.device, keep_this=input.keep_this)

        return await run_mutation(info, SignOutDevicesPayload, "ended", work, int)

    @mutation(
        description="Begin to link a further account of hers. It is linked once she has shown it at its provider and "
        "entered the code that is sent to the telephone on file; never by name or mobile.",
        scopes=[Scope.OWN],
    )
    async def link_account(
        self,
        info: Info,
        input: Annotated[LinkAccountInput, strawberry.argument(description="Whose.")],  # noqa: A002
    ) -> LinkAccountPayload:
        async def work() -> tuple[LinkBegun, bool]:
            return await begin_link(info.context.environment, info.context.subject, input.provider)

        return await run_mutation(info, LinkAccountPayload, "link", work, AccountLink.of)

    @mutation(
        description="Untie the accounts that she has with a provider; the last way in cannot be untied.",
        scopes=[Scope.OWN],
    )
    async def unlink_account(
        self,
        info: Info,
        input: Annotated[UnlinkAccountInput, strawberry.argument(description="Whose.")],  # noqa: A002
    ) -> UnlinkAccountPayload:
        async def work() -> tuple[int, bool]:
            environment, subject = info.context.environment, info.context.subject
            return await unlink(environment, subject, input.provider, key_of(info, input.idempotency_key))

        return await run_mutation(info, UnlinkAccountPayload, "unlinked", work, int)
