"""The error rows that documents/test_lockers.py leaves, through the graph: tokens, Pull lists, and API Setu.

docs/contracts/digilocker.md sections 3.2 and 4.3, docs/contracts/apisetu.md section 6. Which test covers which row is
listed in tests/integrations/contract_rows.py.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import respx

from domain.kernel import Remedy, Source
from domain.kernel.refusals import REMEDIES
from integrations.apisetu import ApiSetu, ApiSetuSettings
from integrations.apisetu import codes as setu_codes
from integrations.digilocker.requester import codes as locker_codes
from integrations.digilocker.requester.codes import ERRORS
from tests.schema.documents.test_documents import ADD, GRANT
from tests.support.graph import CITIZEN
from tests.support.held import Held
from tests.support.remotes import PARTNER, remote_over
from tests.support.setu import ERROR_ROWS

LISTED = "documents(first: 9, filter: {sources: [%s]}) { nodes { key } }"
LISTS = {
    "pull_issuers": "{ pullIssuers { id } }",
    "pull_doctypes": '{ pullDoctypes(orgId: "org") { doctype } }',
    "pull_parameters": '{ pullParameters(orgId: "org", doctype: "INCER") { name } }',
}
META = ("invalid_client_id", "invalid_parameter", "unexpected_error")
TOKEN = ("invalid_grant", "invalid_client", "invalid_grant_type", "unexpected_error")


def judged(told: dict[str, Any], source: Source, code: str, *, again: bool) -> None:
    """What an app is told of a row: which system, its code, and what can be done."""
    assert (told["source"], told["detail"]) == (source.value, code)
    if again:
        assert (told["code"], told["action"], told["retryable"]) == ("SOURCE_UNAVAILABLE", "RETRY_LATER", True)
        return
    wanted = REMEDIES[source].get(code)
    hers = source is Source.API_SETU and wanted is Remedy.CORRECT_INPUT
    assert (told["code"], told["retryable"]) == ("DOCUMENT_UNKNOWN" if hers else "SOURCE_REFUSED", False)
    assert told["action"] == (wanted.value if wanted else "CALL_HELPLINE")


@pytest.mark.parametrize("profile", ["v24", "oas"])
@pytest.mark.parametrize("code", TOKEN)
async def test_every_row_of_the_token_call_reaches_her(held: Held, code: str, profile: str):
    held.act("set_profile", error_profile=profile)
    held.clock.advance(timedelta(minutes=61))  # the token must be refreshed first
    held.act("answer_error", call="token", error=code, calls=20)

    told = (await held.refused(LISTED % "DIGILOCKER"))["extensions"]

    if code == "invalid_grant":  # her consent has ended over there
        assert (told["code"], told["action"]) == ("CONSENT_REQUIRED", "LINK_ACCOUNT")
        return
    judged(told, Source.DIGILOCKER, code, again=ERRORS[code] is locker_codes.Verdict.AGAIN)


@pytest.mark.parametrize("profile", ["v24", "oas"])
@pytest.mark.parametrize("code", META)
@pytest.mark.parametrize("call", sorted(LISTS))
async def test_every_row_of_the_lists_for_a_pull_reaches_her(held: Held, call: str, code: str, profile: str):
    held.act("set_profile", error_profile=profile)
    held.act("answer_error", call=call, error=code, calls=20)

    answer = await held.world.ask(LISTS[call], CITIZEN)

    [error] = answer["errors"]
    again = ERRORS[code] is locker_codes.Verdict.AGAIN
    judged(error["extensions"], Source.DIGILOCKER, code, again=again)


@pytest.mark.parametrize("row", ERROR_ROWS, ids=lambda row: row["error"])
async def test_every_row_of_api_setu_reaches_her(held: Held, row: dict[str, Any]):
    given = {
        "publisher": "edistrictuk",
        "doctype": "INCER",
        "parameters": [{"name": "ApplicationNo", "value": "UK1"}, {"name": "CertificateID", "value": "INCER07"}],
        "idempotencyKey": "add",
    }
    await held.ask(ADD, input=given)
    await held.ask(GRANT, input={"purpose": "DEPARTMENT_DOCUMENTS", "idempotencyKey": "yes"})
    asking_elsewhere(held)
    body = {name: row[name] for name in ("error", "errorDescription")}

    with respx.mock(base_url=PARTNER) as partner:
        partner.post().respond(row["status"], json=body)
        told = (await held.refused(LISTED % "API_SETU"))["extensions"]

    verdict = setu_codes.ERRORS[row["error"]].verdict
    again = verdict in (setu_codes.Verdict.AGAIN, setu_codes.Verdict.ONCE)
    judged(told, Source.API_SETU, row["error"], again=again)


def asking_elsewhere(held: Held) -> None:
    """Let API Setu be asked over httpx's own transport, which respx answers."""
    env = held.world.environment
    line = remote_over(None, Source.API_SETU, PARTNER, clock=held.clock)
    settings = ApiSetuSettings("client", "the-key", dict(env.partners.apisetu.publishers()))
    partners = replace(env.partners, apisetu=ApiSetu(line, settings, held.clock))
    held.world = replace(held.world, environment=replace(env, partners=partners))
