"""Sends SMS by C-DAC's Mobile Seva platform, and by NIC's gateway where that surely did not take them."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, time, timedelta
from functools import partial

from domain.feedback.messages import MessageState
from domain.kernel import IST, Source
from integrations.calling.answers import Answer, refuse_status
from integrations.calling.errors import (
    NeverSent,
    NotAsked,
    NotLetIn,
    Refused,
    RemoteError,
    Unavailable,
    Verdict,
)
from integrations.calling.opening import Clients, Opening
from integrations.calling.policies import Bulkhead, CallPolicy, Priority
from integrations.calling.remote import Remote
from integrations.sms import wire
from integrations.sms.models import PER_SECOND, NicSettings, Sms, SmsSettings, Taken

PLAIN = frozenset({"text/plain"})
MSDP_SEND = CallPolicy(
    "sms.msdp.send",
    Source.SMS,
    total=10.0,
    attempt=10.0,
    repeatable=False,
    body_limit=10_000,
    priority=Priority.FIRST,
    breaker="msdp",
    lane=Bulkhead("msdp", per_second=PER_SECOND, burst=int(PER_SECOND)),
    accepts=PLAIN,
    changes=True,
)
"""Never repeated: a lost answer cannot be enquired. The rate is that of the account, where it says one."""
MSDP_CODE = replace(
    MSDP_SEND,
    name="sms.msdp.code",
    total=5.0,
    attempt=5.0,
    lane=Bulkhead("msdp_code", per_second=5.0, burst=5),
)
"""One-time codes have places of their own, so that they wait behind no notice. After so many seconds without an answer
the second provider is asked for the same digits."""
MSDP_REPORT = CallPolicy(
    "sms.msdp.report",
    Source.SMS,
    body_limit=100_000,
    priority=Priority.LAST,
    breaker="msdp_report",
    lane=Bulkhead("msdp_report", places=4),
    accepts=frozenset({"text/plain", "text/csv"}),
)
NIC_SEND = replace(MSDP_SEND, name="sms.nic.send", breaker="nic", lane=replace(MSDP_SEND.lane, name="nic"))
NIC_CODE = replace(MSDP_CODE, name="sms.nic.code", breaker="nic", lane=replace(MSDP_CODE.lane, name="nic_code"))
POLICIES = (MSDP_SEND, MSDP_CODE, MSDP_REPORT, NIC_SEND, NIC_CODE)
CODES = {code: verdict.value for code, verdict in wire.MSDP_CODES.items()}
"""What the platform's codes mean to us."""

_NOT_TAKEN = frozenset({"http_429", "http_503"})
_OURS = range(201, 500)
"""Statuses by which a provider says nothing about the number: it is our way of asking that is wrong."""
HELD_AFTER = timedelta(minutes=5)
"""So long the platform gets no message after it said that it takes none of ours; after `wire.DAY_FULL` until the next
day in India."""


class SmsGateway:
    """The providers in their order: the second takes what the first surely did not."""

    def __init__(self, settings: SmsSettings, msdp: Remote, nic: Remote | None = None) -> None:
        self._msdp, self._account = msdp, settings.msdp
        self._msdp_send = _at_rate(MSDP_SEND, settings.msdp.per_second)
        self._held_until = msdp.clock.now()
        self._senders: dict[str, Callable[[Sms], Awaitable[str]]] = {"msdp": self._by_msdp}
        if settings.nic is not None and nic is not None:
            self._senders["nic"] = partial(self._by_nic, nic, settings.nic, _at_rate(NIC_SEND, settings.nic.per_second))

    @property
    def providers(self) -> tuple[str, ...]:
        """The names of the providers, in the order in which they are asked."""
        return tuple(self._senders)

    @property
    def per_second(self) -> float:
        """So many messages the first provider takes in a second beside codes."""
        return self._account.per_second

    async def send(self, sms: Sms) -> Taken:
        """Give a message to the first provider that answers for it.

        Raises Refused where it can never arrive. Of another RemoteError `nothing_arrived` says that no provider has it,
        so that it may be given again; else one of them may have it.
        """
        *others, last = self._senders
        for provider in others:
            try:
                return await self.send_by(provider, sms)
            except RemoteError as error:
                if not error.nothing_arrived:
                    raise
        return await self.send_by(last, sms)

    async def send_by(self, provider: str, sms: Sms) -> Taken:
        """Give a message to one provider. Raises as `send`."""
        try:
            return Taken(provider, await self._senders[provider](sms))
        except RemoteError as error:
            unasked = isinstance(error, NotAsked) and error.code != "timed_out"
            if unasked or isinstance(error, NeverSent | NotLetIn) or error.code in _NOT_TAKEN:
                error.nothing_arrived = True
            raise

    async def state_of(self, taken: Taken) -> MessageState | None:
        """What became of a message, as its provider says; None where it does not say. Raises RemoteError."""
        if not taken.is_reported:
            return None
        query = wire.msdp_report_query(self._account, taken.message_id)
        return await self._msdp.ask(MSDP_REPORT, "GET", wire.MSDP_REPORT_PATH, _report, params=query)

    async def _by_msdp(self, sms: Sms) -> str:
        form, policy = wire.msdp_form(self._account, sms), MSDP_CODE if sms.code else self._msdp_send
        now = self._msdp.clock.now()
        if now < self._held_until:
            raise NotAsked(Source.SMS, "held", retry_after=(self._held_until - now).total_seconds())
        try:
            return await self._msdp.ask(policy, "POST", wire.MSDP_PATH, _taken_by_msdp, form=form)
        except NotLetIn as error:
            if error.code in wire.HOLDING:
                next_day = datetime.combine(now.astimezone(IST).date() + timedelta(days=1), time(), IST)
                self._held_until = next_day if error.code == wire.DAY_FULL else now + HELD_AFTER
                error.retry_after = (self._held_until - now).total_seconds()
            raise

    async def _by_nic(self, remote: Remote, settings: NicSettings, send: CallPolicy, sms: Sms) -> str:
        form = wire.nic_form(settings, sms)
        return await remote.ask(NIC_CODE if sms.code else send, "POST", wire.NIC_PATH, _taken_by_nic, form=form)


def _at_rate(policy: CallPolicy, per_second: float) -> CallPolicy:
    """With places for the calls of a second, so that slow answers do not lower the rate."""
    return policy.at_rate(per_second, places=int(per_second))


def _taken_by_msdp(answer: Answer) -> str:
    refuse_status(Source.SMS, answer, ours=_OURS)
    code, message_id = wire.read_msdp(answer.content)
    if code == wire.COMING:
        raise Unavailable(Source.SMS, code)  # it may arrive, so that nobody sends it again
    verdict = wire.MSDP_CODES.get(code)
    if verdict is Verdict.AGAIN:
        error = Unavailable(Source.SMS, code)
        error.nothing_arrived = True
        raise error
    if verdict is not None:
        raise (NotLetIn if verdict is Verdict.ALARM else Refused)(Source.SMS, code)
    return message_id or ""


def _taken_by_nic(answer: Answer) -> str:
    refuse_status(Source.SMS, answer, ours=_OURS)
    code, message_id = wire.read_nic(answer.content)
    if code is not None:
        raise (Refused if code in wire.NIC_ABOUT_THE_NUMBER else NotLetIn)(Source.SMS, code)
    return message_id


def _report(answer: Answer) -> MessageState | None:
    refuse_status(Source.SMS, answer)
    return wire.read_report(answer.content)


async def open_clients(opening: Opening) -> Clients:
    """The providers that the state has accounts with; the second one's address is `nic_url` of the onboarding."""
    settings = opening.read_onboarding(SmsSettings.from_onboarding)
    return {"sms": SmsGateway(settings, await opening.remote(), await opening.remote_of("nic_url"))}
