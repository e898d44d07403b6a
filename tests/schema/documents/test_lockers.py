"""Her locker in the graph: own folders and files, uploads, Pull Document, e-Aadhaar, and every refusal in words."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from stdnum import verhoeff

from actions.documents.locker_orders import ORDER, carry_out_order
from actions.uploads.uploads import take_in
from domain.kernel import Bilingual, Source
from domain.kernel.refusals import REMEDIES
from integrations.calling.errors import NotAsked, Unavailable
from integrations.digilocker.requester.codes import ERRORS, Verdict
from store.database import leases
from store.documents import locker_orders
from store.documents.locker_orders import LockerOrder
from store.identity import people
from store.platform import outbox
from tests.support.graph import ASHA, CITIZEN, NEIGHBOUR
from tests.support.held import Held

PUT = """mutation ($input: PutIntoLockerInput!) { putIntoLocker(input: $input) {
  order { key kind state refusal message } userErrors { code message action path }
  submission { state replayed } } }"""
PULL = """mutation ($input: PullDocumentInput!) { pullDocument(input: $input) {
  order { key kind state uri refusal } userErrors { code message action } submission { state replayed } } }"""
FOLDER = "lockerFolder%s { directory complete nodes { name isFolder id uri sizeBytes download { url } } }"
CARD = "eAadhaar { maskedNumber name bornOn gender signature provenance { source state } }"
FILE = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
INCOME = {"ApplicationNo": "UK1", "CertificateID": "INCER07"}


async def handed_in(held: Held) -> str:
    return (await take_in(held.world.environment, CITIZEN, FILE, "application/pdf")).reference


async def put(held: Held, path: str = "income.pdf", key: str = "put", **changes: Any) -> dict[str, Any]:
    given = {"file": await handed_in(held), "path": path, "idempotencyKey": key} | changes
    return dict((await held.ask(PUT, input=given))["putIntoLocker"])


async def pulled(held: Held, key: str = "pull", **changes: Any) -> dict[str, Any]:
    issuers = (await held.ask("{ pullIssuers { id name } }"))["pullIssuers"]
    org = next(one["id"] for one in issuers if "edistrictuk" in one["name"])
    named = [{"name": name, "value": value} for name, value in INCOME.items()]
    given = {"orgId": org, "doctype": "INCER", "parameters": named, "idempotencyKey": key} | changes
    return dict((await held.ask(PULL, input=given))["pullDocument"])


def sent(held: Held, route: str) -> int:
    return sum(1 for entry in held.locker.sandbox.ledger.entries() if route in entry["route"])


async def orders(held: Held) -> list[LockerOrder]:
    async with held.world.environment.store.read_transaction() as tx:
        return await locker_orders.of_citizen(tx, ASHA, 10)


async def test_her_folders_and_files_are_listed_and_read(held: Held):
    root = (await held.mine(FOLDER % ""))["lockerFolder"]
    folders = [entry for entry in root["nodes"] if entry["isFolder"]]
    assert folders
    assert all(entry["download"] is None for entry in folders)
    inside = (await held.mine(FOLDER % f'(folderId: "{folders[0]["id"]}")'))["lockerFolder"]
    [file] = [entry for entry in [*root["nodes"], *inside["nodes"]] if not entry["isFolder"]][:1]

    answer = await held.door.get(file["download"]["url"])

    assert answer.status_code == 200
    assert len(answer.content) == file["sizeBytes"]


async def test_a_file_goes_into_her_locker_once_for_one_key(held: Held):
    first = await put(held)
    again = await put(held)

    assert (first["order"]["state"], first["submission"]["state"]) == ("DONE", "DELIVERED")
    assert again["order"]["key"] == first["order"]["key"]
    assert again["submission"]["replayed"]
    assert sent(held, "file/upload") == 1
    names = [entry["name"] for entry in (await held.mine(FOLDER % ""))["lockerFolder"]["nodes"]]
    assert names.count("income.pdf") == 1
    [order] = (await held.mine("lockerOrders(first: 5) { kind state settledAt }"))["lockerOrders"]
    assert (order["kind"], order["state"]) == ("UPLOAD", "DONE")
    assert [dict(one.asked) for one in await orders(held)] == [{}]  # what was asked is forgotten


async def test_while_the_locker_is_away_the_file_waits_in_the_outbox(held: Held):
    held.locker.fault("status", status=503)
    waits = await put(held)
    assert (waits["order"]["state"], waits["submission"]["state"]) == ("WAITING", "QUEUED")
    held.locker.sandbox.faults.clear()
    async with held.world.environment.store.read_transaction() as tx:
        counted = await outbox.counts(tx)
    assert counted.pending == 1

    await carry_out_order(held.world.environment, waits["order"]["key"])

    assert [order.state for order in await orders(held)] == ["DONE"]
    assert ORDER == "locker.order"


async def test_a_file_whose_answer_was_lost_is_looked_for_before_it_is_sent_again(held: Held, monkeypatch):
    drive = held.world.environment.partners.digilocker.drive
    real = drive.upload

    async def lost(*given: Any) -> Any:
        await real(*given)
        raise Unavailable(Source.DIGILOCKER, "connection_lost")

    monkeypatch.setattr(drive, "upload", lost)
    waits = await put(held)
    assert waits["order"]["state"] == "WAITING"

    await carry_out_order(held.world.environment, waits["order"]["key"])

    assert [order.state for order in await orders(held)] == ["DONE"]
    assert sent(held, "file/upload") == 1


async def test_one_at_a_time_carries_an_order_out(held: Held):
    held.locker.fault("status", status=503)
    key = (await put(held))["order"]["key"]
    held.locker.sandbox.faults.clear()
    env = held.world.environment
    async with env.store.write_transaction() as tx:
        assert await leases.acquire(tx, f"locker-order:{key}", "another", 30)
    with pytest.raises(NotAsked):
        await carry_out_order(env, key)


@pytest.mark.parametrize(
    ("path", "detail", "action"),
    [
        ("a:b.pdf", "letters", "CORRECT_INPUT"),
        ("../x.pdf", "folder", "CORRECT_INPUT"),
        ("x.exe", "JPG", "ATTACH_DOCUMENT"),
        ("x.png", "end of its name", "ATTACH_DOCUMENT"),
    ],
)
async def test_what_the_locker_would_refuse_is_refused_without_a_call(held: Held, path, detail, action):
    came = await put(held, path)
    [error] = came["userErrors"]
    assert (error["code"], error["action"]) == ("SOURCE_REFUSED", action)
    assert detail in error["message"]
    assert came["order"] is None
    assert sent(held, "file/upload") == 0


async def test_a_strangers_file_cannot_be_put_anywhere(held: Held):
    given = {"file": await handed_in(held), "path": "x.pdf", "idempotencyKey": "k"}
    await held.link("ravi-rawat")
    came = (await held.ask(PUT, NEIGHBOUR, input=given))["putIntoLocker"]
    assert [error["code"] for error in came["userErrors"]] == ["UPLOAD_UNKNOWN"]


async def test_a_pull_brings_the_document_and_says_when_it_was_there(held: Held):
    first, second = await pulled(held), await pulled(held, "again")
    assert (first["order"]["state"], first["submission"]["state"]) == ("DONE", "DELIVERED")
    assert first["order"]["uri"].startswith("in.gov.edistrictuk-INCER-")
    assert (second["order"]["state"], second["userErrors"]) == ("ALREADY_THERE", [])
    assert second["submission"]["state"] == "DELIVERED"


async def test_a_pull_that_waits_for_its_issuer_is_no_failure(held: Held):
    held.act("hold_pulls", on=True)
    came = await pulled(held)
    assert (came["order"]["state"], came["userErrors"], came["submission"]["state"]) == ("PENDING", [], "ACCEPTED")
    held.act("hold_pulls", on=False)
    listed = await held.mine('documents(first: 9, filter: {doctypes: ["INCER"]}) { nodes { issuer uri } }')
    assert any("edistrictuk" in node["uri"] for node in listed["documents"]["nodes"])


async def test_a_pull_of_nothing_says_what_to_correct(held: Held):
    wrong = [{"name": "ApplicationNo", "value": "UK9"}, {"name": "CertificateID", "value": "NONE"}]
    came = await pulled(held, parameters=wrong)
    assert (came["order"]["state"], came["order"]["refusal"]) == ("REFUSED", "record_not_found")
    [error] = came["userErrors"]
    assert (error["code"], error["action"]) == ("SOURCE_REFUSED", "CORRECT_INPUT")
    assert "Check what you wrote" in error["message"]
    assert came["submission"]["state"] == "REJECTED"


async def test_what_can_be_pulled_is_told_step_by_step(held: Held):
    issuers = (await held.ask("{ pullIssuers { id name } }"))["pullIssuers"]
    org = next(one["id"] for one in issuers if "edistrictuk" in one["name"])
    kinds = (await held.ask(f'{{ pullDoctypes(orgId: "{org}") {{ doctype }} }}'))["pullDoctypes"]
    assert {"doctype": "INCER"} in kinds
    asked = await held.ask(f'{{ pullParameters(orgId: "{org}", doctype: "INCER") {{ name }} }}')
    assert {one["name"] for one in asked["pullParameters"]} == set(INCOME)


async def test_without_the_consent_nothing_is_asked_and_the_way_is_told(held: Held):
    before = len(held.locker.sandbox.ledger.entries())
    for selection in (FOLDER % "", CARD):
        error = await held.refused(selection, NEIGHBOUR)
        assert error["extensions"]["code"] == "CONSENT_REQUIRED"
        assert error["extensions"]["detail"] == "LOCKER_DOCUMENTS"
    given = {"orgId": "x", "doctype": "INCER", "parameters": [], "idempotencyKey": "k"}
    came = (await held.ask(PULL, NEIGHBOUR, input=given))["pullDocument"]
    assert [error["code"] for error in came["userErrors"]] == ["CONSENT_REQUIRED"]
    assert len(held.locker.sandbox.ledger.entries()) == before


async def test_a_masked_card_shows_the_last_four_digits_alone(held: Held):
    card = (await held.mine(CARD))["eAadhaar"]
    assert card["maskedNumber"].startswith("XXXX XXXX ")
    assert (card["name"], card["gender"], card["signature"]) == ("Asha Negi", "F", "VERIFIED")
    assert card["provenance"] == {"source": "DIGILOCKER", "state": "LIVE"}


async def test_a_number_in_clear_goes_to_the_vault_and_nowhere_else(held: Held):
    held.act("unmask_eaadhaar", on=True)
    answer = await held.world.ask("{ viewer { ... on Citizen { " + CARD + " } } }", CITIZEN)

    env = held.world.environment
    async with env.store.read_transaction() as tx:
        citizen = (await people.citizens(tx, [ASHA]))[ASHA]
    number = await env.vault.reveal(citizen.aadhaar_reference or "", purpose="TEST", by="test")
    assert verhoeff.is_valid(number)
    assert citizen.aadhaar_last4 == number[-4:] == answer["data"]["viewer"]["eAadhaar"]["maskedNumber"][-4:]
    assert number not in str(answer)
    assert number not in str(env.vault.__dict__)


async def test_another_persons_card_is_refused_and_not_bound(held: Held):
    async with held.world.environment.store.write_transaction() as tx:
        citizen = (await people.citizens(tx, [ASHA]))[ASHA]
        await people.update_citizen(tx, replace(citizen, name=Bilingual("कमला बिष्ट", "Kamla Bisht")))
    held.act("unmask_eaadhaar", on=True)
    error = await held.refused(CARD)
    assert error["extensions"]["code"] == "INTEGRITY"
    async with held.world.environment.store.read_transaction() as tx:
        assert (await people.citizens(tx, [ASHA]))[ASHA].aadhaar_reference is None


LISTED = "documents(first: 9) { nodes { key } }"
SIGNED = 'documents(first: 9, filter: {doctypes: ["SSCER"]}) { nodes { signature { state } } }'
READS = {"issued": LISTED, "user": LISTED, "folder": FOLDER % "", "xml": SIGNED, "eaadhaar": CARD}
DOCUMENTED = {
    "issued": ("invalid_token", "insufficient_scope", "unexpected_error", "partner_service_unresponsive"),
    "user": ("invalid_token", "unexpected_error"),
    "folder": ("invalid_token", "insufficient_scope", "unexpected_error", "invalid_id"),
    "xml": (
        *("invalid_token", "insufficient_scope", "unexpected_error", "uri_missing", "invalid_uri"),
        *(code for code in ERRORS if code.startswith("repository_")),
    ),
    "eaadhaar": (
        *("invalid_token", "insufficient_scope", "unexpected_error", "aadhaar_not_linked", "aadhaar_not_available"),
        *(code for code in ERRORS if code.startswith("repository_")),
    ),
}
ROWS = [(call, code, profile) for call, codes in DOCUMENTED.items() for code in codes for profile in ("v24", "oas")]


@pytest.mark.parametrize(("call", "code", "profile"), ROWS)
async def test_every_documented_error_of_a_read_reaches_her_with_what_to_do(held: Held, call, code, profile):
    held.act("set_profile", error_profile=profile)
    held.act("answer_error", call=call, error=code, calls=20)

    error = await held.refused(READS[call])

    told = error["extensions"]
    if code == "invalid_token":  # her consent has ended: the renewed token is refused too
        assert (told["code"], told["action"]) == ("CONSENT_REQUIRED", "LINK_ACCOUNT")
        return
    assert told["detail"] == code
    assert told["source"] == "DIGILOCKER"
    if ERRORS[code] is Verdict.AGAIN:
        assert (told["code"], told["action"], told["retryable"]) == ("SOURCE_UNAVAILABLE", "RETRY_LATER", True)
    else:
        wanted = REMEDIES[Source.DIGILOCKER].get(code)
        assert (told["code"], told["action"]) == ("SOURCE_REFUSED", wanted.value if wanted else "CALL_HELPLINE")
        assert not told["retryable"]
    assert code not in error["message"]


UPLOADS = (
    *("path_missing", "contenttype_missing", "hmac_missing", "filename_missing", "hmac_mismatch", "invalid_filename"),
    *("invalid_filesize", "invalid_filetype", "invalid_path", "file_data_missing", "mimetype_mismatch"),
)


@pytest.mark.parametrize("code", [*UPLOADS, "insufficient_scope"])
async def test_every_documented_refusal_of_an_upload_is_told_as_data(held: Held, code):
    held.act("answer_error", call="upload", error=code, calls=9)
    came = await put(held)
    [error] = came["userErrors"]
    wanted = REMEDIES[Source.DIGILOCKER].get(code)
    assert (error["code"], error["action"]) == ("SOURCE_REFUSED", wanted.value if wanted else "CALL_HELPLINE")
    assert came["order"]["refusal"] == code
    assert came["submission"]["state"] == "REJECTED"


PULLS = ("invalid_orgid", "invalid_doctype", "aadhaar_not_linked", "record_not_found", "insufficient_scope")


@pytest.mark.parametrize("code", [*PULLS, "repository_service_configerror"])
async def test_every_documented_refusal_of_a_pull_is_told_as_data(held: Held, code):
    held.act("answer_error", call="pull", error=code, calls=9)
    came = await pulled(held)
    [error] = came["userErrors"]
    wanted = REMEDIES[Source.DIGILOCKER].get(code)
    assert (error["code"], error["action"]) == ("SOURCE_REFUSED", wanted.value if wanted else "CALL_HELPLINE")
    assert came["order"]["refusal"] == code


async def test_a_pull_that_meets_trouble_waits(held: Held):
    held.act("answer_error", call="pull", error="unexpected_error", calls=9)
    came = await pulled(held)
    assert (came["order"]["state"], came["submission"]["state"]) == ("WAITING", "QUEUED")


@pytest.mark.parametrize("code", [each for each in ERRORS if each.startswith("repository_")])
async def test_the_door_passes_every_error_of_a_file_on(held: Held, code):
    mine = await held.mine('documents(first: 9, filter: {doctypes: ["SSCER"]}) { nodes { download { url } } }')
    held.act("answer_error", call="file", error=code, calls=20)

    answer: httpx.Response = await held.door.get(mine["documents"]["nodes"][0]["download"]["url"])

    assert answer.json()["errors"][0]["extensions"]["detail"] == code
    assert answer.status_code == (503 if ERRORS[code] is Verdict.AGAIN else 404)
