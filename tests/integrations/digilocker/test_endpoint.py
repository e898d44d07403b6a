"""The issuer's door: what DigiLocker sends, and what anybody else sends."""

import base64
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest
from lxml import etree
from starlette.applications import Starlette

from domain.kernel import ManualClock
from integrations.digilocker import (
    PENDING,
    CopyFormat,
    HmacEncoding,
    IssuedCopy,
    IssuerSettings,
    Pending,
    PullDocRequest,
    PullRequest,
    issuer_routes,
)
from integrations.digilocker.digests import issuer_hmac_hex, issuer_hmac_raw, keyhash

PAYLOADS = Path(__file__).parents[2] / "payloads" / "digilocker"
KEY, TS = "TEST-API-KEY", "2026-04-01T10:30:00+05:30"
REQUEST = (PAYLOADS / "pull_uri_request.xml").read_bytes().replace(b"KEYHASH", keyhash(KEY, TS).encode())
FOREIGN = (PAYLOADS / "pull_uri_request_foreign_namespace.xml").read_bytes()
PULL_DOC = (PAYLOADS / "pull_doc_request.xml").read_bytes()
COPY = IssuedCopy(
    "in.gov.uk.apunisarkar-INCER-AB12CD34EF", "Sunil Kumar", date(1990, 12, 31), "M", b"%PDF-1.7 x", b"<Certificate/>"
)


@dataclass
class Desk:
    """An issuer that answers the same and remembers what it was asked."""

    answer: IssuedCopy | Pending | None = COPY
    asked: list[PullRequest | PullDocRequest] = field(default_factory=list)

    async def find(self, request: PullRequest) -> IssuedCopy | Pending | None:
        self.asked.append(request)
        return self.answer

    async def fetch(self, request: PullDocRequest) -> IssuedCopy | None:
        self.asked.append(request)
        return self.answer if isinstance(self.answer, IssuedCopy) else None


@dataclass
class Door:
    desk: Desk = field(default_factory=Desk)
    settings: IssuerSettings = field(default_factory=lambda: IssuerSettings(KEY, "ORG-1"))
    clock: ManualClock = field(default_factory=lambda: ManualClock(datetime(2026, 4, 1, 5, 0, tzinfo=UTC)))

    async def post(
        self, body: bytes, mark: str | None = None, path: str = "/digilocker/pulluri", **more: str
    ) -> httpx.Response:
        app = Starlette(routes=issuer_routes(self.desk, self.settings, self.clock))
        headers = {"content-type": "application/xml", "x-digilocker-hmac": mark or issuer_hmac_raw(KEY, body), **more}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=GATEWAY) as client:
            return await client.post(path, content=body, headers=headers)


GATEWAY = "http://gateway.test"


@pytest.fixture
def door() -> Door:
    return Door()


async def test_a_certificate_is_handed_out_with_everything_echoed(door):
    answer = await door.post(REQUEST)

    root = etree.fromstring(answer.content)
    status = root.find("ResponseStatus")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/xml"
    assert (status.get("Status"), status.text, status.get("ts"), status.get("txn")) == ("1", "1", TS, "1234")
    assert dict(root.find(".//Person").attrib) == {
        "name": "Sunil Kumar",
        "dob": "31-12-1990",
        "gender": "Male",
        "phone": "",
    }
    assert root.findtext(".//URI") == COPY.uri
    assert base64.b64decode(root.findtext(".//DocContent")) == COPY.pdf
    assert base64.b64decode(root.findtext(".//DataContent")) == COPY.xml
    assert root.find(".//Photo") is None


async def test_the_search_reaches_the_issuer(door):
    await door.post(REQUEST)

    assert door.desk.asked == [
        PullRequest(
            org_id="ORG-1",
            txn="1234",
            format=CopyFormat.BOTH,
            doctype="INCER",
            locker_id="123e4567-e89b-12d3-a456-426655440000",
            name="Sunil Kumar",
            born_on=date(1990, 12, 31),
            search={"UDF1": "22600000000012", "AUTHN": "second tag"},
            uid="0cc175b9c0f1b6a831c399e269772661",
        )
    ]


async def test_other_namespaces_custom_tags_and_defaults_are_understood(door):
    answer = await door.post(FOREIGN)

    asked = door.desk.asked[0]
    assert (asked.format, asked.doctype, asked.name) == (CopyFormat.XML, "INCER", "Sunil  Kumar")
    assert asked.search == {"AUTHN": "22600000000012"}
    root = etree.fromstring(answer.content)
    assert root.find(".//DocContent") is None
    assert root.find(".//DataContent") is not None


@pytest.mark.parametrize(("answer", "digit"), [(None, "0"), (PENDING, "9")])
async def test_what_is_not_there_or_not_yet_has_no_details(door, answer, digit):
    door.desk.answer = answer

    root = etree.fromstring((await door.post(REQUEST)).content)

    assert root.find("ResponseStatus").get("Status") == digit
    assert root.find("ResponseStatus").get("txn") == "1234"
    assert root.find("DocDetails") is None


async def test_both_encodings_of_the_hmac_hold_only_where_they_are_set(door):
    assert (await door.post(REQUEST, issuer_hmac_hex(KEY, REQUEST))).status_code == 401

    door.settings = replace(door.settings, hmac_encoding=HmacEncoding.HEX)
    assert (await door.post(REQUEST, issuer_hmac_hex(KEY, REQUEST))).status_code == 200
    assert (await door.post(REQUEST)).status_code == 401


@pytest.mark.parametrize(
    ("body", "mark"),
    [
        (REQUEST, "AAAA"),
        (REQUEST, issuer_hmac_raw("another", REQUEST)),
        (REQUEST, issuer_hmac_raw(KEY, REQUEST + b" ")),
        (REQUEST.replace(b'orgId="ORG-1"', b'orgId="ORG-2"'), None),
        (REQUEST.replace(keyhash(KEY, TS).encode(), b"0" * 64), None),
        (REQUEST.replace(b"10:30:00", b"10:30:01"), None),
    ],
)
async def test_a_caller_who_is_not_digilocker_learns_nothing(door, body, mark):
    answer = await door.post(body, mark)

    assert (answer.status_code, answer.content) == (401, b"")
    assert door.desk.asked == []


@pytest.mark.parametrize("minute", [24, 36])
async def test_a_request_out_of_its_time_is_not_answered(door, minute):
    stale = FOREIGN.replace(b"10:30:00", b"10:%d:59" % minute if minute < 30 else b"10:%d:00" % minute)

    root = etree.fromstring((await door.post(stale)).content)

    assert root.find("ResponseStatus").get("Status") == "0"
    assert root.find("ResponseStatus").get("txn") == "1234"
    assert door.desk.asked == []


XXE = b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
LAUGHS = b'<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
BARE = FOREIGN.split(b"?>", 1)[1]


@pytest.mark.parametrize(
    "body",
    [
        XXE + BARE.replace(b"incer", b"&x;"),
        LAUGHS + BARE.replace(b"incer", b"&c;"),
        BARE.decode().encode("utf-16"),
        b"",
        b"not xml",
        BARE[:-20],
        b"<Other/>",
        BARE.replace(b' txn="1234"', b""),
        BARE.replace(b'txn="1234"', b'txn="12 34"'),
        BARE.replace(b"+05:30", b""),
        BARE.replace(b"incer", b"income"),
        BARE.replace(b"31/12/1990", b"31/02/1990"),
        BARE.replace(b"123e4567-e89b", b"123e4567"),
        BARE.replace(b"i:DocDetails", b"i:Details"),
        BARE.replace(b"txn=", b'format="doc" txn='),
        BARE.replace(b"22600000000012</i:AUTHN>", b"1</i:AUTHN>" + b"<i:U>1</i:U>" * 30),
    ],
)
async def test_a_malformed_request_is_told_so_in_xml(door, body):
    answer = await door.post(body)

    root = etree.fromstring(answer.content)
    assert answer.status_code == 400
    assert root.tag == "PullURIResponse"
    assert root.find("ResponseStatus").get("Status") == "0"
    assert b"hostname" not in answer.content
    assert door.desk.asked == []


async def test_a_body_over_the_cap_is_cut_off(door):
    answer = await door.post(REQUEST + b" " * 600_000)

    assert answer.status_code == 413


async def test_the_older_contract_fetches_by_uri(door):
    answer = await door.post(PULL_DOC, path="/digilocker/pulldoc")

    root = etree.fromstring(answer.content)
    assert root.tag == "PullDocResponse"
    assert root.find("ResponseStatus").get("Status") == "1"
    assert base64.b64decode(root.findtext(".//DocContent")) == COPY.pdf
    assert door.desk.asked[0].uri == COPY.uri


async def test_the_older_contract_can_be_switched_off(door):
    door.settings = replace(door.settings, pull_doc=False)

    assert (await door.post(PULL_DOC, path="/digilocker/pulldoc")).status_code == 404


def test_settings_come_from_onboarding():
    given = {"issuer_contract": {"api_key": "k", "org_id": "o", "hmac_encoding": "hex"}}

    assert IssuerSettings.from_onboarding(given) == IssuerSettings("k", "o", HmacEncoding.HEX)
    assert "k'" not in repr(IssuerSettings("k", "o"))
