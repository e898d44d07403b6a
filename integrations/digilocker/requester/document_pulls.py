"""Pulls a document from its issuer into the citizen's locker: lists issuers, doctypes and parameters."""

import re
from collections.abc import Awaitable, Callable, Mapping

from integrations.calling.errors import Refused
from integrations.calling.policies import JSON_TYPES, Bulkhead, CallPolicy, Scope
from integrations.digilocker.requester import wire, wire_pulling
from integrations.digilocker.requester.models import LockerGrant, PullDoctype, Pulled, PullIssuer, PullParameter
from integrations.digilocker.requester.session import GATEWAY_TROUBLE, LockerSession, bearer

_PULLS = Bulkhead("pulls", places=6, places_of_group=3)
"""A pull waits for its issuer: it must not take the places of the list."""


def _meta(name: str) -> CallPolicy:
    """A call about issuers, the same for everybody. Not cached: it is asked only on the way to a pull."""
    return CallPolicy(
        f"digilocker.pull_{name}",
        wire.SOURCE,
        retry_statuses=GATEWAY_TROUBLE,
        scope=Scope.PUBLIC,
        breaker="pull_meta",
        accepts=JSON_TYPES,
    )


LIST_ISSUERS, LIST_DOCTYPES, LIST_PARAMETERS = _meta("issuers"), _meta("doctypes"), _meta("parameters")
PULL = CallPolicy(
    "digilocker.pull_document",
    wire.SOURCE,
    attempts=1,
    repeatable=False,
    changes=True,
    retry_statuses=GATEWAY_TROUBLE,
    body_limit=64_000,
    total=10.0,
    attempt=10.0,
    breaker="<organisation>",
    lane=_PULLS,
)
"""Sent once. A pull whose answer was lost may have worked: asked again, the issuer says `uri_exists`."""
POLICIES = (LIST_ISSUERS, LIST_DOCTYPES, LIST_PARAMETERS, PULL)

_WORD = re.compile(r"[A-Za-z0-9._-]{1,100}")
_OWN_FIELDS = frozenset({"orgid", "doctype", "consent"})


class DocumentPulling:
    """Pull Document (docs/contracts/digilocker.md sections 4.2 and 4.3). `changed` gets whose locker has changed."""

    def __init__(self, line: LockerSession, changed: Callable[[LockerGrant], Awaitable[None]]) -> None:
        self._line = line
        self._changed = changed

    async def issuers(self) -> tuple[PullIssuer, ...]:
        return await self._line.meta(LIST_ISSUERS, "/1/pull/issuers", [], wire_pulling.read_issuers)

    async def doctypes(self, org_id: str) -> tuple[PullDoctype, ...]:
        """What an issuer gives; raises Refused("invalid_parameter") for an unknown one."""
        fields = [("orgid", _word(org_id, "invalid_orgid"))]
        return await self._line.meta(LIST_DOCTYPES, "/1/pull/doctype", fields, wire_pulling.read_doctypes)

    async def parameters(self, org_id: str, doctype: str) -> tuple[PullParameter, ...]:
        """What an issuer wants to know to find a document of a kind."""
        fields = [("orgid", _word(org_id, "invalid_orgid")), ("doctype", _word(doctype, "invalid_doctype"))]
        return await self._line.meta(LIST_PARAMETERS, "/1/pull/parameters", fields, wire_pulling.read_parameters)

    async def pull(self, grant: LockerGrant, org_id: str, doctype: str, parameters: Mapping[str, str]) -> Pulled:
        """Have an issuer put a document into her locker; the cached list is dropped where it may have changed.

        Raises Refused("record_not_found") and the other codes of docs/contracts/digilocker.md section 4.2. Pending and
        already there are no failures.
        """
        if _OWN_FIELDS & {name.lower() for name in parameters}:
            raise Refused(wire.SOURCE, "invalid_parameter")
        organisation = _word(org_id, "invalid_orgid")
        form = {**parameters, "orgid": organisation, "doctype": _word(doctype, "invalid_doctype"), "consent": "Y"}
        settings = self._line.settings
        pulled = await self._line.remote.ask(
            PULL,
            "POST",
            f"{settings.api_prefix}/1/pull/pulldocument",
            wire_pulling.read_pulled,
            headers=bearer(grant.access_token),
            form=form,
            group=f"organisation:{organisation}",
        )
        await self._changed(grant)
        return pulled


def _word(text: str, code: str) -> str:
    if not _WORD.fullmatch(text):
        raise Refused(wire.SOURCE, code)
    return text
