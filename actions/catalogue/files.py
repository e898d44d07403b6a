"""The files of a state's catalogue, `states/<state>/`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from actions.catalogue.cells import Row


def _of_file(name: str) -> Any:
    return field(default=(), metadata={"file": name})


@dataclass(frozen=True, slots=True)
class CatalogueRows:
    """The rows of each file, as `csv.DictReader` gives them."""

    districts: tuple[Row, ...] = _of_file("districts.csv")
    tehsils: tuple[Row, ...] = _of_file("tehsils.csv")
    departments: tuple[Row, ...] = _of_file("departments.csv")
    services: tuple[Row, ...] = _of_file("services.csv")
    schemes: tuple[Row, ...] = _of_file("dbt_schemes.csv")
    doctypes: tuple[Row, ...] = _of_file("digilocker_doctypes.csv")
    outcomes: tuple[Row, ...] = _of_file("local_outcomes.csv")
    local_departments: tuple[Row, ...] = _of_file("local_departments.csv")
    holidays: tuple[Row, ...] = _of_file("holidays.csv")
    second_pairs: tuple[Row, ...] = _of_file("local_second_pair.csv")
    keywords: tuple[Row, ...] = _of_file("local_keywords.csv")
    life_events: tuple[Row, ...] = _of_file("local_life_events.csv")
    eligibility: tuple[Row, ...] = _of_file("local_eligibility.csv")
    kinds: tuple[Row, ...] = _of_file("local_kinds.csv")
    local_schemes: tuple[Row, ...] = _of_file("local_schemes.csv")


FILES: Mapping[str, str] = {part.name: part.metadata["file"] for part in fields(CatalogueRows)}
"""Which file of the folder each field of CatalogueRows is read from."""
