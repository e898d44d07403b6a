"""The toy as its client: it greets."""

from domain.kernel import Source, Sourced, SourceState
from integrations.calling.answers import read_json
from integrations.calling.errors import Garbled, Unavailable
from integrations.calling.opening import Clients, Opening
from integrations.calling.policies import JSON_TYPES, CallPolicy
from integrations.calling.remote import Answer, Remote

GREET = CallPolicy("toy.greet", Source.SMART_CITY, accepts=JSON_TYPES)
POLICIES = (GREET,)
CODES = {"a status from 500": "Unavailable"}


class Toy:
    """The calls of the toy."""

    def __init__(self, remote: Remote, key: str) -> None:
        self._remote = remote
        self._key = key

    async def greet(self) -> Sourced[str]:
        """Its greeting; raises Unavailable or Garbled."""
        at = self._remote.clock.now()
        answer = await self._remote.send(GREET, "GET", "/greeting", headers={"x-key": self._key}, judge=_judge)
        return Sourced(_read(answer), Source.SMART_CITY, SourceState.LIVE, at)


def _judge(answer: Answer) -> None:
    if answer.status != 200:
        raise Unavailable(Source.SMART_CITY, f"http_{answer.status}")
    _read(answer)


def _read(answer: Answer) -> str:
    try:
        return str(read_json(answer.content)["greeting"])
    except (ValueError, KeyError, TypeError) as error:
        raise Garbled(Source.SMART_CITY, "unreadable") from error


async def open_clients(opening: Opening) -> Clients:
    """The toy, at the address of its settings."""
    remote = await opening.remote()
    return {"toy": Toy(remote, opening.read_onboarding(lambda given: str(given["key"])))}
