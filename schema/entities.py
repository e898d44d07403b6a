"""Apollo Federation's `_entities`: each reference succeeds or fails by itself."""

import asyncio
from collections.abc import Mapping
from typing import Any

from domain.kernel import ErrorCode, NumberKind, Problem, Problems, TypeCode, from_global_id, not_found, parse_number
from schema.applications.loaders import application_by_number
from schema.applications.types import Application
from schema.certificates.types import Certificate, certificate_by_number
from schema.kernel.context import Info
from schema.kernel.guards import check_type
from schema.kernel.node import Node
from schema.nodes import FINDERS, Finder, by_loader

TYPES: Mapping[str, TypeCode] = {
    "Application": TypeCode.APPLICATION,
    "Benefit": TypeCode.BENEFIT,
    "Certificate": TypeCode.CERTIFICATE,
    "Citizen": TypeCode.CITIZEN,
    "Department": TypeCode.DEPARTMENT,
    "District": TypeCode.DISTRICT,
    "Officer": TypeCode.OFFICER,
    "Operator": TypeCode.OPERATOR,
    "Scheme": TypeCode.SCHEME,
    "Service": TypeCode.SERVICE,
}
"""Every entity by its name in the graph."""

_BY_NUMBER: Mapping[str, tuple[NumberKind, Finder]] = {
    "Application": (NumberKind.APPLICATION, by_loader(application_by_number, Application.of)),
    "Certificate": (NumberKind.CERTIFICATE, by_loader(certificate_by_number, Certificate.of_issued)),
}


async def resolve_entities(info: Info, representations: list[Any]) -> list[Node | BaseException]:
    """The entities at the places of their references; an exception stands for one that cannot be had."""
    return list(await asyncio.gather(*(_entity(info, one) for one in representations), return_exceptions=True))


async def _entity(info: Info, representation: object) -> Node:
    """One entity; raises BAD_INPUT for a reference that is none of ours, NOT_FOUND where it leads nowhere."""
    if not isinstance(representation, dict):
        raise _bad("representations")
    name = representation.get("__typename")
    code = TYPES.get(name) if isinstance(name, str) else None
    if code is None or not isinstance(name, str):
        raise _bad("__typename")
    check_type(info, name)
    node = await _by_key(info, name, code, representation)
    if node is None:
        raise not_found(name)
    return node


async def _by_key(info: Info, name: str, code: TypeCode, representation: dict[str, Any]) -> Node | None:
    opaque, number = representation.get("id"), representation.get("number")
    if isinstance(opaque, str):
        found, key = from_global_id(opaque)
        return await FINDERS[code](info, key) if found is code else None
    if isinstance(number, str) and name in _BY_NUMBER:
        kind, find = _BY_NUMBER[name]
        return await find(info, parse_number(number, kind))
    raise _bad("id")


def _bad(name: str) -> Problems:
    return Problems(Problem(ErrorCode.BAD_INPUT, (name,)))
