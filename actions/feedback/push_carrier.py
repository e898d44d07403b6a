"""Carries messages by push to every device on which the reader's app is signed in.

A message goes to all devices of its reader, as people expect of an app: it is sent once one provider took it. Where
none did, an answer that was lost counts more than a refusal, since that device may have it, and nothing is repeated.
Neither FCM nor APNs tells that a message arrived, so it stays SENT, and what needs the reader goes on to the next
channel after its time. By default nothing of its content stands on the lock screen: the app fetches the notice with the
reader's rights by its id.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import NAMESPACE_URL, uuid5

from actions.feedback.carrier import Addresses, Carrier, Outgoing, Taken
from actions.kernel import Environment
from domain.feedback.message_texts import FilledText
from domain.feedback.messages import USUAL, MessageChannel, MessageSettings
from domain.identity.push_devices import PushDevice
from domain.kernel import Citizen, Language, Source, TypeCode, to_global_id
from integrations.calling.errors import Refused, RemoteError
from integrations.push import Push, PushMessage
from integrations.push.client import DeviceGone
from store.database import Transaction
from store.feedback import messages
from store.identity import push_devices

GOOD_FOR = timedelta(days=1)
"""A message that a telephone gets later than that is not shown; it stands in the portal."""
_UNKNOWN = "no_device"


class PushCarrier(Carrier):
    """The carrier of push; addresses are the ids of devices."""

    def __init__(self, env: Environment, push: Push) -> None:
        self._env, self._push = env, push
        self.most_at_once = max(1, int(push.per_second))
        self._devices: Mapping[str, PushDevice] = {}
        self._settings: Mapping[str, MessageSettings] = {}

    async def addresses(self, tx: Transaction, readers: Collection[Citizen]) -> Mapping[str, Addresses]:
        """The devices of those whose app is signed in."""
        found = await push_devices.of_citizens(tx, [each.id for each in readers])
        return {citizen_id: tuple(each.id for each in devices) for citizen_id, devices in found.items()}

    async def prepare(self, tx: Transaction, outgoing: Sequence[Outgoing]) -> None:
        """Read the devices that are still there, and whether readers let them show the content."""
        self._devices = await push_devices.by_ids(tx, [each for one in outgoing for each in one.addresses])
        self._settings = await messages.settings_of(tx, [one.message.citizen_id for one in outgoing])

    async def send(self, outgoing: Outgoing) -> Taken:
        """Send to each device; the first provider's name for it. A device that is gone is forgotten."""
        devices = [self._devices[each] for each in outgoing.addresses if each in self._devices]
        shows = self._settings.get(outgoing.message.citizen_id, USUAL).shows_content
        said = {each: _text(outgoing, each, shows=shows) for each in {one.language for one in devices}}
        outcomes = await asyncio.gather(*(self._give(outgoing, each, said[each.language]) for each in devices))
        taken = [each for each in outcomes if isinstance(each, Taken)]
        if taken:
            return taken[0]
        raise _worst([each for each in outcomes if isinstance(each, RemoteError)])

    async def _give(self, outgoing: Outgoing, device: PushDevice, text: FilledText) -> Taken | RemoteError:
        """What became of it on one device."""
        message = outgoing.message
        notice = to_global_id(TypeCode.NOTIFICATION, message.notice_id)
        until, reference = self._env.clock.now() + GOOD_FOR, uuid5(NAMESPACE_URL, f"{message.id}/{device.id}")
        pushed = PushMessage(notice, text.title, text.text, message.is_urgent, until, reference)
        try:
            name = await self._push.send(device.platform, device.token, pushed)
        except RemoteError as error:
            if isinstance(error, DeviceGone):
                since = error.since
                await self._env.store.carry_out(lambda tx: push_devices.forget_dead(tx, device.id, since))
            return error
        return Taken(device.platform.value.lower(), name, is_last_word=True)


def open_carrier(env: Environment) -> PushCarrier | None:
    """The carrier of push; None where the state has an account with neither provider."""
    return None if env.partners.push is None else PushCarrier(env, env.partners.push)


def _text(outgoing: Outgoing, language: Language, *, shows: bool) -> FilledText:
    """What stands on a lock screen: the content in the reader's language, else no content in that of the app."""
    text = outgoing.text
    if shows:
        return replace(text, text=text.content)
    if language is outgoing.language:
        return text
    found = outgoing.event.text_for(MessageChannel.PUSH, language)
    return text if found is None else replace(text, title=found.title, text=found.text)


def _worst(errors: Sequence[RemoteError]) -> RemoteError:
    """What a message ends with that no device took: lost, to be given again, or refused, in that order."""
    lost = [each for each in errors if not each.nothing_arrived and not isinstance(each, Refused)]
    again = [each for each in errors if each.nothing_arrived]
    return (*lost, *again, *errors, Refused(Source.PUSH, _UNKNOWN))[0]
