"""Every field that asks an outside system has a row in docs/degradation.md that says what it is without the system.

Each row is seen here, through the graph at real sandboxes; APUNI_WRITE_DOCS=1 writes them.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLObjectType

from actions.catalogue.form_import import import_forms
from domain.benefits.benefits import PaymentStatus
from domain.kernel import Source, TypeCode
from integrations.calling.errors import Unavailable
from schema.kernel import SourcePolicy, directives_of, node_id
from store.benefits import benefits
from tests.support.built import built
from tests.support.degradation import coded, losses
from tests.support.graph import ASHA, CITIZEN, NEIGHBOUR, OFFICER
from tests.support.held import Held
from tests.support.state import form_files
from tests.support.stored import record_payment_status

DOCUMENT = Path(__file__).parents[3] / "docs" / "degradation.md"
HEAD = "| Field | System | Without it, and nothing kept | Errors | An old copy |"
ADD = "mutation ($input: AddDepartmentDocumentInput!) { addDepartmentDocument(input: $input) { userErrors { code } } }"
GRANT = "mutation ($input: GrantConsentInput!) { grantConsent(input: $input) { userErrors { code } } }"
LISTED = "complete"

HERS = {
    "Citizen.certificates": f"certificates {{ nodes {{ uri }} {LISTED} }}",
    "Citizen.departmentCertificates": f"departmentCertificates {{ nodes {{ number }} {LISTED} }}",
    "Citizen.documents": f"documents(first: 50) {{ nodes {{ key }} {LISTED} }}",
    "Citizen.prefilledForm": 'prefilledForm(serviceCode: "ES09") { answers { name } }',
    "Citizen.lockerFolder": f"lockerFolder {{ nodes {{ name }} {LISTED} }}",
    "Citizen.eAadhaar": "eAadhaar { name }",
    "Citizen.benefits": f"benefits {{ nodes {{ status }} {LISTED} }}",
    "Citizen.rationCard": "rationCard { scheme }",
}
"""Fields of a citizen."""

BELOW = {
    "Certificate.document": "certificates { nodes { document { mediaType } } }",
    "HeldDocument.signature": "documents(first: 50) { nodes { signature { state } } }",
}
"""Fields of what a list gave, which is there already when they are asked for."""

OFFICES = {"Application.sanctionBudget": "sanctionBudget { balance }"}
"""Fields of an undecided application for the officer who decides it."""

FOR_ALL = {
    "Query.pullIssuers": "pullIssuers { id }",
    "Query.pullDoctypes": 'pullDoctypes(orgId: "ORG") { doctype }',
    "Query.pullParameters": 'pullParameters(orgId: "ORG", doctype: "INCER") { name }',
    "Query.mandis": 'mandis(district: "49") { nodes { name } }',
    "Query.genericMedicines": 'genericMedicines(name: "paracetamol") { nodes { code } }',
    "Query.bloodBanks": 'bloodBanks(district: "49") { nodes { name } }',
}
ASKED = {
    **{name: f"{{ viewer {{ ... on Citizen {{ {asked} }} }} }}" for name, asked in (HERS | BELOW).items()},
    **{name: f"{{ {asked} }}" for name, asked in FOR_ALL.items()},
    **{name: f'{{ application(by: {{id: "CASE"}}) {{ {asked} }} }}' for name, asked in OFFICES.items()},
}


def policies() -> dict[str, list[SourcePolicy]]:
    """Every field of the graph that asks outside systems, with its policies."""
    graph: Any = built()
    return {
        f"{kind.name}.{name}": found
        for kind in graph._schema.type_map.values()
        if isinstance(kind, GraphQLObjectType)
        for name, field in kind.fields.items()
        if (found := directives_of(field, SourcePolicy))
    }


def kept(found: list[SourcePolicy]) -> str:
    """How old an answer may be that is given while the system is away."""
    longest = max(one.fresh_seconds + one.stale_while_revalidate_seconds + one.stale_if_error_seconds for one in found)
    served = [one for one in found if one.stale_if_error_seconds]
    return f"up to {round(longest / 3600)} h, STALE" if served else "none"


PAIRS = sorted({(name, one.name) for name, found in policies().items() for one in found})


def test_every_field_that_asks_a_source_is_asked_here_and_has_its_rows():
    assert set(ASKED) == set(policies())
    rows = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    told = {
        tuple(cell.strip(" `") for cell in row.split("|")[1:3]) for row in rows if row.count("|") == HEAD.count("|")
    }
    assert told == set(PAIRS)


async def prepared(held: Held, name: str) -> str:
    """The question for a field, in a world where every system has something to say of her and nothing is kept."""
    env = held.world.environment
    income = {
        "publisher": "edistrictuk",
        "doctype": "INCER",
        "parameters": [{"name": "ApplicationNo", "value": "UK1"}, {"name": "CertificateID", "value": "INCER07"}],
        "idempotencyKey": "income",
    }
    await held.ask(ADD, input=income)
    await held.ask(GRANT, input={"purpose": "DEPARTMENT_DOCUMENTS", "idempotencyKey": "allow"})
    await held.world.approve(await held.world.submit("ES90"))
    waiting = await held.world.submit("ES90", NEIGHBOUR)
    async with env.store.write_transaction() as tx:
        [sanction] = await benefits.sanctions_of_citizen(tx, ASHA)
        for instalment in (await benefits.instalments(tx, [sanction.id]))[sanction.id]:
            await record_payment_status(tx, instalment.id, PaymentStatus.INSTRUCTED, env.clock.now())
    assert not (await import_forms(env.store, form_files())).refused
    issuers = (await held.ask("{ pullIssuers { id name } }"))["pullIssuers"]
    await env.partners.forget_citizen(ASHA)
    org = next(one["id"] for one in issuers if "edistrictuk" in one["name"])
    return ASKED[name].replace("ORG", org).replace("CASE", node_id(TypeCode.APPLICATION, waiting.id))


def away(held: Held, source: str) -> None:
    """Let one system refuse everything from now on."""
    fault = [{"kind": "status", "route": "*", "params": {"status": 503}}]
    match Source(source):
        case Source.DIGILOCKER:
            held.locker.sandbox.faults.set(fault)
        case Source.API_SETU:
            held.setu.faults.set(fault)
        case other:
            partner: Any = held.world.environment.partners
            (partner.umang if other is Source.UMANG else partner.dbt).down.errors[other] = Unavailable(other, "refused")


def back(held: Held) -> None:
    held.locker.sandbox.faults.set([])
    held.setu.faults.set([])
    partner: Any = held.world.environment.partners
    partner.umang.down.errors.clear()
    held.clock.advance(timedelta(minutes=10))  # no breaker is open any more


@pytest.mark.parametrize(("name", "source"), PAIRS)
async def test_the_row_says_what_is_seen(held: Held, name: str, source: str):
    query = await prepared(held, name)
    who = OFFICER if name in OFFICES else CITIZEN
    if name in BELOW:
        well = await held.world.ask(query, who)
        away(held, source)
        without = await held.world.ask(query, who)
    else:
        away(held, source)
        without = await held.world.ask(query, who)
        back(held)
        well = await held.world.ask(query, who)
    assert well["errors"] == []
    lost = "<br>".join(f"`{path}`: {how}" for path, how in losses(well["data"], without["data"]).items())
    found = [one for one in policies()[name] if one.name == source]
    row = f"| `{name}` | {source} | {lost or 'nothing'} | {'<br>'.join(coded(without['errors']))} | {kept(found)} |"
    if os.environ.get("APUNI_WRITE_DOCS") == "1":
        put(row, f"| `{name}` | {source} |")
    assert row in DOCUMENT.read_text(encoding="utf-8").splitlines()


def put(row: str, begins: str) -> None:
    """Put the row of a field in its place below the head."""
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    start = lines.index(HEAD) + 2
    end = next((at for at in range(start, len(lines)) if not lines[at].startswith("|")), len(lines))
    others = [line for line in lines[start:end] if not line.startswith(begins)]
    lines[start:end] = sorted([*others, row])
    DOCUMENT.write_text("\n".join(lines) + "\n", encoding="utf-8")
