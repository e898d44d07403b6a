"""Settings of messages: what they cost and what a day may cost, by channel."""

from collections.abc import Mapping
from decimal import Decimal

from pydantic import BaseModel, Field

from domain.feedback.messages import ChannelCosts, MessageChannel

_PER_RUPEE = 10_000


class Messages(BaseModel):
    """What messages cost."""

    sms_price: Decimal = Field(
        default=Decimal(0), ge=0, le=100, decimal_places=4, description="What a part of an SMS costs, in rupees."
    )
    sms_daily_cap: Decimal | None = Field(
        default=None,
        ge=0,
        decimal_places=4,
        description="What the SMS of a day in India may cost, in rupees. After that only those go that need the "
        "citizen or warn her; the others wait for the next day. One-time codes do not count. If unset, there is no "
        "cap.",
    )
    whatsapp_price: Decimal = Field(
        default=Decimal(0), ge=0, le=100, decimal_places=4, description="What a WhatsApp message costs, in rupees."
    )
    whatsapp_daily_cap: Decimal | None = Field(
        default=None, ge=0, decimal_places=4, description="The same as `SMS_DAILY_CAP`, for WhatsApp."
    )
    email_price: Decimal = Field(
        default=Decimal(0), ge=0, le=100, decimal_places=4, description="What a mail costs, in rupees."
    )
    email_daily_cap: Decimal | None = Field(
        default=None, ge=0, decimal_places=4, description="The same as `SMS_DAILY_CAP`, for mails."
    )
    push_price: Decimal = Field(
        default=Decimal(0),
        ge=0,
        le=100,
        decimal_places=4,
        description="What a push message costs, in rupees; neither FCM nor APNs asks for anything.",
    )
    push_daily_cap: Decimal | None = Field(
        default=None, ge=0, decimal_places=4, description="The same as `SMS_DAILY_CAP`, for push."
    )

    def costs(self) -> Mapping[MessageChannel, ChannelCosts]:
        """The costs as verbs use them."""
        return {
            MessageChannel.SMS: _costs(self.sms_price, self.sms_daily_cap),
            MessageChannel.WHATSAPP: _costs(self.whatsapp_price, self.whatsapp_daily_cap),
            MessageChannel.EMAIL: _costs(self.email_price, self.email_daily_cap),
            MessageChannel.PUSH: _costs(self.push_price, self.push_daily_cap),
        }


def _costs(price: Decimal, cap: Decimal | None) -> ChannelCosts:
    return ChannelCosts(int(price * _PER_RUPEE), None if cap is None else int(cap * _PER_RUPEE))
