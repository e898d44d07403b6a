"""The channels that messages go by and their carriers: a line for each."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from actions.feedback import email_carrier, push_carrier, sms_carrier, whatsapp_carrier
from actions.feedback.carrier import Carrier
from actions.kernel import Environment
from domain.feedback.messages import MessageChannel

CARRIERS: Mapping[MessageChannel, Callable[[Environment], Carrier | None]] = MappingProxyType(
    {
        MessageChannel.SMS: sms_carrier.open_carrier,
        MessageChannel.EMAIL: email_carrier.open_carrier,
        MessageChannel.WHATSAPP: whatsapp_carrier.open_carrier,
        MessageChannel.PUSH: push_carrier.open_carrier,
    }
)
"""How each channel's carrier is had; it is None where the channel is not connected. A new channel joins by a line."""


def carrier_of(env: Environment, channel: MessageChannel) -> Carrier | None:
    """The carrier of a channel; None where this installation cannot send by it."""
    open_carrier = CARRIERS.get(channel)
    return open_carrier(env) if open_carrier else None


def connected_carriers(env: Environment) -> dict[MessageChannel, Carrier]:
    """The channels that this installation can send by, with their carriers."""
    return {each: carrier for each in MessageChannel if (carrier := carrier_of(env, each)) is not None}


def connected_channels(env: Environment) -> frozenset[MessageChannel]:
    """The channels that this installation can send by."""
    return frozenset(connected_carriers(env))
