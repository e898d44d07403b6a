"""The client that tells receivers: one signed POST for each message, and a challenge before the first of all."""

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

from domain.kernel import Source
from integrations.calling.answers import Answer, read_object, refuse_status
from integrations.calling.errors import Refused, Unreadable
from integrations.calling.policies import Bulkhead, CallPolicy
from integrations.calling.remote import Remote
from integrations.event_receivers import wire
from integrations.event_receivers.models import Message

PLACES, PLACES_OF_RECEIVER = 40, 4
ANYTHING = frozenset({"application/json", "text/plain", "application/octet-stream", ""})

TELL = CallPolicy(
    "event_receivers.tell",
    Source.EVENT_RECEIVERS,
    total=15.0,
    attempt=15.0,
    attempts=1,
    repeatable=False,
    changes=True,
    body_limit=65_536,
    breaker="<receiver>",
    lane=Bulkhead("event_receivers", places=PLACES, places_of_group=PLACES_OF_RECEIVER),
    accepts=ANYTHING,
)
"""It is tried again by the schedule of the event and not at once; the answer's body is read for a challenge alone."""

GONE = "gone"
CODES = {
    "a status from 200 to 299": "taken",
    "410": "Refused, and no further event is sent",
    "another status from 400": "Refused",
    "429, or a status from 500": "Unavailable",
    "not_answered": "Garbled: the answer to a challenge does not repeat it",
}
"""What a receiver's statuses mean to us, as docs/policies.md prints them."""


class ReceiverCalls:
    """Tells receivers. `open_remote` gives a guarded line to one address and to nowhere else."""

    def __init__(self, open_remote: Callable[[str], Awaitable[Remote]]) -> None:
        self._open_remote = open_remote
        self._remotes: dict[str, Remote] = {}

    async def tell(self, receiver_id: str, url: str, secrets: Sequence[str], message: Message) -> None:
        """Bring a message. Raises Unavailable, and Refused, with the code `gone` where it wants no further one."""
        await self._send(receiver_id, url, secrets, message, _judge)

    async def challenge(self, receiver_id: str, url: str, secrets: Sequence[str], message: Message) -> None:
        """Bring a challenge, whose answer must be an object that repeats it. Raises as `tell`, and Garbled."""

        def read(answer: Answer) -> None:
            _judge(answer)
            if read_object(answer.content).get("challenge") != message.body["data"]["challenge"]:
                raise Unreadable("not_answered")

        await self._send(receiver_id, url, secrets, message, read)

    async def _send(
        self,
        receiver_id: str,
        url: str,
        secrets: Sequence[str],
        message: Message,
        read: Callable[[Answer], None],
    ) -> None:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._remotes:
            self._remotes[origin] = await self._open_remote(origin)
        remote, content = self._remotes[origin], wire.body_of(message.body)
        seconds = int(remote.clock.now().timestamp())
        headers = wire.signature_headers(secrets, message.id, seconds, content)
        await remote.ask(
            TELL,
            "POST",
            parts.path or "/",
            read,
            headers={"content-type": "application/json", **headers},
            content=content,
            group=receiver_id,
        )


def _judge(answer: Answer) -> None:
    if answer.status == HTTPStatus.GONE:
        raise Refused(Source.EVENT_RECEIVERS, GONE)
    refuse_status(Source.EVENT_RECEIVERS, answer, good=range(200, 300), ours=())
