"""The environment variables of all settings: for the reference, for `apuni config init`, and to know unknown ones."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_jsonable_python

from gateway.runtime.bounds import BOUNDS
from gateway.settings.partners import Partner
from gateway.settings.paths import field_at, model_of
from gateway.settings.settings import NESTED, PREFIX, Settings, variable
from integrations.registry import OUTSIDE_SYSTEMS

SYSTEMS = "partners"
"""The setting that has the outside systems, which are listed apart."""

NEEDED = (
    "APUNI_PROFILE",
    "APUNI_HOME",
    "APUNI_PUBLIC_URL",
    "METRICS_PORT",
    "APUNI_DATABASE_URL",
    "APUNI_VAULT_URL",
    "APUNI_CACHE_URL",
    "APUNI_PKCS11__MODULE",
    "APUNI_SIGNER__URL",
    "APUNI_SCANNER__ADDRESS",
    "APUNI_PORTAL__NOTICES",
    "APUNI_PORTAL__OWNER_HI",
    "APUNI_PORTAL__OWNER_EN",
    "APUNI_PORTAL__CONTACT",
)
"""What production does not start without, beside the outside systems: each, or what its rule names in its place."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable: what it sets, and how production bounds it."""

    name: str
    field: FieldInfo

    @property
    def default(self) -> str | None:
        """The default as one writes it; None where there is none."""
        if self.field.is_required():
            return None
        value = self.field.get_default(call_default_factory=True, validated_data={})
        if value is None or value is PydanticUndefined or value in ([], {}):
            return None
        plain = to_jsonable_python(value)
        return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)

    @property
    def meaning(self) -> str:
        return self.field.description or ""

    @property
    def rules(self) -> list[str]:
        """What production makes of it, a rule each."""
        extra = self.field.json_schema_extra
        rules = [f"{extra['production']}"] if isinstance(extra, dict) and "production" in extra else []
        own = (each for each in BOUNDS if each.variable == self.name)
        return rules + [each.remedy if each.staging else f"{each.remedy} (not in staging)" for each in own]


def variables_of(model: type[BaseModel], *path: str) -> Iterator[Variable]:
    """The variables of a model of settings, without those of models within it."""
    for name, field in model.model_fields.items():
        if name != SYSTEMS and not _is_model(field):
            alias = field.validation_alias
            yield Variable(variable(alias) if isinstance(alias, str) else variable(*path, name), field)


def sections() -> Iterator[tuple[str, list[Variable]]]:
    """Every variable under the words of its subject; those of systems are of the ones that this gateway knows."""
    yield "In general", list(variables_of(Settings))
    for name, field in Settings.model_fields.items():
        if _is_model(field) and (model := model_of(field.annotation)) is not None:
            yield (field.description or name).rstrip("."), list(variables_of(model, name))
    for system in (*OUTSIDE_SYSTEMS.required, *OUTSIDE_SYSTEMS.optional):
        yield f"Outside system {system}", list(variables_of(Partner, SYSTEMS, system))


def is_known(name: str) -> bool:
    """Whether a variable sets something, be it a part of what another one sets as JSON."""
    if any(each.name == name for each in variables_of(Settings)):
        return True
    path = name.removeprefix(PREFIX).lower().split(NESTED)
    field = field_at(Settings, path) if name.startswith(PREFIX) else None
    return field is not None and field.validation_alias is None


def reason_of_deprecation(name: str, root: type[BaseModel] = Settings) -> str | None:
    """What to set in place of a variable whose field is `deprecated`, and until when; None for all others."""
    path = name.removeprefix(PREFIX).lower().split(NESTED)
    field = field_at(root, path) if name.startswith(PREFIX) else None
    return None if field is None or not field.deprecated else str(field.deprecated)


def near_names(name: str) -> list[str]:
    """The variables whose names are most like an unknown one, at most two."""
    known = [each.name for _, group in sections() for each in group]
    return get_close_matches(name, known, n=2, cutoff=0.8)


def _is_model(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
