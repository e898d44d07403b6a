"""Names of places, departments and services for tables of figures outside the graph."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from actions.kernel import Environment
from domain.kernel import Bilingual, Language
from domain.kernel.messages import bilingual, label
from domain.officers.dashboards import Dimension
from store.catalogue import catalogue

UNKNOWN = bilingual("statistics.unknown")


@dataclass(frozen=True, slots=True)
class Names:
    """The names by code. A tehsil is named by the codes of district and tehsil."""

    departments: Mapping[str, Bilingual]
    services: Mapping[str, Bilingual]
    districts: Mapping[str, Bilingual]
    tehsils: Mapping[tuple[str, str], Bilingual]

    def value_label(self, place: Mapping[Dimension, Any], dimension: Dimension, language: Language) -> str:
        """The value of a dimension in words; its code where it has no name."""
        code = place[dimension]
        match dimension:
            case Dimension.MONTH:
                return f"{code:%Y-%m}"
            case Dimension.CHANNEL:
                return label(f"statistics_channel.{code}", language)
            case Dimension.TEHSIL:
                name = next((one for key, one in self._tehsils_called(place, code)), None)
            case Dimension.DISTRICT:
                name = self.districts.get(code)
            case Dimension.DEPARTMENT:
                name = self.departments.get(code)
            case Dimension.SERVICE:
                name = self.services.get(code)
        if not code:
            return UNKNOWN.in_language(language)
        return name.in_language(language) if name else str(code)

    def _tehsils_called(self, place: Mapping[Dimension, Any], code: str) -> Iterable[tuple[tuple[str, str], Bilingual]]:
        district = place.get(Dimension.DISTRICT)
        return ((key, name) for key, name in self.tehsils.items() if key[1] == code and district in (None, key[0]))


async def read_names(env: Environment) -> Names:
    """Every name, in four queries."""
    async with env.store.read_transaction() as tx:
        districts = await catalogue.districts(tx)
        tehsils = await catalogue.tehsils_of(tx, [one.code for one in districts])
        return Names(
            {one.slug: one.name for one in await catalogue.departments(tx)},
            {one.code: one.name for one in await catalogue.all_services(tx)},
            {one.code: one.name for one in districts},
            {(district, one.code): one.name for district, found in tehsils.items() for one in found},
        )
