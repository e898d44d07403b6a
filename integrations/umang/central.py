"""Public services of the Union through UMANG: mandis of eNAM, medicines of Jan Aushadhi, blood of e-RaktKosh.

What is asked for and answered is nobody's own, so an answer is cached for all. INFERRED: the payloads' field names, in
the forms that public clients show (docs/contracts/umang.md section 9, S2, S4, S7, S10).
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from domain.kernel import Language, Source, Sourced
from domain.kernel.state import installed_state
from integrations.calling.answers import read_as
from integrations.calling.errors import Refused
from integrations.calling.policies import JSON_TYPES, Bulkhead, CallPolicy, Scope
from integrations.calling.remote import Codec
from integrations.umang import wire, wire_central
from integrations.umang.models import BloodBank, DepartmentAccess, Mandi, Medicine, UmangSettings
from integrations.umang.session import UmangSession

T = TypeVar("T")


def _public(name: str, fresh: float) -> CallPolicy:
    return CallPolicy(
        f"umang.{name}",
        Source.UMANG,
        retry_statuses=frozenset({502, 503, 504}),
        body_limit=1_000_000,
        fresh=fresh,
        revalidate=fresh,
        stale=22 * 3600.0,
        scope=Scope.PUBLIC,
        schema_version=2,
        breaker="<department>",
        lane=Bulkhead(places_of_group=10, per_second=10, burst=20),
        accepts=JSON_TYPES | {"text/plain"},
    )


MANDIS = _public("getapmcformi", 3600.0)
MEDICINES = _public("searchmedicinebyname", 3600.0)
BLOOD = _public("stocknearby", 300.0)
"""Blood is taken at any hour; the other two change from day to day."""
POLICIES = (MANDIS, MEDICINES, BLOOD)

LONGEST_NAME = 60
NOT_CONNECTED = "NOT_CONNECTED"
"""The department is not among those that onboarding handed over."""


class CentralServices:
    """The calls; each raises Unavailable, Garbled, or Refused with a code of `wire.RESULT_CODES` or NOT_CONNECTED."""

    def __init__(self, line: UmangSession, settings: UmangSettings) -> None:
        self._line = line
        self._settings = settings

    async def mandis(self, district: str, language: Language) -> Sourced[tuple[Mandi, ...]]:
        """The regulated markets of a district that trade on eNAM, by the district's English name."""
        name = district.upper()

        async def load() -> tuple[Mandi, ...]:
            asked = {"language": language.catalogue.value, **_state_and_district(name)}
            parameters = {"getApmcForMI": asked}
            return await self._read(MANDIS, self._settings.enam, "enam", parameters, language, wire_central.mandis)

        return await self._line.remote.fetch_cached(MANDIS, ("", name, language.catalogue.value), load, _MANDIS)

    async def medicines(self, name: str, language: Language) -> Sourced[tuple[Medicine, ...]]:
        """The generic medicines of Jan Aushadhi whose name holds a text of 3 to 60 characters."""
        wanted = " ".join(name.split()).upper()
        if not 3 <= len(wanted) <= LONGEST_NAME:
            raise Refused(Source.UMANG, "NAME_MALFORMED")

        async def load() -> tuple[Medicine, ...]:
            access, asked = self._settings.jan_aushadhi, {"medicineName": wanted}
            return await self._read(MEDICINES, access, "janAushadhi", asked, language, wire_central.medicines)

        return await self._line.remote.fetch_cached(MEDICINES, ("", wanted, language.catalogue.value), load, _MEDICINES)

    async def blood(self, district: str, language: Language) -> Sourced[tuple[BloodBank, ...]]:
        """The blood banks of a district with the units that they have, by the district's English name."""
        name = district.upper()

        async def load() -> tuple[BloodBank, ...]:
            access, asked = self._settings.eraktkosh, {"stocknearby": _state_and_district(name)}
            return await self._read(BLOOD, access, "eraktkosh", asked, language, wire_central.blood_banks)

        return await self._line.remote.fetch_cached(BLOOD, ("", name, language.catalogue.value), load, _BLOOD)

    async def _read(
        self,
        policy: CallPolicy,
        access: DepartmentAccess | None,
        api: str,
        parameters: Mapping[str, Any],
        language: Language,
        read: Callable[[Mapping[str, Any]], tuple[T, ...]],
    ) -> tuple[T, ...]:
        if access is None:
            raise Refused(Source.UMANG, NOT_CONNECTED)
        operation = _OPERATIONS[policy.name]
        try:
            answer = await self._line.ask(policy, access, api, operation, lambda _: parameters, language)
        except Refused as refused:
            if refused.code == wire.NO_DATA:
                return ()
            raise
        return read_as(Source.UMANG, read, answer)


_OPERATIONS = {MANDIS.name: "getApmcForMI", MEDICINES.name: "searchmedicinebyname", BLOOD.name: "stocknearby"}

_MANDIS = Codec.by_fields(tuple[Mandi, ...])
_MEDICINES = Codec.by_fields(tuple[Medicine, ...])
_BLOOD = Codec.by_fields(tuple[BloodBank, ...])


def _state_and_district(district: str) -> dict[str, str]:
    return {"stateName": installed_state().name.en.upper(), "districtName": district}
