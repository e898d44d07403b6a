"""The client of the portal's catalogue."""

from domain.kernel import Source
from integrations.calling.answers import read_json, refuse_status
from integrations.calling.errors import Unreadable
from integrations.calling.policies import CallPolicy, Scope
from integrations.calling.remote import Answer, Remote
from integrations.portal.models import ReadCatalogue
from integrations.portal.wire import NotACatalogue, read_catalogue

SERVICES = CallPolicy(
    "portal.services", Source.DEPARTMENTS, total=60.0, attempt=30.0, body_limit=20_000_000, scope=Scope.PUBLIC
)
"""An operator waits for it on the command line; the whole catalogue is some megabytes."""

CODES = {"a status from 400": "Refused", "a status from 500": "Unavailable"}
"""What its statuses mean to us, as docs/policies.md prints them."""

PATH = "/api/service"


class PortalCatalogue:
    """The catalogue of the portal at one address."""

    def __init__(self, remote: Remote, path: str = PATH) -> None:
        self._remote = remote
        self._path = path

    async def services(self) -> ReadCatalogue:
        """Every service; unreadable records are reported with the others.

        Raises Unavailable, Refused, and Garbled where the answer is not a catalogue.
        """
        return await self._remote.ask(SERVICES, "GET", self._path, _read)


def _read(answer: Answer) -> ReadCatalogue:
    refuse_status(Source.DEPARTMENTS, answer, ours=())
    try:
        read = read_catalogue(read_json(answer.content))
    except NotACatalogue:
        raise Unreadable("not_a_catalogue") from None
    except ValueError:
        raise Unreadable("not_json") from None
    if not read.services:  # one wrong record is a slip, all of them are another format
        raise Unreadable("no_record_readable")
    return read
