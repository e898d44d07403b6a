"""Makes JIT calls: every one goes to the treasury's one address, encrypted, in the session of this process."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from domain.kernel import Clock, Source
from integrations.calling.errors import Unavailable
from integrations.calling.policies import JSON_TYPES, Bulkhead, CallPolicy, Priority
from integrations.calling.remote import Answer, Parts, Remote
from integrations.dbt_finance.jit import wire
from integrations.dbt_finance.jit.models import DbtFinanceSettings
from integrations.dbt_finance.jit.session import (
    LOST,
    OPEN_SESSION,
    SealedCall,
    Session,
    SessionLost,
    Sessions,
    refuse_fault,
)

T = TypeVar("T")
_WRITES, _READS = "instruct", "status"
"""Breaker groups: instructions that fail do not close the view of payments."""

_SEALED = JSON_TYPES | {"text/plain", "application/octet-stream"}
"""An answer is bare Base64, whatever it calls itself."""

PUSH_INSTRUCTION = CallPolicy(
    "dbt_finance.PI",
    Source.DBT_FINANCE,
    body_limit=256_000,
    keyed=True,
    priority=Priority.FIRST,
    breaker=_WRITES,
    lane=Bulkhead("instruct", places=4),
    accepts=_SEALED,
)
"""Repeatable because `jitBillNo` keys it: the treasury takes one bill once, and tells of a second that it has it."""
CORRECT_ACCOUNT = replace(PUSH_INSTRUCTION, name="dbt_finance.COR")
"""Keyed by `jitCorBillNo`, a bill number as those of instructions."""
INSTRUCTION_STATUS = CallPolicy(
    "dbt_finance.PIS", Source.DBT_FINANCE, body_limit=256_000, breaker=_READS, accepts=_SEALED
)
ADVICE_STATUS = replace(INSTRUCTION_STATUS, name="dbt_finance.PAG", body_limit=2_000_000)
DEBIT_SCROLL = replace(ADVICE_STATUS, name="dbt_finance.PD")
FAILED_PAYMENTS = replace(ADVICE_STATUS, name="dbt_finance.FD", body_limit=8_000_000)
"""Its answer tells of all bills of a voucher date."""
CORRECTION_PAID = replace(ADVICE_STATUS, name="dbt_finance.FTPS")
CORRECTION_FAILED = replace(ADVICE_STATUS, name="dbt_finance.FTFPS")
ALLOTMENTS = replace(INSTRUCTION_STATUS, name="dbt_finance.VA", total=3.0, attempt=2.0, attempts=2)
"""An officer who approves waits for it, and the order is checked again: so it is asked for a short while only."""
POLICIES = (
    OPEN_SESSION,
    PUSH_INSTRUCTION,
    CORRECT_ACCOUNT,
    INSTRUCTION_STATUS,
    ADVICE_STATUS,
    DEBIT_SCROLL,
    FAILED_PAYMENTS,
    CORRECTION_PAID,
    CORRECTION_FAILED,
    ALLOTMENTS,
)


class Calls:
    """The one address of all services. A service is asked by its code, such as `PIS`."""

    def __init__(self, remote: Remote, settings: DbtFinanceSettings, clock: Clock) -> None:
        self._remote = remote
        self._settings = settings
        self._sessions = Sessions(remote, settings, clock)

    async def ask(self, policy: CallPolicy, params: Mapping[str, Any]) -> wire.Reply:
        """What a service answers, errors included; the policy bears its code. Raises RemoteError without an answer."""

        async def send(session: Session) -> wire.Reply:
            read, parts = self._seal(session, policy, params)
            return await self._remote.ask(policy, "POST", self._settings.data_path, read, **parts)

        return await self._sessions.run(policy, send)

    async def ask_once(
        self, policy: CallPolicy, params: Mapping[str, Any], has_arrived: Callable[[], Awaitable[bool]]
    ) -> wire.Reply | None:
        """As `ask`, for an order; None where `has_arrived` found after a lost answer that it had arrived."""

        async def send(session: Session) -> wire.Reply | None:
            read, parts = self._seal(session, policy, params)
            path = self._settings.data_path
            return await self._remote.ask_once(policy, "POST", path, read, confirm=has_arrived, **parts)

        return await self._sessions.run(policy, send)

    def _seal(
        self, session: Session, policy: CallPolicy, params: Mapping[str, Any]
    ) -> tuple[Callable[[Answer], wire.Reply], Parts]:
        service = service_of(policy)
        call = SealedCall(session, wire.message(service, params, self._settings.service_field))

        def read(answer: Answer) -> wire.Reply:
            _refuse_status(answer)
            reply = wire.read_reply(call.open(answer.content), service)
            if any(LOST in error.text.lower() for error in reply.errors):
                raise SessionLost(Source.DBT_FINANCE, "session_lost")
            return reply

        headers = {"Content-Type": "application/json", self._settings.token_header: session.token}
        return read, {"headers": headers, "content": call.body}


def service_of(policy: CallPolicy) -> str:
    """The code of the service that a policy is for."""
    return policy.name.rpartition(".")[2]


def _refuse_status(answer: Answer) -> None:
    """Raise what an answer means that is none of a service: its session is lost, it is down, or it declines."""
    if LOST.encode() in answer.content[:2_000].lower():
        raise SessionLost(Source.DBT_FINANCE, "session_lost")
    if answer.status in {401, 403}:
        raise SessionLost(Source.DBT_FINANCE, "unauthorised")
    refuse_fault(answer)
    if answer.media_type == "text/html":
        raise Unavailable(Source.DBT_FINANCE, "html_page")
