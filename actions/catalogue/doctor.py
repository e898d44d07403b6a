"""Lists the facts about each service that no source of the catalogue supplies."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from domain.catalogue.catalogue import Service

FACTS: Mapping[str, Callable[[Service], bool]] = {
    "nameHindi": lambda service: service.name.hi is None,
    "department": lambda service: service.department is None,
    "category": lambda service: service.category is None,
    "portalCode": lambda service: service.code_source != "PORTAL",
    "rtsNotified": lambda service: service.rts_notified is None,
    "timeLimitDays": lambda service: service.limit_days is None and service.rts_notified is not False,
    "portalDeliveryDays": lambda service: service.portal_delivery_days is None,
    "designatedOfficer": lambda service: service.designated_officer is None,
    "firstAppellate": lambda service: service.first_appellate is None and service.rts_notified is not False,
    "secondAppellate": lambda service: service.second_appellate is None and service.rts_notified is not False,
    "fee": lambda service: service.fee_paise is None,
    "documents": lambda service: not service.documents_known,
    "lifeEvents": lambda service: service.life_events is None,
    "eligibility": lambda service: service.eligibility is None,
    "needsSecondPair": lambda service: service.needs_second_pair is None,
    "verified": lambda service: not service.verified,
}
"""Whether a service lacks a fact, by the fact's name in the graph. A service that is known not to be notified has no
legal limit and no appellate officers, so it does not lack them."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A service with the names of the facts that are null."""

    code: str
    name: str
    facts: tuple[str, ...]


def missing_facts(services: Iterable[Service]) -> list[Missing]:
    """Every service that lacks a fact, in the order given."""
    found = []
    for service in services:
        lacking = tuple(name for name, lacks in FACTS.items() if lacks(service))
        if lacking:
            found.append(Missing(service.code, service.name.en, lacking))
    return found


def count_missing_facts(missing: Iterable[Missing]) -> dict[str, int]:
    """How many services lack each fact, in the order of FACTS."""
    counts = Counter(name for each in missing for name in each.facts)
    return {name: counts[name] for name in FACTS if counts[name]}
