"""Puts a token into the sandbox's bridge and enrols it, so that an officer of the demo signs certificates herself."""

from collections.abc import Mapping
from typing import Any

import httpx

from actions.catalogue.definitions import apply_plan, digest_of_plan, plan_of
from actions.certificates.token_enrolments import AnswerToken, EnrolToken, answer_token, enrol_token
from actions.kernel import Environment
from demo.seed.people import cast_of
from domain.kernel import Role, require_found
from store.identity import people
from store.platform import seeds

SERVICE = "UKX-SHHBEG"
"""The solvency certificate."""
DEFINITION: Mapping[str, Any] = {
    "service": SERVICE,
    "steps": [{"kind": "SCRUTINY"}, {"kind": "ISSUE"}],
    "levels": {"designated": "Sub-Divisional Magistrate", "firstAppellate": "District Magistrate"},
    "notified": True,
    "limit": {"days": 15, "act": "The Uttarakhand Right to Service Act, 2011", "notification": "a sample of the demo"},
    "outcome": {"kind": "CERTIFICATE", "doctype": "SLCER", "signedBy": "OFFICER"},
    "source": "a sample of the demo",
}
_SECONDS = 10


async def seed_signing(env: Environment, demo: Mapping[str, Any], city: str) -> bool:
    """Let the first officer of the demo sign solvency certificates with a token of the sandbox; whether that was done.

    `city` is the address of the sandboxes. Nothing is done the second time, or where they are not up.
    """
    part, entry = f"{demo['histories']['seed_id']}:signing", demo["officers"][0]
    async with env.store.read_transaction() as tx:
        if await seeds.is_seeded(tx, part):
            return False
        officers = (await cast_of(tx, demo)).officers
        officer = require_found(await people.officer_by_email(tx, entry["email"]))
    admin = next(one for one in officers.values() if Role.ADMIN in one.roles)
    asked = {"action": "insert", "arguments": {"name": entry["name_en"]}}
    async with httpx.AsyncClient(trust_env=False, timeout=_SECONDS) as client:
        try:
            answer = await client.post(f"{city}/_control/trust_services/act", json=asked)
        except httpx.TransportError:
            return False
    certificate = str(answer.raise_for_status().json()["certificate"])
    enrolment, _ = await enrol_token(env, officers[officer.id], EnrolToken(certificate, part))
    await answer_token(env, admin, AnswerToken(enrolment.id, True, part))
    await apply_plan(env, [DEFINITION], digest_of_plan(await plan_of(env, [DEFINITION])))
    async with env.store.write_transaction() as tx:
        await seeds.mark(tx, part)
    return True
