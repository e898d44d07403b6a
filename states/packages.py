"""Finds and reads the package of the state that an installation serves (docs/states.md)."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from domain.appeals.law import Law, Period
from domain.catalogue.form_bounds import LARGEST_FILE
from domain.kernel import Bilingual, CommandFailed, Language
from domain.kernel.state import State

T = TypeVar("T")
DEFAULT = "uttarakhand"
"""The state of an installation that names none."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Pair(_Part):
    local: str = Field(min_length=1)
    en: str = Field(min_length=1)


class _Period(_Part):
    value: int = Field(ge=1)
    section: str = Field(min_length=1)
    confirmed: bool


class _Facts(_Part):
    """`state.json`."""

    name: _Pair
    portal: _Pair
    language: Language = Field(strict=False)
    dialects: tuple[Language, ...] = Field(strict=False)
    lgd_code: str = Field(pattern=r"^[0-9]{1,2}$")
    letters: str = Field(pattern=r"^[A-Z]{2}$")
    csc_codes: frozenset[str] = Field(strict=False)
    issuer_id: str = Field(pattern=r"^[a-z0-9]+(\.[a-z0-9]+)+$")
    limit_section: str = Field(min_length=1)
    order_section: str = Field(min_length=1)
    notified_section: str = Field(min_length=1)
    font_package: str = Field(pattern=r"^fontpkg_[a-z0-9_]+$")
    font: str = Field(pattern=r"^[A-Za-z0-9 ]+$")


@dataclass(frozen=True, slots=True)
class StatePackage:
    """What a package says of its state, and the folder with the rest."""

    folder: Path
    state: State
    law: Law


def state_folder(state: str = DEFAULT) -> Path:
    """The folder of a state by its name below states/, or by its path where the package lies elsewhere.

    Raises CommandFailed.
    """
    below = Path(__file__).parent
    for folder in (below / state, Path(state)):
        if (folder / "state.json").is_file():
            return folder.resolve()
    known = ", ".join(sorted(path.parent.name for path in below.glob("*/state.json")))
    raise CommandFailed(f"no state package {state!r}; there are {known}, or name the folder of another")


@lru_cache
def read_package(state: str = DEFAULT) -> StatePackage:
    """The package of a state, as for `state_folder`; raises CommandFailed by file and field."""
    folder = state_folder(state)
    facts = read_part(folder / "state.json", TypeAdapter(_Facts))
    periods = read_part(folder / "law.json", TypeAdapter(dict[str, _Period]))
    given = facts.model_dump() | {
        "name": Bilingual(facts.name.local, facts.name.en),
        "portal": Bilingual(facts.portal.local, facts.portal.en),
        "texts": folder / "locale",
    }
    try:
        law = Law(**{name: Period(each.value, each.section, each.confirmed) for name, each in periods.items()})
        return StatePackage(folder, State(**given), law.with_values({}))
    except (TypeError, ValueError) as error:
        raise CommandFailed(f"{folder / 'law.json'}: {str(error).removeprefix('Law.__init__() ')}") from None


def form_files(folder: Path) -> dict[str, bytes]:
    """The files `*.json` of a folder by name, which may be none; of a large one only the beginning. Raises OSError."""
    read: dict[str, bytes] = {}
    for path in sorted(folder.glob("*.json")):
        with path.open("rb") as file:
            read[path.name] = file.read(LARGEST_FILE + 1)
    return read


def read_part(path: Path, kind: TypeAdapter[T]) -> T:
    """A JSON file of a package; raises CommandFailed by file and field."""
    try:
        return kind.validate_json(path.read_bytes())
    except OSError as error:
        raise CommandFailed(f"{path}: {error.strerror}") from None
    except ValidationError as error:
        wrong = error.errors(include_input=False)[0]
        raise CommandFailed(f"{path}: {'.'.join(map(str, wrong['loc']))}: {wrong['msg']}") from None
