"""Packages for Python: TypedDicts of what goes in and comes out, and a small client over urllib."""

from tools.clients.model import App, Kind, Member

SCALARS = {
    "ID": "str", "String": "str", "Int": "int", "Boolean": "bool", "Float": "float",
    "Paise": "int", "Long": "int", "DateTime": "str", "Date": "str", "JSON": "object",
}  # fmt: skip

_CLIENT = '''\
"""Asks the published operations of {app} by their ids. Answers are typed; enums may hold values of later releases."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

APP, APP_VERSION, RELEASE = "{app}", "{app_version}", "{version}"
Variables = TypeVar("Variables", bound=Mapping[str, Any])
Data = TypeVar("Data", bound=Mapping[str, Any])


@dataclass(frozen=True)
class Operation(Generic[Variables, Data]):
    """A published operation, named by its id."""

    name: str
    id: str


@dataclass(frozen=True)
class Answer(Generic[Data]):
    """What came back. `data` may be there beside errors: show both."""

    data: Data | None
    errors: list[dict[str, Any]]


class Client:
    """A gateway. `token` is what the sign-in gave; without it only what is public answers."""

    def __init__(self, base: str, token: str | None = None, language: str = "hi") -> None:
        self._address = f"{{base.rstrip('/')}}/graphql"
        self._headers = {{
            "accept": "application/graphql-response+json",
            "accept-language": language,
            "content-type": "application/json",
            "x-client-name": APP,
            "x-client-version": APP_VERSION,
            **({{"authorization": f"Bearer {{token}}"}} if token else {{}}),
        }}

    def ask(
        self,
        operation: Operation[Variables, Data],
        variables: Variables,
        idempotency_key: str | None = None,
        seconds: float = 30,
    ) -> Answer[Data]:
        """The answer of an operation; raises URLError where none came. A mutation needs an idempotency key."""
        body = json.dumps({{"documentId": f"sha256:{{operation.id}}", "variables": variables}}).encode()
        key = {{"idempotency-key": idempotency_key}} if idempotency_key else {{}}
        request = urllib.request.Request(self._address, body, self._headers | key)
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answered:
                told = json.load(answered)
        except urllib.error.HTTPError as refused:
            told = json.load(refused)
        return Answer(told.get("data"), told.get("errors", []))
'''


def files(app: App) -> dict[str, str]:
    """The files of the package by path."""
    package = f"apuni_{app.name}"
    project = (
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n\n[project]\n'
        f'name = "{package}"\n'
        f'version = "{app.version}"\ndescription = "Operations of {app.name} {app.app_version}"\n'
        'requires-python = ">=3.11"\nlicense = "Apache-2.0"\n'
    )
    return {
        "pyproject.toml": project,
        f"{package}/__init__.py": f'"""Operations and types of {app.name} {app.app_version}."""\n',
        f"{package}/py.typed": "",
        f"{package}/client.py": _CLIENT.format(app=app.name, app_version=app.app_version, version=app.version),
        f"{package}/operations.py": _operations(app, package),
    }


def _operations(app: App, package: str) -> str:
    lines = [
        f'"""The operations of {app.name} with the types of their variables and data. Made by `make clients`."""\n',
        "from typing import Literal, NotRequired, TypedDict\n",
        f"from {package}.client import Operation\n",
    ]
    for name, values in sorted(app.enums.items()):
        lines.append(f"{name} = Literal[{', '.join(repr(one) for one in values)}] | str")
    for shape in app.shapes.values():
        members = ", ".join(f'"{one.name}": {_member(one)!r}' for one in shape.members)
        lines.append(f'{shape.name} = TypedDict("{shape.name}", {{{members}}})')
    for call in app.calls:
        types = f"{call.variables.name}, {call.data.name}"
        lines.append(f'{_constant(call.name)}: Operation[{types}] = Operation("{call.name}", "{call.id}")')
    return "\n".join(lines) + "\n"


def _member(member: Member) -> str:
    return f"NotRequired[{_kind(member.kind)}]" if member.optional else _kind(member.kind)


def _kind(kind: Kind) -> str:
    inner = _kind(kind.item) if kind.item else ""
    bare = f"list[{inner}]" if inner else SCALARS.get(kind.name, kind.name)
    return f"{bare} | None" if kind.nullable else bare


def _constant(name: str) -> str:
    return "".join(f"_{letter}" if letter.isupper() and place else letter for place, letter in enumerate(name)).upper()
