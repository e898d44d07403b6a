"""The worker's alarm job, and the webhook that receives the alarms."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

import httpx
import structlog

from actions.kernel import Environment
from actions.platform.alarms import evaluate, payload_of
from domain.kernel import Clock
from domain.platform.alarms import Alarm, AlarmCode, AlarmState
from gateway.runtime.heartbeat import Heartbeat
from gateway.runtime.leadership import Leadership
from gateway.settings.settings import Settings
from integrations.calling.transport import Client, Transports

LOOK_SECONDS = 30.0
LEASE_SECONDS = 90.0
UNKEPT_SECONDS = 60.0
"""For so long an alarm must be unknown to the store before its process posts it itself: two looks."""

SEND_SECONDS = 5.0
SIGNATURE = "X-Apuni-Signature"
DELIVERY = "X-Apuni-Delivery"
log = structlog.get_logger(__name__)


class AlarmNotSent(Exception):
    """The receiver of alarms did not take one; the outbox tries again."""


class AlarmWatch:
    """Decides the alarms where this worker leads; any number of workers may watch."""

    def __init__(self, environment: Environment, *, notify: bool) -> None:
        self._environment = environment
        self._notify = notify
        self._lead = Leadership(environment, "alarms", LEASE_SECONDS)

    async def look(self, *, worker_seconds: float = 0.0) -> list[Alarm]:
        """Decide every alarm once and give the changes; nothing where another process leads.

        `worker_seconds` is the time since any worker's last report; in a worker its own report counts.
        """
        await self._lead.take()
        lease = self._lead.lease
        if lease is None:
            return []
        made_at = self._environment.keyrings.made_at("session")[0]
        changes = await evaluate(
            self._environment, lease, session_key_made_at=made_at, notify=self._notify, worker_seconds=worker_seconds
        )
        for alarm in changes:
            write = log.error if alarm.state is AlarmState.RAISED else log.info
            write(
                "alarm", code=alarm.code.value, about=alarm.about, state=alarm.state.value, value=round(alarm.value, 1)
            )
        return changes


class UnkeptAlarms:
    """Posts what a process knows of the store while the store takes no alarm, as no outbox carries it then.

    An alarm is posted once for as long as it holds, and only after the time in which the store would have told it.
    """

    def __init__(self, environment: Environment, pulse: Heartbeat, post: "AlarmWebhook | None", process: str) -> None:
        self._environment = environment
        self._pulse = pulse
        self._post = post
        self._process = process
        self._since: dict[AlarmCode, float] = {}
        self._told: set[AlarmCode] = set()

    async def look(self) -> None:
        """Post what is to be told now; one that the receiver does not take is posted at the next look."""
        clock, unkept = self._environment.clock, self._pulse.unkept_alarms()
        self._since = {code: self._since.get(code, clock.monotonic()) for code in unkept}
        self._told &= unkept.keys()
        for code in unkept.keys() - self._told:
            if self._post is None or clock.monotonic() - self._since[code] < UNKEPT_SECONDS:
                continue
            now = clock.now()
            alarm = Alarm(code, self._process, AlarmState.RAISED, unkept[code], now, None, int(now.timestamp()))
            try:
                await self._post(self._environment, payload_of(alarm, now))
            except AlarmNotSent as error:
                log.warning("alarm_not_told", code=code.value, state=alarm.state.value, kind=str(error))
            else:
                self._told.add(code)


class AlarmWebhook:
    """Posts changes of alarms to the one address that the settings name; the handler of the topic `alarm.notify`.

    The body is signed: `X-Apuni-Signature: t=<seconds>,v1=<hex>`, where v1 is the HMAC-SHA-256 under the
    secret of `<seconds>.` and the body. A receiver refuses a `t` that is more than 300 seconds off, and
    takes each `X-Apuni-Delivery` once: a message may come twice. Redirects are not followed.
    """

    def __init__(self, url: str, secret: str, client: Client, clock: Clock) -> None:
        self._url = url
        self._secret = secret.encode()
        self._client = client
        self._clock = clock

    async def __call__(self, environment: Environment, payload: Mapping[str, Any]) -> None:
        """Post one change. Raises AlarmNotSent unless the receiver answers with 2xx."""
        del environment
        body = json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        seconds = int(self._clock.now().timestamp())
        headers = {
            "Content-Type": "application/json",
            SIGNATURE: f"t={seconds},v1={signature(self._secret, seconds, body)}",
            DELIVERY: payload["id"],
        }
        try:
            async with asyncio.timeout(SEND_SECONDS):
                response = await self._client.send(
                    self._client.request("POST", self._url, headers=headers, content=body)
                )
                status = response.status_code
                await response.aclose()
        except (httpx.HTTPError, TimeoutError) as error:
            raise AlarmNotSent(type(error).__name__) from None
        if not 200 <= status < 300:
            raise AlarmNotSent(f"status {status}")


async def alarm_webhook(settings: Settings, clock: Clock, stack: AsyncExitStack) -> AlarmWebhook | None:
    """The webhook that the settings name, its line closed with the stack; None where they name none."""
    url, secret = settings.alarms.webhook_url, settings.alarms.webhook_secret
    if url is None or secret is None:
        return None
    lines = Transports(clock, kind=settings.http_transport, demo=settings.takes_sandboxes)
    client = await stack.enter_async_context(lines.client_for([url]))
    return AlarmWebhook(url, secret.get_secret_value(), client, clock)


async def discard_notification(environment: Environment, payload: Mapping[str, str]) -> None:
    """The handler where no webhook is set any more: the alarm stays in the store anyway."""
    del environment
    log.info("alarm_not_told", code=payload["code"], state=payload["state"])


def signature(secret: bytes, seconds: int, body: bytes) -> str:
    """The signature of a body at a time, in hexadecimal."""
    return hmac.new(secret, f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
