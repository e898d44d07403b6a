"""A person's signed-in devices, and a citizen's sign-in accounts."""

from datetime import datetime
from typing import Self

import strawberry

from actions.identity.account_links import LinkBegun, begin_link, unlink
from actions.identity.devices import OwnDevice, end_devices, own_devices
from actions.identity.provider_sign_out import address_of
from actions.identity.push_devices import register_device, remove_device
from actions.kernel import Environment
from domain.identity import push_devices
from domain.identity.push_devices import PushPlatform
from domain.kernel import Assurance, Language, Provider, Scope, Subject
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    Info,
    Mapped,
    View,
    assumed_list_size,
    one_by_key,
    require_signed_in,
    resolver_field,
)
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import KEY, InputField, input_fields
from schema.kernel.payloads import Thing, thing_payload
from store.identity import devices as device_store
from store.identity import push_devices as push_store

push_of_session = one_by_key(push_store.of_sessions)


@strawberry.type(directives=[AUTHENTICATED], description="An app on a device to which push messages go.")
class PushDevice(View[push_devices.PushDevice]):
    platform: PushPlatform = strawberry.field(description="By whom it is reached.")
    app: str = strawberry.field(description="The name of the app: its package, or its bundle.")
    language: Language = strawberry.field(description="The language of its screens.")
    registered_at: datetime = strawberry.field(description="Since when messages go there.")
    last_seen_at: datetime = strawberry.field(description="When the app registered itself last.")


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

    session_id: strawberry.Private[str]

    @resolver_field(description="The app to which push messages go while one is signed in; null where none do.")
    async def push(self, info: Info) -> PushDevice | None:
        found = await info.context.load(push_of_session, self.session_id)
        return None if found is None else PushDevice.of(found)

    @classmethod
    def of(cls, item: OwnDevice, provider_sign_out: str | None) -> Self:
        return cls.read(
            item.device,
            provider_sign_out=provider_sign_out,
            key=item.key,
            here=item.here,
            assurance=Assurance(item.device.assurance),
        )


@strawberry.type
class DevicesQuery:
    @resolver_field(
        description="The devices on which one is signed in, the one used last first; one's own only.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL, assumed_list_size(10)],
    )
    async def devices(self, info: Info) -> list[Device] | None:
        env = info.context.environment
        held = await own_devices(env, require_signed_in(info))
        return [Device.of(one, address_of(env, one.device.provider)) for one in held]


@strawberry.type(directives=[AUTHENTICATED], description="A link of a further account that is under way.")
class AccountLink(View[LinkBegun]):
    address: str = strawberry.field(
        description="To be opened in her browser, once: she shows the account there, and enters the code that is sent "
        "to the telephone on file."
    )
    expires_at: datetime = strawberry.field(description="Until when it can be finished.")


async def _link_account(
    env: Environment, subject: Subject, provider: Provider, *, unused_key: str | None
) -> tuple[LinkBegun, bool]:
    del unused_key  # a link is begun anew each time
    return await begin_link(env, subject, provider)


@strawberry.type
class DevicesMutation:
    sign_out_devices = action_mutation(
        end_devices,
        thing_payload("What was signed out.", ended=Thing(int, "How many sessions ended; null when refused.", int)),
        "Sign out one of one's own devices, or every one. Streams of theirs end within seconds.",
        input_fields(
            "Which devices are signed out.",
            device="The key of one device; left out, all. One that is none of one's own changes nothing.",
            keep_this="Whether the device that asks stays signed in.",
        ),
        name="sign_out_devices",
    )
    register_device = action_mutation(
        register_device,
        thing_payload(
            "What was registered.", device=Thing(PushDevice, "The app as it is kept; null when refused.", PushDevice.of)
        ),
        "Have push messages go to the app that asks, as long as it is signed in. An app does so whenever it starts.",
        input_fields(
            "The app that asks.",
            platform="By whom the device is reached; CHANNEL_NOT_CONNECTED for one that is not reached here.",
            app="The name of the app: its package, or its bundle.",
            token=InputField(
                "What FCM or APNs gave the app: a registration token, an installation's id, or a device token in hex. "
                "Whoever had it before gets no messages there any more."
            ),
            language="The language of its screens.",
        ),
        scopes=[Scope.OWN],
    )
    remove_device = action_mutation(
        remove_device,
        thing_payload(
            "What was removed.", removed=Thing(bool, "Whether messages went there; null when refused.", bool)
        ),
        "Have no push messages go to one of one's own devices any more; it stays signed in.",
        input_fields(
            "The device.",
            device="Its key; left out, the one that asks. One that is none of one's own changes nothing.",
        ),
        name="remove_device",
        scopes=[Scope.OWN],
    )
    link_account = action_mutation(
        _link_account,
        thing_payload(
            "The beginning of a link.", link=Thing(AccountLink, "Where to go on; null when refused.", AccountLink.of)
        ),
        "Begin to link a further account of hers. It is linked once she has shown it at its provider and "
        "entered the code that is sent to the telephone on file; never by name or mobile.",
        input_fields(
            "A further account to link.",
            provider="Who holds the account: one that citizens sign in with.",
            unused_key=InputField("Asked again it begins anew: the address is a secret that is not kept.", KEY),
        ),
        name="link_account",
        scopes=[Scope.OWN],
    )
    unlink_account = action_mutation(
        unlink,
        thing_payload(
            "What was untied.", unlinked=Thing(int, "How many accounts were untied; null when refused.", int)
        ),
        "Untie the accounts that she has with a provider; the last way in cannot be untied.",
        input_fields("Accounts to untie.", provider="Who holds the account."),
        name="unlink_account",
        scopes=[Scope.OWN],
    )
