"""Public services of the Union through UMANG: mandis (eNAM), medicines (Jan Aushadhi), blood (e-RaktKosh)."""

from collections.abc import Callable
from typing import Annotated, TypeVar

import strawberry

from actions.catalogue.central_services import blood_in, mandis_in, medicines_named
from domain.kernel import Sourced
from integrations.umang import BloodBank as BloodBankItem
from integrations.umang import Mandi as MandiItem
from integrations.umang import Medicine as MedicineItem
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    Info,
    InLanguage,
    Mapped,
    Paise,
    Provenance,
    View,
    assumed_list_size,
    field_language,
    read_from,
    resolver_field,
)

MOST = 200
"""The longest list from a source (ADR 0025)."""

Shown = TypeVar("Shown")
T = TypeVar("T")

_DISTRICT = Annotated[str, strawberry.argument(description="The district's code, as `districts` lists them.")]


@strawberry.type(description="A regulated market that trades on eNAM.")
class Mandi(View[MandiItem]):
    name: str = strawberry.field(description="Its name as eNAM gives it.")
    district: str | None = strawberry.field(description="Its district as eNAM gives it.")


@strawberry.type(description="Markets of a district on eNAM.")
class MandiList:
    nodes: list[Mandi] = strawberry.field(description="The markets. At most 200.")
    complete: bool = strawberry.field(description="Whether nothing was left out.")
    provenance: list[Provenance] = strawberry.field(description="The source with its state.")


@strawberry.type(description="A generic medicine that Jan Aushadhi sells.")
class GenericMedicine(Mapped[MedicineItem]):
    code: str = strawberry.field(description="Its code with Jan Aushadhi.")
    name: str = strawberry.field(description="Its generic name.")
    pack: str | None = strawberry.field(description="What is in one pack.")
    price: Paise | None = strawberry.field(description="The highest price of a pack; null where none is told.")

    @classmethod
    def of(cls, item: MedicineItem) -> "GenericMedicine":
        price = None if item.price_paise is None else Paise(item.price_paise)
        return cls.read(item, price=price)


@strawberry.type(description="Medicines of Jan Aushadhi with a text in their name.")
class GenericMedicineList:
    nodes: list[GenericMedicine] = strawberry.field(description="The medicines. At most 200.")
    complete: bool = strawberry.field(description="Whether nothing was left out.")
    provenance: list[Provenance] = strawberry.field(description="The source with its state.")


@strawberry.type(description="How much blood of one group a blood bank has.")
class BloodStock:
    group: str = strawberry.field(description="The group, such as AB-.")
    units: int = strawberry.field(description="How many units there are.")


@strawberry.type(description="A blood bank with its stock.")
class BloodBank(Mapped[BloodBankItem]):
    name: str = strawberry.field(description="Its name as e-RaktKosh gives it.")
    address: str | None = strawberry.field(description="Where it is.")
    phone: str | None = strawberry.field(description="Its telephone, as it is given.")
    stock: list[BloodStock] = strawberry.field(description="The units of each group that it told.")

    @classmethod
    def of(cls, item: BloodBankItem) -> "BloodBank":
        stock = [BloodStock(group=group, units=units) for group, units in item.units]
        return cls.read(item, stock=stock)


@strawberry.type(description="Blood banks of a district.")
class BloodBankList:
    nodes: list[BloodBank] = strawberry.field(description="The blood banks. At most 200.")
    complete: bool = strawberry.field(description="Whether nothing was left out.")
    provenance: list[Provenance] = strawberry.field(description="The source with its state.")


def _listed_from(call: str) -> list[object]:
    return [AUTHENTICATED, *read_from(call), NEVER_SILENTLY_NULL, assumed_list_size(20, sized=["nodes"])]


@strawberry.type
class CentralQuery:
    @resolver_field(
        description="Markets of a district on eNAM, through UMANG.",
        directives=_listed_from("umang.getapmcformi"),
    )
    async def mandis(self, info: Info, district: _DISTRICT, language: InLanguage = None) -> MandiList | None:
        asked = mandis_in(info.context.environment, district, field_language(info, language))
        found = await info.context.sources.ask(info.path, asked)
        return _list_of(info, MandiList, Mandi.of, found)

    @resolver_field(
        description="Generic medicines of Jan Aushadhi with a text of 3 to 60 characters in their name, through UMANG.",
        directives=_listed_from("umang.searchmedicinebyname"),
    )
    async def generic_medicines(
        self,
        info: Info,
        name: Annotated[str, strawberry.argument(description="A part of the name, in English.")],
        language: InLanguage = None,
    ) -> GenericMedicineList | None:
        asked = medicines_named(info.context.environment, name, field_language(info, language))
        found = await info.context.sources.ask(info.path, asked)
        return _list_of(info, GenericMedicineList, GenericMedicine.of, found)

    @resolver_field(
        description="Blood banks of a district with their stock, from e-RaktKosh through UMANG.",
        directives=_listed_from("umang.stocknearby"),
    )
    async def blood_banks(self, info: Info, district: _DISTRICT, language: InLanguage = None) -> BloodBankList | None:
        asked = blood_in(info.context.environment, district, field_language(info, language))
        found = await info.context.sources.ask(info.path, asked)
        return _list_of(info, BloodBankList, BloodBank.of, found)


def _list_of(
    info: Info, kind: Callable[..., Shown], view: Callable[[T], object], found: Sourced[tuple[T, ...]]
) -> Shown:
    """A list of at most MOST nodes, and its source."""
    return kind(
        nodes=[view(one) for one in found.value[:MOST]],
        complete=len(found.value) <= MOST,
        provenance=[Provenance.of(info, (found.source, found.state, found.as_of))],
    )
