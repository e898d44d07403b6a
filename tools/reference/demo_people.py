"""Makes docs/demo_people.md: who is in the demo, and what each has in the outside systems."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demo.sign_in import PARTS
from tools.reference.tables import table

DEMO = Path(__file__).resolve().parents[2] / "demo"

_PAGE = """\
<!-- Made by `python -m tools.reference print` from demo/people.json, officers.json, operators.json. Do not edit. -->
# People of the demo

None of them exists. `.venv/bin/apuni token --as ROLE --person KEY` signs one of them in the real way; on the pages of
the sandboxes' providers they are chosen by name. Their telephones are at `/telephone/KEY` of the sandbox city
([sandbox](sandbox.md)).

## Roles

Without `--person`, `apuni token --as ROLE` is:

{roles}

## Citizens

*Locker* are the documents in DigiLocker, by their type. *Departments* are certificates that departments hold, which API
Setu fetches. A household that has a ration card is found by its number.

{citizens}

## Officers and other staff

They sign in by Parichay. A post is a role at a department, for a district and tehsil where these are named.

{officers}

## Operators and agents

They sign in by CSC Connect.

{operators}
"""


def demo_people() -> str:
    """The text of the page."""
    citizens = (_citizen(one) for one in _read("people"))
    officers = (_officer(one) for one in _read("officers"))
    operators = (
        (f"`{one['key']}`", one["name_en"], f"`{one['csc_id']}`", one["mobile"], f"{one['district']}/{one['tehsil']}")
        for one in _read("operators")
    )
    roles = ((f"`{role}`", f"`{part.person}`", part.provider.value) for role, part in PARTS.items())
    header = ("Key", "Name", "Born", "Mobile", "District/tehsil", "Locker", "Departments", "Ration card")
    return _PAGE.format(
        roles=table(("Role", "Person", "Provider"), roles),
        citizens=table(header, citizens),
        officers=table(("Key", "Name", "Designation", "Posts"), officers),
        operators=table(("Key", "Name", "CSC id", "Mobile", "District/tehsil"), operators),
    )


def _read(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((DEMO / f"{name}.json").read_text(encoding="utf-8"))
    return rows


def _citizen(one: Mapping[str, Any]) -> tuple[str, ...]:
    locker = ", ".join(f"`{document['doctype']}`" for document in one["locker_documents"])
    departments = ", ".join(f"`{each['doctype']}` of {each['publisher']}" for each in one["department_documents"])
    card = one.get("ration_card") or {}
    place = f"{one['district']}/{one.get('tehsil') or '–'}"
    name = f"{one['name_en']} · {one['name_hi']}"
    return f"`{one['key']}`", name, one["dob"], one["mobile"], place, locker, departments, card.get("number", "–")


def _officer(one: Mapping[str, Any]) -> tuple[str, ...]:
    posts = "; ".join(
        " ".join(str(post[part]) for part in ("role", "level", "department", "district", "tehsil") if post.get(part))
        for post in one["postings"]
    )
    return f"`{one['key']}`", one["name_en"], one.get("designation_en", "–"), posts
