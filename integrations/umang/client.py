"""The UMANG client: services of other departments through the national gateway."""

import re
from functools import partial
from typing import Any

from domain.kernel import Clock, Ids, Language, Source, Sourced
from integrations.calling.answers import read_as
from integrations.calling.errors import Refused
from integrations.calling.opening import Clients, Opening
from integrations.calling.policies import JSON_TYPES, Bulkhead, CallPolicy
from integrations.calling.remote import Codec, Remote
from integrations.umang import central, wire
from integrations.umang.central import CentralServices
from integrations.umang.models import Member, RationCard, UmangSettings
from integrations.umang.session import UmangSession

RATION_CARD = CallPolicy(
    "umang.getrationcard",
    Source.UMANG,
    retry_statuses=frozenset({502, 503, 504}),
    body_limit=500_000,
    fresh=600.0,
    revalidate=1800.0,
    stale=24 * 3600.0,
    breaker="<department>",
    lane=Bulkhead(places_of_group=10, per_second=10, burst=20),
    accepts=JSON_TYPES | {"text/plain"},
)
"""A sealed body is a text that says it is JSON; some departments may say what it is.

429 is judged by its body: a burst may be tried again soon, a spent quota may not.

A card changes seldom, so it is served at once for half an hour more while it is asked for again. The rate
is the one to plan with (docs/contracts/umang.md section 8, INFERRED).
"""
POLICIES = (RATION_CARD, *central.POLICIES)

CODES = {
    code: f"Refused: {word}{', and somebody must look' if word == wire.NOT_SUBSCRIBED else ''}"
    for code, word in wire.RESULT_CODES.items()
} | dict.fromkeys(sorted(wire.TRANSIENT_CODES), "Unavailable")
"""What its codes mean to us, as docs/policies.md prints them."""

_CARD_NUMBER = re.compile(r"[0-9A-Z]{6,20}")


class Umang:
    """Direction A of docs/contracts/umang.md: this portal calling services that UMANG publishes.

    `setu` is API Setu's own host, where some departments are listed (docs/contracts/umang.md section 2, form 5).
    """

    def __init__(
        self, remote: Remote, settings: UmangSettings, clock: Clock, ids: Ids, setu: Remote | None = None
    ) -> None:
        self._settings = settings
        self._line = UmangSession(remote, settings, clock, ids, setu)
        self.central = CentralServices(self._line, settings)

    async def ration_card(self, citizen_id: str, card_number: str, language: Language) -> Sourced[RationCard]:
        """A ration card of One Nation One Ration Card, cached ten minutes, and a day while UMANG is away.

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
        return await self._line.remote.fetch_cached(RATION_CARD, key, load, _codec(number))

    async def _load(self, number: str, language: Language) -> RationCard:
        department = self._settings.onorc

        def parameters(tracker: str) -> dict[str, str]:
            return wire.ration_card_parameters(department, number, tracker)

        answer = await self._line.ask(RATION_CARD, department, "onorc", "getrationcard", parameters, language)
        card = read_as(Source.UMANG, partial(wire.ration_card, card_number=number), answer)
        if card is None:
            raise Refused(Source.UMANG, wire.CARD_NOT_FOUND)
        return card


def _codec(number: str) -> Codec[RationCard]:
    """A card is cached without its number, which only the hashed key knows."""

    def encode(card: RationCard) -> list[Any]:
        return [card.scheme, card.district, card.shop, [[member.name, member.relation] for member in card.members]]

    def decode(kept: list[Any]) -> RationCard:
        scheme, district, shop, members = kept
        return RationCard(number, scheme, district, shop, tuple(Member(name, relation) for name, relation in members))

    return Codec(encode, decode)


async def open_clients(opening: Opening) -> Clients:
    """The client of the national gateway; API Setu's host, which some services are at, is named by the onboarding."""
    remote, setu = await opening.remote(), await opening.remote_of("setu_url")
    settings = opening.read_onboarding(UmangSettings.from_onboarding)
    return {"umang": Umang(remote, settings, opening.clock, opening.ids, setu)}
