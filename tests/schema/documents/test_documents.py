"""Her documents from everywhere: each once, by page, with provenance, signature and an address to read it at."""

import hashlib
from datetime import timedelta

import pytest

from domain.certificates.certificates import CertificateStatus
from domain.kernel import Source, TypeCode, to_global_id
from store.certificates import certificates
from tests.support.graph import ASHA, CITIZEN, NEIGHBOUR, OFFICER, add_certificate
from tests.support.held import Held
from tests.support.stored import audit_lines_of

LIST = """documents(first: 50) { complete totalCount
  nodes { key name doctype kind origin alsoAt uri number issuer mediaTypes provenance { source state ageSeconds } }
  provenance { source state } }"""
SIGNATURES = "documents(first: 50) { nodes { doctype signature { state restsOnSha1 provenance { source state } } } }"
PAGE = """query ($first: Int, $after: String, $last: Int, $before: String, $filter: DocumentFilter) {
  viewer { ... on Citizen { documents(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
    nodes { key doctype } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }"""
DOWNLOAD = 'documents(first: 50, filter: {doctypes: ["%s"]}) { nodes { download%s { url mediaType } } }'
ADD = """mutation ($input: AddDepartmentDocumentInput!) { addDepartmentDocument(input: $input) {
  document { key consented } userErrors { code path } submission { state replayed } } }"""
GRANT = """mutation ($input: GrantConsentInput!) { grantConsent(input: $input) { userErrors { code } } }"""


async def added(held: Held, publisher: str, doctype: str, **parameters: str) -> dict:
    given = {
        "publisher": publisher,
        "doctype": doctype,
        "parameters": [{"name": name, "value": value} for name, value in parameters.items()],
        "idempotencyKey": f"{publisher}-{doctype}",
    }
    return (await held.ask(ADD, input=given))["addDepartmentDocument"]


async def allowed(held: Held) -> None:
    given = {"purpose": "DEPARTMENT_DOCUMENTS", "idempotencyKey": "allow"}
    assert (await held.ask(GRANT, input=given))["grantConsent"]["userErrors"] == []


async def with_income(held: Held) -> None:
    """An income record of the e-District is named and opened."""
    await added(held, "edistrictuk", "INCER", ApplicationNo="UK1", CertificateID="INCER07")
    await allowed(held)


async def our_own(held: Held):
    return await add_certificate(held.world.environment, await held.world.submit("ES03"))


async def address(held: Held, doctype: str, arguments: str = "") -> str:
    mine = await held.mine(DOWNLOAD % (doctype, arguments))
    return mine["documents"]["nodes"][0]["download"]["url"].removeprefix("http://gateway.test")


async def test_what_lies_at_several_places_is_shown_once_with_all_of_them(held: Held):
    await our_own(held)

    listed = (await held.mine(LIST))["documents"]

    by_type = {node["doctype"]: node for node in listed["nodes"]}
    assert [node["doctype"] for node in listed["nodes"]].count("INCER") == 1
    assert by_type["INCER"] | {"key": 0, "provenance": 0} == {
        "key": 0,
        "name": "Income Certificate",
        "doctype": "INCER",
        "kind": "INCOME",
        "origin": "STORE",
        "alsoAt": ["DIGILOCKER"],
        "uri": "in.gov.uk.apunisarkar-INCER-1",
        "number": "22612345678902",
        "issuer": "Apuni Sarkar",
        "mediaTypes": ["application/pdf", "application/xml"],
        "provenance": 0,
    }
    assert by_type["SSCER"]["provenance"] == {"source": "DIGILOCKER", "state": "LIVE", "ageSeconds": 0}
    assert listed["complete"]
    assert {one["source"]: one["state"] for one in listed["provenance"]} == {"STORE": "LIVE", "DIGILOCKER": "LIVE"}


async def test_a_departments_record_that_was_pulled_into_the_locker_is_one_document(held: Held):
    await with_income(held)
    issuers = (await held.ask("{ pullIssuers { id name } }"))["pullIssuers"]
    org = next(one["id"] for one in issuers if "edistrictuk" in one["name"])
    pulled = await held.ask(
        "mutation ($input: PullDocumentInput!) { pullDocument(input: $input) { order { state uri } } }",
        input={
            "orgId": org,
            "doctype": "INCER",
            "parameters": [{"name": "ApplicationNo", "value": "UK1"}, {"name": "CertificateID", "value": "INCER07"}],
            "idempotencyKey": "pull",
        },
    )
    assert pulled["pullDocument"]["order"]["state"] == "DONE"

    nodes = (await held.mine(LIST))["documents"]["nodes"]

    [income] = [node for node in nodes if node["uri"] == pulled["pullDocument"]["order"]["uri"]]
    assert (income["origin"], income["alsoAt"]) == ("DIGILOCKER", ["API_SETU"])


@pytest.mark.parametrize(
    ("wanted", "doctypes"),
    [
        ({"kinds": ["CLASS_X"]}, ["SSCER"]),
        ({"doctypes": ["ror1b"]}, ["ROR1B"]),
        ({"sources": ["STORE"]}, ["INCER"]),
        ({"sources": ["DIGILOCKER"]}, ["INCER", "ROR1B", "SSCER"]),
        ({"issuer": "board"}, ["ROR1B", "SSCER"]),
        ({"issuer": "nobody"}, []),
    ],
)
async def test_the_list_is_narrowed(held: Held, wanted, doctypes):
    await our_own(held)
    nodes = (await held.ask(PAGE, first=50, filter=wanted))["viewer"]["documents"]["nodes"]
    assert sorted(node["doctype"] for node in nodes) == doctypes


async def test_a_source_that_the_filter_leaves_out_is_not_asked(held: Held):
    before = len(held.locker.sandbox.ledger.entries())
    await held.ask(PAGE, first=5, filter={"sources": ["STORE", "API_SETU"]})
    assert len(held.locker.sandbox.ledger.entries()) == before


async def test_pages_go_both_ways_and_lose_nothing(held: Held):
    whole = [node["key"] for node in (await held.ask(PAGE, first=50))["viewer"]["documents"]["nodes"]]
    assert len(whole) == 3
    forward, cursor = [], None
    for _ in whole:
        page = (await held.ask(PAGE, first=1, after=cursor))["viewer"]["documents"]
        forward += [node["key"] for node in page["nodes"]]
        cursor = page["pageInfo"]["endCursor"]
    assert (forward, page["pageInfo"]["hasNextPage"]) == (whole, False)
    last = (await held.ask(PAGE, last=2))["viewer"]["documents"]
    assert ([node["key"] for node in last["nodes"]], last["pageInfo"]["hasPreviousPage"]) == (whole[-2:], True)
    earlier = (await held.ask(PAGE, last=2, before=last["pageInfo"]["startCursor"]))["viewer"]["documents"]
    assert [node["key"] for node in earlier["nodes"]] == whole[:1]


async def test_a_source_that_is_down_costs_its_own_entries_only(held: Held):
    await our_own(held)
    await with_income(held)
    held.locker.fault("status", status=503)

    answer = await held.world.ask("{ viewer { ... on Citizen { " + LIST + " } } }", CITIZEN)

    listed = answer["data"]["viewer"]["documents"]
    assert sorted(node["origin"] for node in listed["nodes"]) == ["API_SETU", "STORE"]
    assert not listed["complete"]
    [error] = answer["errors"]
    assert error["path"] == ["viewer", "documents"]
    assert error["extensions"]["code"] == "SOURCE_UNAVAILABLE"
    assert error["extensions"]["source"] == "DIGILOCKER"
    assert error["extensions"]["action"] == "RETRY_LATER"
    assert {"source": "DIGILOCKER", "state": "DOWN"} in listed["provenance"]


async def test_each_signature_is_told_as_it_is(held: Held):
    await with_income(held)
    nodes = (await held.mine(SIGNATURES))["documents"]["nodes"]
    told = {(node["doctype"], node["signature"]["provenance"]["source"]): node["signature"] for node in nodes}

    assert told["SSCER", "DIGILOCKER"]["state"] == "VERIFIED"
    assert told["SSCER", "DIGILOCKER"]["restsOnSha1"]  # the exception of ADR 0008
    assert told["ROR1B", "DIGILOCKER"]["state"] == "NOT_EXAMINED"  # PDF only
    assert told["INCER", "API_SETU"] | {"provenance": 0} == {"state": "VERIFIED", "restsOnSha1": True, "provenance": 0}


async def test_a_signature_whose_source_is_down_is_null_and_says_why(held: Held):
    held.act("issuer_trouble", issuer_id="in.gov.uk.board", error="repository_service_inactive")
    answer = await held.world.ask("{ viewer { ... on Citizen { " + SIGNATURES + " } } }", CITIZEN)

    nodes = answer["data"]["viewer"]["documents"]["nodes"]
    assert [node["signature"] for node in nodes if node["doctype"] == "SSCER"] == [None]
    [error] = answer["errors"]
    assert (error["extensions"]["detail"], error["extensions"]["action"]) == (
        "repository_service_inactive",
        "VISIT_CSC",
    )
    assert "service centre" in error["message"]


async def test_a_document_is_read_at_its_address_and_each_read_is_noted(held: Held):
    url = await address(held, "SSCER")
    assert "SSCER" not in url
    assert ASHA not in url

    answer = await held.door.get(url)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF")
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["cache-control"] == "private, no-store"
    seen = (await held.mine("dataAccesses(first: 20) { objectKind source purpose }"))["dataAccesses"]
    assert {"objectKind": "DOCUMENT", "source": "DIGILOCKER", "purpose": "VIEW"} in seen
    async with held.world.environment.store.read_transaction() as tx:
        assert (await audit_lines_of(tx, "DOCUMENT", ASHA))[-1].action == "document.downloaded"


async def test_ours_and_a_departments_are_read_by_the_same_door(held: Held):
    certificate = await our_own(held)
    await with_income(held)
    mine = await held.mine("documents(first: 50) { nodes { origin doctype download { url } } }")
    urls = {(n["origin"], n["doctype"]): n["download"]["url"] for n in mine["documents"]["nodes"]}

    ours, theirs = [await held.door.get(urls[place, "INCER"]) for place in ("STORE", "API_SETU")]

    assert hashlib.sha256(ours.content).hexdigest() == certificate.pdf_sha256
    assert b"<Certificate" in theirs.content
    assert theirs.headers["content-type"].startswith("application/xml")


ONE = "query ($id: ID!) { node(id: $id) { ... on Certificate { number download { url mediaType } } } }"


async def test_a_certificate_of_ours_is_read_at_an_address_that_only_she_is_given(held: Held):
    certificate = await our_own(held)
    key = to_global_id(TypeCode.CERTIFICATE, certificate.id)

    hers, office = [(await held.ask(ONE, subject, id=key))["node"] for subject in (CITIZEN, OFFICER)]

    read = await held.door.get(hers["download"]["url"].removeprefix("http://gateway.test"))
    assert (read.status_code, hers["download"]["mediaType"]) == (200, "application/pdf")
    assert hashlib.sha256(read.content).hexdigest() == certificate.pdf_sha256
    assert office == {"number": certificate.number, "download": None}


async def end(held: Held, certificate, status: CertificateStatus) -> None:
    async with held.world.environment.store.write_transaction() as tx:
        assert await certificates.end(tx, certificate.id, status)


@pytest.mark.parametrize("status", [CertificateStatus.REVOKED, CertificateStatus.CORRECTED])
async def test_the_xml_of_an_ended_certificate_is_not_handed_out_at_an_address_of_before(held: Held, status):
    certificate = await our_own(held)
    where = await address(held, "INCER", '(mediaType: "application/xml")')
    await end(held, certificate, status)

    answer = await held.door.get(where)

    assert answer.status_code == 410
    assert answer.json()["errors"][0]["extensions"]["code"] == "CERTIFICATE_ENDED"


@pytest.mark.integration
async def test_the_pdf_of_an_ended_certificate_is_handed_out_under_a_cover(held: Held):
    certificate = await our_own(held)
    before = await address(held, "INCER")
    await end(held, certificate, CertificateStatus.REVOKED)

    answers = [await held.door.get(where) for where in (before, await address(held, "INCER"))]

    for answer in answers:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        assert answer.headers["content-disposition"].endswith('-ended.pdf"')
        assert hashlib.sha256(answer.content).hexdigest() != certificate.pdf_sha256


async def test_for_the_xml_of_an_ended_certificate_no_address_is_given_and_the_refusal_says_so(held: Held):
    certificate = await our_own(held)
    await end(held, certificate, CertificateStatus.REVOKED)

    refused = [
        await held.refused(DOWNLOAD % ("INCER", '(mediaType: "application/xml")')),
        await held.refused('certificates { nodes { download(mediaType: "application/xml") { url } } }'),
    ]

    assert [one["extensions"]["code"] for one in refused] == ["CERTIFICATE_ENDED"] * 2


async def test_the_kind_of_file_is_chosen(held: Held):
    url = await address(held, "SSCER", '(mediaType: "application/xml")')
    assert b"<Certificate" in (await held.door.get(url)).content
    refused = await held.refused(DOWNLOAD % ("SSCER", '(mediaType: "text/plain")'))
    assert refused["extensions"]["code"] == "BAD_INPUT"


@pytest.mark.parametrize("how", ["signature", "partial"])
async def test_bytes_that_their_hmac_does_not_cover_never_arrive_whole(held: Held, how):
    url = await address(held, "SSCER")
    whole = (await held.door.get(url)).content
    held.locker.fault(how)

    cut = await held.door.get(url)

    assert len(cut.content) < len(whole)


async def test_an_address_runs_out(held: Held):
    url = await address(held, "SSCER")
    held.clock.advance(timedelta(seconds=301))
    assert (await held.door.get(url)).status_code == 404


@pytest.mark.parametrize("spoilt", [lambda url: url[:-4] + "AAAA", lambda url: "/documents/x", lambda url: url[:40]])
async def test_an_address_that_was_changed_opens_nothing(held: Held, spoilt):
    assert (await held.door.get(spoilt(await address(held, "SSCER")))).status_code == 404


async def test_the_head_alone_is_not_given(held: Held):
    assert (await held.door.head(await address(held, "SSCER"))).status_code == 405


async def test_after_a_withdrawal_no_address_opens_and_the_source_is_not_asked(held: Held):
    url = await address(held, "SSCER")
    await held.ask(
        "mutation ($i: WithdrawConsentInput!) { withdrawConsent(input: $i) { userErrors { code } } }",
        i={"purpose": "LOCKER_DOCUMENTS", "idempotencyKey": "w"},
    )
    before = len(held.locker.sandbox.ledger.entries())

    answer = await held.door.get(url)

    assert answer.status_code == 403
    assert answer.json()["errors"][0]["extensions"]["code"] == "CONSENT_REQUIRED"
    assert len(held.locker.sandbox.ledger.entries()) == before


async def test_the_error_of_a_source_comes_through_the_door_with_its_code(held: Held):
    url = await address(held, "SSCER")
    held.act("answer_error", call="file", error="repository_service_unresponsive", calls=9)
    answer = await held.door.get(url)
    assert answer.status_code == 503
    assert answer.json()["errors"][0]["extensions"]["detail"] == "repository_service_unresponsive"


async def test_a_number_that_a_department_does_not_know_is_hers_to_correct_and_no_outage(held: Held):
    await added(held, "edistrictuk", "INCER", ApplicationNo="UK1", CertificateID="INCER70")
    await allowed(held)

    answer = await held.world.ask("{ viewer { ... on Citizen { " + LIST + " } } }", CITIZEN)

    [error] = answer["errors"]
    told = error["extensions"]
    assert (told["code"], told["type"], told["action"]) == ("DOCUMENT_UNKNOWN", "BAD_REQUEST", "CORRECT_INPUT")
    assert (told["source"], told["detail"], told["retryable"]) == ("API_SETU", "record_not_found", False)
    assert error["message"] == "The issuer found no such document. Check what you wrote."
    listed = answer["data"]["viewer"]["documents"]
    assert listed["complete"]
    assert {"source": "API_SETU", "state": "LIVE"} in listed["provenance"]


OFFERED = [
    ("edistrictuk", "INCER", "INCOME", {"ApplicationNo": "UK1", "CertificateID": "INCER07"}),
    ("edistrictuk", "CTCER", "CASTE", {"ApplicationNo": "UK2", "CertificateID": "CTCER08"}),
    ("edistrictuk", "DMCER", "DOMICILE", {"ApplicationNo": "UK3", "CertificateID": "DMCER09"}),
    ("edistrictuk", "BTCER", "BIRTH", {"ApplicationNo": "UK4", "CertificateID": "BTCER10"}),
    (
        "transportuk",
        "DRVLC",
        "DRIVING_LICENCE",
        {"dlno": "UK07/2004/0182346", "FullName": "Asha Negi", "DOB": "14-03-1984"},
    ),
    ("cbse", "SSCER", "CLASS_X", {"year": "1999", "rollno": "1234567", "FullName": "Asha Negi"}),
    ("cbse", "HSCER", "CLASS_XII", {"year": "2001", "rollno": "7654321", "FullName": "Asha Negi"}),
]


async def test_documents_of_departments_join_the_list_once_she_consents(held: Held):
    for publisher, doctype, _, parameters in OFFERED:
        came = await added(held, publisher, doctype, **parameters)
        assert (came["userErrors"], came["document"]["consented"]) == ([], False)
    asked = len(held.setu.ledger.entries())
    answer = await held.world.ask("{ viewer { ... on Citizen { " + LIST + " } } }", CITIZEN)
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"CONSENT_REQUIRED"}
    assert not answer["data"]["viewer"]["documents"]["complete"]
    assert len(held.setu.ledger.entries()) == asked

    await allowed(held)

    nodes = (await held.mine(LIST))["documents"]["nodes"]
    found = {(node["doctype"], node["kind"]) for node in nodes if node["origin"] == "API_SETU"}
    assert found == {(doctype, kind) for _, doctype, kind, _ in OFFERED}
    seen = (await held.mine("dataAccesses(first: 50) { source }"))["dataAccesses"]
    assert {"source": Source.API_SETU.value} in seen


async def test_what_can_be_named_is_told_with_its_parameters(held: Held):
    offers = await held.ask("{ departmentDocumentOffers { publisher doctype name parameters } }")
    found = {(one["publisher"], one["doctype"]): one for one in offers["departmentDocumentOffers"]}
    assert found["transportuk", "DRVLC"]["parameters"] == ["dlno", "FullName", "DOB"]  # the Aadhaar number never
    assert found["edistrictuk", "INCER"]["name"] == "Income Certificate"


@pytest.mark.parametrize(
    ("publisher", "doctype", "parameters", "code"),
    [
        ("nobody", "INCER", {}, "DOCUMENT_UNKNOWN"),
        ("edistrictuk", "PANCR", {}, "DOCUMENT_UNKNOWN"),
        ("edistrictuk", "INCER", {"ApplicationNo": "UK1"}, "BAD_INPUT"),
        ("edistrictuk", "INCER", {"ApplicationNo": "UK1", "CertificateID": "999941057058"}, "BAD_INPUT"),
        ("transportuk", "DRVLC", {"dlno": "1", "UID": "2", "FullName": "A", "DOB": "1"}, "BAD_INPUT"),
    ],
)
async def test_what_no_department_gives_is_refused(held: Held, publisher, doctype, parameters, code):
    [error] = (await added(held, publisher, doctype, **parameters))["userErrors"]
    assert error["code"] == code


async def test_a_named_document_is_forgotten(held: Held):
    await with_income(held)
    document, card = (await held.mine("departmentDocuments { key publisher consented }"))["departmentDocuments"]
    assert (document["publisher"], card["publisher"]) == ("edistrictuk", "onorc")
    assert document["consented"]

    gone = await held.ask(
        "mutation ($i: RemoveDepartmentDocumentInput!) { removeDepartmentDocument(input: $i) { removedKey } }",
        i={"key": document["key"], "idempotencyKey": "r"},
    )

    assert gone["removeDepartmentDocument"]["removedKey"] == document["key"]
    assert (await held.mine("departmentDocuments { key }"))["departmentDocuments"] == [{"key": card["key"]}]


async def test_another_citizen_sees_and_removes_nothing_of_hers(held: Held):
    await our_own(held)
    await with_income(held)
    document, _ = (await held.mine("departmentDocuments { key }"))["departmentDocuments"]
    mine = await held.world.ask("{ viewer { ... on Citizen { " + LIST + " departmentDocuments { key } } } }", NEIGHBOUR)
    assert mine["data"]["viewer"]["documents"]["nodes"] == []
    assert mine["data"]["viewer"]["departmentDocuments"] == []
    tried = await held.ask(
        "mutation ($i: RemoveDepartmentDocumentInput!) { removeDepartmentDocument(input: $i) { userErrors { code } } }",
        NEIGHBOUR,
        i={"key": document["key"], "idempotencyKey": "r"},
    )
    assert tried["removeDepartmentDocument"]["userErrors"] == [{"code": "NOT_FOUND"}]
