"""UMANG as its client: services of other departments through the national gateway."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from domain.clock import Clock
from domain.ids import Ids
from domain.sources import Source, Sourced
from domain.text import Language
from integrations.errors import Garbled, IntegrityFailure, NotLetIn, Refused, Unavailable
from integrations.policies import JSON_TYPES, CallPolicy, Lane
from integrations.remote import Answer, Codec, Remote, retry_after_seconds
from integrations.umang import wire
from integrations.umang.envelope import Envelope, NoEnvelope, WrongEnvelope, looks_sealed
from integrations.umang.models import DepartmentAccess, Member, RationCard, UmangSettings

RATION_CARD = CallPolicy(
    "umang.getrationcard",
    Source.UMANG,
    retry_statuses=frozenset({502, 503, 504}),
    body_limit=500_000,
    fresh=600.0,
    revalidate=1800.0,
    stale=24 * 3600.0,
    breaker="<department>",
    lane=Lane(places_of_group=10, per_second=10, burst=20),
    accepts=JSON_TYPES | {"text/plain"},
)
"""A sealed body is a text that says it is JSON; some departments may say what it is.

429 is judged by its body: a burst may be tried again soon, a spent quota may not.

A card changes seldom, so it is served at once for half an hour more while it is asked for again. The rate
is the one to plan with (contracts/umang.md section 8, INFERRED).
"""
POLICIES = (RATION_CARD,)

QUOTA_WAIT_SECONDS = 3600.0
"""How long a spent quota is left alone where the gateway does not say."""

_CARD_NUMBER = re.compile(r"[0-9A-Z]{6,20}")


class Umang:
    """Direction A of contracts/umang.md: this portal calling services that UMANG publishes."""

    def __init__(self, remote: Remote, settings: UmangSettings, clock: Clock, ids: Ids) -> None:
        self._remote = remote
        self._settings = settings
        self._clock = clock
        self._ids = ids
        self._onorc = Envelope(settings.onorc.keys) if settings.onorc.keys else None

    async def ration_card(self, citizen_id: str, card_number: str, language: Language) -> Sourced[RationCard]:
        """A ration card of One Nation One Ration Card, kept ten minutes, and a day while UMANG is away.

        Raises Refused with a code of `wire.RESULT_CODES`; CARD_NOT_FOUND also where the card is empty, and
        CARD_NUMBER_MALFORMED without asking. IntegrityFailure where the answer does not open with our key
        or is of another card.
        """
        number = card_number.strip().upper()
        if not _CARD_NUMBER.fullmatch(number):
            raise Refused(Source.UMANG, "CARD_NUMBER_MALFORMED")

        async def load() -> RationCard:
            return await self._load(number, language)

        key = (citizen_id, number, language.catalogue.value)
        return await self._remote.kept(RATION_CARD, key, load, _codec(number))

    async def _load(self, number: str, language: Language) -> RationCard:
        department = self._settings.onorc

        def sealed() -> bytes:
            """The body with trackers of its own: a read that is repeated is another call (section 8)."""
            tracker = f"{int(self._clock.now().timestamp() * 1000)}{self._ids.digits(4)}"
            content = wire.body(
                self._settings,
                department,
                tracker=tracker,
                language=language,
                parameters=wire.ration_card_parameters(department, number, tracker),
            )
            return self._onorc.seal(content) if self._onorc else content

        answer = await self._ask(department, "onorc", "getrationcard", sealed)
        try:
            card = wire.ration_card(answer, number)
        except wire.OtherCard as error:
            raise IntegrityFailure(Source.UMANG, str(error)) from error
        except wire.Unreadable as error:
            raise Garbled(Source.UMANG, str(error)) from error
        if card is None:
            raise Refused(Source.UMANG, wire.CARD_NOT_FOUND)
        return card

    async def _ask(
        self, department: DepartmentAccess, api: str, operation: str, content: Callable[[], bytes]
    ) -> Mapping[str, Any]:
        """Call one operation; the answer's fields once `rs` says success. The breaker goes by department."""
        heard: list[Mapping[str, Any]] = []

        def judge(answer: Answer) -> None:
            _refuse_status(answer)
            fields = self._opened(answer)
            if not wire.succeeded(fields):
                if wire.is_transient(fields):
                    raise Unavailable(Source.UMANG, "department_down")
                code = wire.refusal_code(fields)
                raise (NotLetIn if code == wire.NOT_SUBSCRIBED else Refused)(Source.UMANG, code)
            heard.append(fields)

        await self._remote.send(
            RATION_CARD,
            "POST",
            wire.path(self._settings, api, operation),
            headers=wire.headers(self._settings, department),
            content=content,
            group=department.deptid,
            judge=judge,
        )
        return heard[-1]

    def _opened(self, answer: Answer) -> Mapping[str, Any]:
        """The fields of an answer, decrypted where it is sealed.

        A web page or a cut text is a back end that is down; so the contract, section 4.
        """
        content = answer.content
        if answer.media_type == "text/html" or content.lstrip().startswith(b"<"):
            raise Unavailable(Source.UMANG, "html_page")
        if self._onorc is not None and looks_sealed(content):
            content = _unsealed(self._onorc, content)
        try:
            return wire.read_answer(content)
        except wire.Unreadable as error:
            failure = Unavailable if str(error) == "not_json" else Garbled
            raise failure(Source.UMANG, str(error)) from error


def _unsealed(envelope: Envelope, content: bytes) -> bytes:
    try:
        return envelope.open(content)
    except NoEnvelope as error:
        raise Garbled(Source.UMANG, str(error)) from error
    except WrongEnvelope as error:
        raise IntegrityFailure(Source.UMANG, str(error)) from error


def _refuse_status(answer: Answer) -> None:
    """Raise what a status of the gateway itself means (contract section 4); these bodies come in clear."""
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


def _codec(number: str) -> Codec[RationCard]:
    """A card is kept without its number, which only the hashed key knows."""

    def encode(card: RationCard) -> list[Any]:
        return [card.scheme, card.district, card.shop, [[member.name, member.relation] for member in card.members]]

    def decode(kept: list[Any]) -> RationCard:
        scheme, district, shop, members = kept
        return RationCard(number, scheme, district, shop, tuple(Member(name, relation) for name, relation in members))

    return Codec(encode, decode)
