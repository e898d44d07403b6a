"""What is asked of the gateway: the operations, who asks them, and by which text a right answer is known."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from domain.platform.manifests import Operation, document_id
from tests.support.crashing import GRANT, GRANT_SERVICE
from tests.support.forms import answers_of
from tests.support.operations import operation, snippets

README = Path(__file__).resolve().parents[2] / "README.md"


class Asker(Enum):
    """Who asks."""

    FIVE = "synthetic citizens with five applications each"
    DEMO = "the demo's citizens, who have documents, benefits and a ration card at outside systems"
    OFFICER = "an officer of the demo"
    APPLICANT = "synthetic citizens without applications, each once"


@dataclass(frozen=True)
class Row:
    """One operation of the table. `expected` is in every right answer."""

    name: str
    title: str
    document: Callable[[], str]
    asker: Asker
    expected: str
    variables: Callable[[int], Mapping[str, Any]] = field(default=lambda _: {})
    live: bool = False
    """Whether no answer of an outside system is kept."""

    @property
    def operation(self) -> Operation:
        """The operation, as an application publishes it."""
        return operation_of(self.document())

    def body(self, number: int) -> dict[str, Any]:
        """What a client sends: the id of the published document, and variables."""
        return body_of(self.document(), self.variables(number))


@cache
def readme_query() -> str:
    """The query of README.md over five systems, with a name."""
    found = next(body for kind, _, body in snippets(README.read_text(encoding="utf-8")) if kind == "graphql")
    return f"query Readme {found.strip()}\n"


@cache
def _grant() -> str:
    return json.dumps(answers_of(GRANT, bank_account_number="50100012345600", bank_ifsc="SBIN0000630"))


def _submission(number: int) -> dict[str, Any]:
    place = {"serviceCode": GRANT_SERVICE, "district": "49", "tehsil": "303"}
    return {"input": {**place, "form": json.loads(_grant()), "idempotencyKey": f"bench-{number}"}}


SERVICES = "query Services { services(first: 10) { nodes { code name department { name } } } }"
OWN = (
    "query Own { viewer { ... on Citizen { name applications(first: 5) { nodes {"
    " number status deadline { dueAt workingDaysLeft } service { name } } } } } }"
)
CERTIFICATES = (
    "query Certificates { viewer { ... on Citizen { certificates {"
    " nodes { uri name issuer } complete provenance { source state asOf } } } } }"
)

CODES = (
    "query Codes { viewer { ... on Citizen { name applications(first: 5) { nodes { number service { code } } } } } }"
)
"""What the recorded answers need beside those of the rows."""


def operation_of(body: str) -> Operation:
    """A document as an application publishes it. Raises ValueError where it has no name."""
    name = re.search(r"\b(query|mutation) (\w+)", body)
    if name is None:
        raise ValueError("the document has no name")
    return Operation(document_id(body), name[2], name[1], body)


def body_of(document: str, variables: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """What a client sends that asks for a published document by its id."""
    return {"documentId": f"sha256:{document_id(document)}", "variables": dict(variables)}


ROWS = (
    Row("typename", "`{ __typename }`", lambda: "query Typename { __typename }", Asker.FIVE, '"Query"'),
    Row("services", "ten services", lambda: SERVICES, Asker.FIVE, '"department"'),
    Row("own", "own five applications", lambda: OWN, Asker.FIVE, '"workingDaysLeft"'),
    Row("certificates", "certificates, kept", lambda: CERTIFICATES, Asker.DEMO, '"complete":true'),
    Row("readme", "README's query, kept", readme_query, Asker.DEMO, '"linkedAccounts"'),
    Row("readme_live", "README's query, live", readme_query, Asker.DEMO, '"linkedAccounts"', live=True),
    Row("queue", "officer's queue", lambda: operation("officer_app/queue"), Asker.OFFICER, '"queueCounts"'),
    Row(
        "submission",
        "a submission",
        lambda: operation("citizen_app/submit_application"),
        Asker.APPLICANT,
        '"userErrors":[]',
        _submission,
    ),
)
