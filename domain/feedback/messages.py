"""Messages that carry a notice to its reader: channels, states, what she chose, and which channel comes next."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum

from domain.feedback.notices import ALWAYS_BY_SMS, NEWS, WARNINGS, NoticeKind
from domain.kernel import IST


class MessageChannel(StrEnum):
    """A way by which a notice is carried to somebody."""

    PUSH = "PUSH"
    WHATSAPP = "WHATSAPP"
    SMS = "SMS"
    EMAIL = "EMAIL"


IN_TURN = (MessageChannel.PUSH, MessageChannel.WHATSAPP, MessageChannel.SMS)
"""Each goes where the one before it fails. E-mail goes beside them, and push beside a warning."""


MUTED = (MessageChannel.WHATSAPP, MessageChannel.SMS)
"""The channels that tell nothing more of an application after STOP with its number, said by whichever of them."""


class MessageState(StrEnum):
    """What became of a message; it only moves on (docs/contracts/messages.md section 12)."""

    CREATED = "CREATED"
    SENDING = "SENDING"
    """It was given to a provider, whose answer is not there; it is not given to this channel again."""
    SENT = "SENT"
    """A provider took it."""
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    """It can never arrive there."""
    FAILED_FOR_NOW = "FAILED_FOR_NOW"
    """It did not arrive in time."""
    NOT_SENT = "NOT_SENT"
    """Nothing went; the reason says why."""


RANK = {
    MessageState.CREATED: 0,
    MessageState.SENDING: 1,
    MessageState.SENT: 2,
    MessageState.FAILED_FOR_NOW: 3,
    MessageState.DELIVERED: 4,
    MessageState.FAILED: 4,
    MessageState.NOT_SENT: 4,
}
"""A message goes to a state of a higher rank alone; an answer that was on its way when it was given up still counts."""


class NotSent(StrEnum):
    """Why nothing went."""

    NO_ADDRESS = "NO_ADDRESS"
    """Neither number nor address is known."""
    SWITCHED_OFF = "SWITCHED_OFF"
    """She wants no messages."""
    NO_TEXT = "NO_TEXT"
    """There is no text for the channel, or what it says could not be read."""
    ARRIVED_OTHERWISE = "ARRIVED_OTHERWISE"
    """Another channel delivered the notice first, or took it and it was read since."""


CRITICAL_AFTER = timedelta(minutes=30)
"""So long a message that needs her may be without `delivered` before the next channel takes its turn."""
GIVEN_UP_AFTER = timedelta(hours=72)
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30))
"""When a message is given again that providers did not take; after one more time it failed for now."""
MAIL_WAITS = (*WAITS, *(timedelta(hours=hours) for hours in (1, 2, 3)))
"""The same of a mail, every three hours at last until it is given up (RFC 5321 section 4.5.4.1)."""
LOOKS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 6 * 60, 24 * 60))
"""When a provider is asked what became of a message, after it took it, and once more when it is given up
(docs/contracts/messages.md section 9)."""


MOST_QUIET_HOURS = 14
"""Who came into an account must not keep what warns its owner back for longer."""


@dataclass(frozen=True, slots=True)
class MessageSettings:
    """What a citizen chose: channels, and the hours in India in which nothing but codes comes.

    `is_chosen` is false where the citizen chose nothing; stopping SMS or mails is no choice of other channels.
    """

    channels: tuple[MessageChannel, ...] = tuple(MessageChannel)
    quiet_from: int = 21
    quiet_until: int = 8
    is_chosen: bool = True
    shows_content: bool = False
    """Whether a push says what it is about; else only that there is something, for others see the lock screen too."""

    @property
    def quiet_hours(self) -> int:
        """How many hours are quiet."""
        return (self.quiet_until - self.quiet_from) % 24

    def wakes_at(self, now: datetime) -> datetime | None:
        """When the quiet hours end that it is in; None outside of them. Equal hours are none."""
        here = now.astimezone(IST)
        begins, ends = self.quiet_from, self.quiet_until
        quiet = begins <= here.hour < ends if begins <= ends else not ends <= here.hour < begins
        if not quiet:
            return None
        day = here.date() + timedelta(days=1 if here.hour >= ends else 0)
        return datetime.combine(day, time(ends), IST)

    def of_muted(self) -> "MessageSettings":
        """The same for an application that was muted: by SMS then comes only what must."""
        return replace(self, channels=tuple(each for each in self.channels if each not in MUTED))

    def wants(self, channel: MessageChannel, kind: NoticeKind) -> bool:
        """Whether a notice may come so; some come by SMS always, and some to those alone who chose SMS."""
        if channel is MessageChannel.SMS and kind in NEWS and not self.is_chosen:
            return False
        return channel in self.channels or (channel is MessageChannel.SMS and kind in ALWAYS_BY_SMS)


@dataclass(frozen=True, slots=True)
class ChannelCosts:
    """What a message costs on a channel, and what a day may cost, in ten-thousandths of a rupee; no cap where None.

    `price` is that of one part.
    """

    price: int = 0
    cap: int | None = None

    def share_used(self, cost: int) -> int:
        """How much of what a day may cost is spent, in percent; 0 where there is no cap."""
        return 0 if self.cap is None else 100 if self.is_spent(cost) else 100 * cost // self.cap

    def is_spent(self, cost: int) -> bool:
        """Whether nothing but what is urgent may go."""
        return self.cap is not None and cost >= self.cap

    def messages_left(self, cost: int) -> int | None:
        """How many messages that are not urgent may go before nothing else may; None where there is no cap."""
        if self.cap is None or (not self.price and not self.is_spent(cost)):
            return None
        return 0 if self.is_spent(cost) else -(-(self.cap - cost) // self.price)


NOTHING = ChannelCosts()
"""The costs of a channel that has none."""

USUAL = MessageSettings(is_chosen=False)
"""The settings of who chose nothing."""


def turn_of(kind: NoticeKind) -> tuple[MessageChannel, ...]:
    """The channels of which each goes where the one before it fails."""
    return tuple(each for each in IN_TURN if each is not MessageChannel.PUSH or kind not in WARNINGS)


def channels_after(
    kind: NoticeKind,
    settings: MessageSettings,
    connected: Collection[MessageChannel],
    tried: Collection[MessageChannel],
) -> list[MessageChannel]:
    """The channels that take a notice now: the next in turn, and beside the first those without one; of a test none."""
    if kind is NoticeKind.TEST_MESSAGE:
        return []
    open_ones = [each for each in MessageChannel if each in connected and settings.wants(each, kind)]
    in_turn = turn_of(kind)
    following = [each for each in in_turn if each in open_ones and each not in tried][:1]
    return following + [each for each in open_ones if each not in in_turn and not tried]


@dataclass(frozen=True, slots=True)
class Message:
    """A notice on one channel. `send_at` is when it is to be given to a provider, `look_at` when to look after it.

    `next_at` is when the next channel takes its turn. `provider_id` is the provider's name for it. `is_urgent`
    says that it goes before others.
    """

    id: int
    notice_id: str
    citizen_id: str
    kind: NoticeKind
    is_urgent: bool
    channel: MessageChannel
    state: MessageState
    reason: str | None
    created_at: datetime
    state_at: datetime
    attempts: int
    looks: int
    template: str | None
    segments: int | None
    provider: str | None
    provider_id: str | None
    send_at: datetime | None
    look_at: datetime | None
    next_at: datetime | None

    def waits_until(self, settings: MessageSettings, now: datetime) -> datetime | None:
        """When the quiet hours end that it is in; None outside of them.

        What is urgent waits for MOST_QUIET_HOURS at most, however often they are chosen anew.
        """
        until = settings.wakes_at(now)
        if until is not None and self.is_urgent:
            until = min(until, self.created_at + timedelta(hours=MOST_QUIET_HOURS))
        return None if until is None or until <= now else until


def retry_at(message: Message, now: datetime) -> datetime | None:
    """When a message is given again that its provider did not take for now; None where it is not."""
    by_mail = message.channel is MessageChannel.EMAIL
    waits, ends_at = MAIL_WAITS if by_mail else WAITS, message.created_at + GIVEN_UP_AFTER
    if message.attempts >= len(waits) and not by_mail:
        return None
    again = now + waits[min(message.attempts, len(waits) - 1)]
    return again if again < ends_at or not by_mail else None
