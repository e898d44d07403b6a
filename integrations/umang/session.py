"""Calls a department behind UMANG, by either host and in either body mode, and checks its result status."""

from collections.abc import Callable, Mapping
from typing import Any

from domain.kernel import Clock, Ids, Language, Source
from integrations.calling.errors import NotLetIn, Refused, Unavailable, Unreadable
from integrations.calling.policies import CallPolicy
from integrations.calling.remote import Answer, Remote, retry_after_seconds
from integrations.umang import wire
from integrations.umang.envelope import Envelope, looks_sealed
from integrations.umang.models import DepartmentAccess, Host, UmangSettings

QUOTA_WAIT_SECONDS = 3600.0
"""How long a spent quota is left alone where the gateway does not say."""

Parameters = Callable[[str], Mapping[str, Any]]
"""Makes the parameters of one attempt from its tracker."""


class UmangSession:
    """What all calls share. `setu` is API Setu's own host, for departments that are reached there."""

    def __init__(
        self, remote: Remote, settings: UmangSettings, clock: Clock, ids: Ids, setu: Remote | None = None
    ) -> None:
        self._remotes = {Host.GATEWAY: remote, Host.API_SETU: setu or remote}
        self._settings = settings
        self._clock = clock
        self._ids = ids
        self._envelopes: dict[str, Envelope] = {}

    @property
    def remote(self) -> Remote:
        """UMANG's own host, by which answers are cached."""
        return self._remotes[Host.GATEWAY]

    async def ask(
        self,
        policy: CallPolicy,
        department: DepartmentAccess,
        api: str,
        operation: str,
        parameters: Parameters,
        language: Language,
    ) -> Mapping[str, Any]:
        """Call one operation; the answer's fields once `rs` says success. The breaker goes by department."""
        envelope = self._envelope(department)

        def content() -> bytes:
            """The body with trackers of its own: a read that is repeated is another call.

            Source: docs/contracts/umang.md section 8.
            """
            tracker = f"{int(self._clock.now().timestamp() * 1000)}{self._ids.digits(4)}"
            made = wire.body(
                self._settings, department, tracker=tracker, language=language, parameters=parameters(tracker)
            )
            return envelope.seal(made) if envelope else made

        def read(answer: Answer) -> Mapping[str, Any]:
            _refuse_status(answer)
            fields = _read_fields(answer, envelope)
            if not wire.is_success(fields):
                if wire.is_transient(fields):
                    raise Unavailable(Source.UMANG, "department_down")
                code = wire.refusal_code(fields)
                raise (NotLetIn if code == wire.NOT_SUBSCRIBED else Refused)(Source.UMANG, code)
            return fields

        return await self._remotes[department.host].ask(
            policy,
            "POST",
            wire.path(self._settings, department, api, operation),
            read,
            headers=wire.headers(self._settings, department),
            content=content,
            group=department.deptid,
        )

    def _envelope(self, department: DepartmentAccess) -> Envelope | None:
        if department.keys is None:
            return None
        if department.deptid not in self._envelopes:
            self._envelopes[department.deptid] = Envelope(department.keys)
        return self._envelopes[department.deptid]


def _read_fields(answer: Answer, envelope: Envelope | None) -> Mapping[str, Any]:
    """The fields of an answer, decrypted where it is sealed.

    A web page or a cut text is a back end that is down; so docs/contracts/umang.md section 4.
    """
    content = answer.content
    if answer.media_type == "text/html" or content.lstrip().startswith(b"<"):
        raise Unavailable(Source.UMANG, "html_page")
    if envelope is not None and looks_sealed(content):
        content = envelope.open(content)
    try:
        return wire.read_answer(content)
    except Unreadable as error:
        if str(error) == "not_json":
            raise Unavailable(Source.UMANG, "not_json") from error
        raise


def _refuse_status(answer: Answer) -> None:
    """Raise what a status of the gateway itself means; these bodies come in clear.

    Source: docs/contracts/umang.md section 4.
    """
    if answer.status == 429:
        spent = b"limit exceeded" in answer.content.lower()
        after = retry_after_seconds(answer)
        if spent:
            raise Unavailable(Source.UMANG, "quota_spent", retry_after=max(after or 0.0, QUOTA_WAIT_SECONDS))
        raise Unavailable(Source.UMANG, "too_many_requests", retry_after=after)
    if answer.status >= 500:
        raise Unavailable(Source.UMANG, f"http_{answer.status}")
    if answer.status != 200:
        words = {400: "bad_request", 401: "unauthorised", 403: "forbidden"}
        refusal = NotLetIn if answer.status in {401, 403} else Refused
        raise refusal(Source.UMANG, words.get(answer.status, f"http_{answer.status}"))
