"""Seeds what waits for administrators: a batch of officers' changes to confirm, and a definition in draft."""

import json
from collections.abc import Mapping
from typing import Any

from actions.catalogue.definition_drafts import DraftServiceDefinition, draft_service_definition
from actions.kernel import Environment
from actions.officers.batches import ProposeStaffChanges, propose_staff_changes
from actions.officers.change_rows import StaffCells
from demo.seed.people import cast_of
from domain.kernel import Role
from store.platform import seeds

JOINER = StaffCells(
    change="JOIN",
    email="naib-tehsildar-vikasnagar@officer.example",
    name_en="Pooja Rawat",
    name_hi="पूजा रावत",
    designation_en="Naib Tehsildar, Vikasnagar",
    designation_hi="नायब तहसीलदार, विकासनगर",
    role="OFFICER",
    level="DESIGNATED",
    department="revenue-department",
    district="49",
)
DEFINITION: Mapping[str, Any] = {
    "service": "DEMO-LANDUSE",
    "slug": "land-use-note",
    "name": {"hi": "भूमि उपयोग टिप्पणी (नमूना)", "en": "Note on Land Use (sample)"},
    "department": "revenue-department",
    "steps": [{"kind": "SCRUTINY"}, {"kind": "FIELD_VERIFICATION", "optional": True}, {"kind": "ISSUE"}],
    "levels": {"designated": "Tehsildar", "firstAppellate": "Sub-Divisional Magistrate"},
    "notified": False,
    "outcome": {"kind": "ORDER"},
    "source": "a sample of the demo",
}


async def seed_powers(env: Environment, demo: Mapping[str, Any]) -> bool:
    """Let an administrator propose an officer and a department draft a service; False where it was done already."""
    part = f"{demo['histories']['seed_id']}:powers"
    async with env.store.read_transaction() as tx:
        if await seeds.is_seeded(tx, part):
            return False
        officers = (await cast_of(tx, demo)).officers.values()
    admin = next(one for one in officers if Role.ADMIN in one.roles)
    department = next(one for one in officers if Role.DEPARTMENT_ADMIN in one.roles)
    await propose_staff_changes(env, admin, ProposeStaffChanges((JOINER,), part))
    draft = DraftServiceDefinition(part, json.dumps(DEFINITION, ensure_ascii=False))
    await draft_service_definition(env, department, draft)
    async with env.store.write_transaction() as tx:
        await seeds.mark(tx, part)
    return True
