"""What the issuer's door takes from every partner account, and how it answers while the house cannot."""

import base64
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

import httpx
import pytest
from lxml import etree
from starlette.applications import Starlette
from starlette.types import Message

from domain.kernel import TemporarilyUnavailable
from integrations.digilocker import CopyFormat, HmacEncoding, PullDocRequest, PullRequest, issuer_routes
from integrations.digilocker.digests import issuer_hmac_hex, issuer_hmac_raw, keyhash
from tests.integrations.digilocker.test_endpoint import COPY, GATEWAY, KEY, REQUEST, TS, Desk, Door

LOCKER = "123e4567-e89b-12d3-a456-426655440000"
NAMESPACES = ["", "http://tempuri.org/", "urn:another:issuer"]
PULL_URI = (
    ("DocType", "INCER"),
    ("DigiLockerId", LOCKER),
    ("FullName", "Sunil Kumar"),
    ("DOB", "31-12-1990"),
    ("UDF1", "22600000000012"),
)
PULL_DOC = (("URI", COPY.uri), ("DigiLockerId", LOCKER))


def request(
    name: str, details: Iterable[tuple[str, str]], namespace: str = "", *, reverse: bool = False, **attributes: str
) -> bytes:
    """A request with these elements in this order; `reverse` turns the order of the attributes."""
    given = {"ver": "3.0", "ts": TS, "txn": "1234", "orgId": "ORG-1", "keyhash": keyhash(KEY, TS), **attributes}
    ordered = dict(reversed(given.items())) if reverse else given
    qualified = f"{{{namespace}}}" if namespace else ""
    root = etree.Element(qualified + name, ordered)
    inner = etree.SubElement(root, qualified + "DocDetails")
    for tag, text in details:
        etree.SubElement(inner, qualified + tag).text = text
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def status_of(answer: httpx.Response) -> tuple[str, str, str]:
    head = etree.fromstring(answer.content).find("ResponseStatus")
    return head.get("Status"), head.get("ts"), head.get("txn")


@pytest.mark.parametrize("namespace", NAMESPACES)
@pytest.mark.parametrize("order", list(itertools.permutations(range(5)))[::11], ids=str)
async def test_elements_come_in_any_order_and_namespace(namespace: str, order: Sequence[int]):
    door = Door()
    body = request("PullURIRequest", [PULL_URI[place] for place in order], namespace, reverse=order[0] % 2 == 1)

    assert status_of(await door.post(body)) == ("1", TS, "1234")
    assert door.desk.asked == [
        PullRequest(
            "ORG-1", "1234", CopyFormat.XML, "INCER", LOCKER, "Sunil Kumar", date(1990, 12, 31),
            {"UDF1": "22600000000012"},
        )
    ]  # fmt: skip


@pytest.mark.parametrize("born", ["31-12", "31-13-1990", "31-12-1" + 30 * "9", "1_0-12-1990", "१-१२-१९९०", "soon"])
async def test_a_day_of_birth_that_is_none_is_refused_in_the_contracts_words(born: str):
    door = Door()
    details = [(name, born if name == "DOB" else text) for name, text in PULL_URI]

    answer = await door.post(request("PullURIRequest", details))

    assert status_of(answer) == ("0", TS, "1234")
    assert door.desk.asked == []


@pytest.mark.parametrize("namespace", NAMESPACES)
@pytest.mark.parametrize("details", [PULL_DOC, PULL_DOC[::-1]], ids=["as printed", "turned"])
async def test_the_older_contract_is_as_tolerant(namespace: str, details):
    door = Door()

    answer = await door.post(request("PullDocRequest", details, namespace), path="/digilocker/pulldoc")

    assert status_of(answer) == ("1", TS, "1234")
    assert door.desk.asked == [PullDocRequest("ORG-1", "1234", CopyFormat.XML, COPY.uri, LOCKER, None, None)]


@pytest.mark.parametrize(
    ("encoding", "right", "wrong"),
    [
        (HmacEncoding.RAW, issuer_hmac_raw, issuer_hmac_hex),
        (HmacEncoding.HEX, issuer_hmac_hex, issuer_hmac_raw),
    ],
)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/digilocker/pulluri", request("PullURIRequest", PULL_URI)),
        ("/digilocker/pulldoc", request("PullDocRequest", PULL_DOC)),
    ],
)
async def test_one_encoding_holds_by_setting_for_both_calls(encoding, right, wrong, path, body):
    door = Door()
    door.settings = replace(door.settings, hmac_encoding=encoding)

    assert status_of(await door.post(body, right(KEY, body), path))[0] == "1"
    for mark in (wrong(KEY, body), right(KEY, body + b" "), right("another", body), "none", "="):
        answer = await door.post(body, mark, path)
        assert (answer.status_code, answer.content) == (401, b"")


async def test_without_the_hmac_header_nobody_is_let_in():
    door = Door()
    app = Starlette(routes=issuer_routes(door.desk, door.settings, door.clock))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=GATEWAY) as client:
        answer = await client.post("/digilocker/pulluri", content=REQUEST)
    assert (answer.status_code, answer.content, door.desk.asked) == (401, b"", [])


@pytest.mark.parametrize(
    ("asked", "default", "pdf"),
    [
        ("xml", CopyFormat.XML, False),
        ("pdf", CopyFormat.XML, True),
        ("both", CopyFormat.XML, True),
        ("BOTH", CopyFormat.XML, True),
        (None, CopyFormat.XML, False),
        (None, CopyFormat.PDF, True),
    ],
)
@pytest.mark.parametrize(
    ("name", "details", "path"),
    [("PullURIRequest", PULL_URI, "/digilocker/pulluri"), ("PullDocRequest", PULL_DOC, "/digilocker/pulldoc")],
)
async def test_the_xml_always_comes_and_the_pdf_where_it_was_asked_for(name, details, path, asked, default, pdf):
    door = Door()
    door.settings = replace(door.settings, default_format=default)
    attributes = {"format": asked} if asked else {}

    root = etree.fromstring((await door.post(request(name, details, **attributes), path=path)).content)

    assert base64.b64decode(root.findtext(".//DataContent")) == COPY.xml
    assert (root.find(".//DocContent") is not None) is pdf


@pytest.mark.parametrize(
    ("seconds", "status"), [(0, "1"), (60, "1"), (-60, "1"), (300, "1"), (-300, "1"), (301, "0"), (-301, "0")]
)
async def test_the_clock_may_be_off_by_the_window_and_no_more(seconds: int, status: str):
    door = Door()
    door.clock.set(door.clock.now() + timedelta(seconds=seconds))

    assert status_of(await door.post(REQUEST)) == (status, TS, "1234")
    assert len(door.desk.asked) == (1 if status == "1" else 0)


async def test_an_absent_keyhash_is_the_older_contract_and_a_wrong_one_is_nobody():
    door = Door()
    assert status_of(await door.post(request("PullURIRequest", PULL_URI)))[0] == "1"
    bare = request("PullURIRequest", PULL_URI).replace(f' keyhash="{keyhash(KEY, TS)}"'.encode(), b"")
    assert b"keyhash" not in bare
    assert status_of(await door.post(bare))[0] == "1"
    for text in (keyhash("another", TS), keyhash(KEY, TS)[:-1], keyhash(KEY, "1"), "0"):
        assert (await door.post(request("PullURIRequest", PULL_URI, keyhash=text))).status_code == 401


class Closed(Desk):
    """An issuer that cannot look now."""

    async def find(self, request: PullRequest):
        raise TemporarilyUnavailable

    async def fetch(self, request: PullDocRequest):
        raise TemporarilyUnavailable


@pytest.mark.parametrize(
    ("path", "body", "root"),
    [
        ("/digilocker/pulluri", request("PullURIRequest", PULL_URI), "PullURIResponse"),
        ("/digilocker/pulldoc", request("PullDocRequest", PULL_DOC), "PullDocResponse"),
    ],
)
async def test_while_the_house_cannot_look_the_answer_is_xml_that_may_be_asked_for_again(path, body, root):
    answer = await Door(desk=Closed()).post(body, path=path)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert etree.fromstring(answer.content).tag == root
    assert status_of(answer) == ("0", TS, "1234")


async def test_ten_megabytes_in_chunks_are_cut_off_at_the_cap():
    door, told = Door(), []
    app = Starlette(routes=issuer_routes(door.desk, door.settings, door.clock))
    left = iter([{"type": "http.request", "body": b" " * 64_000, "more_body": True}] * 160)

    async def receive() -> Message:
        return next(left)

    async def send(message: Message) -> None:
        told.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/digilocker/pulluri",
        "query_string": b"",
        "headers": [(b"transfer-encoding", b"chunked")],
    }
    await app(scope, receive, send)

    assert told[0]["status"] == 413
    assert etree.fromstring(told[1]["body"]).find("ResponseStatus").get("Status") == "0"
    assert len(list(left)) > 150


async def test_a_body_in_chunks_is_read_whole_before_its_hmac_is_taken():
    door = Door()
    app = Starlette(routes=issuer_routes(door.desk, door.settings, door.clock))

    async def pieces():
        for start in range(0, len(REQUEST), 7):
            yield REQUEST[start : start + 7]

    headers = {"x-digilocker-hmac": issuer_hmac_raw(KEY, REQUEST)}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=GATEWAY) as client:
        answer = await client.post("/digilocker/pulluri", content=pieces(), headers=headers)
    assert status_of(answer) == ("1", TS, "1234")


async def test_the_older_answer_repeats_what_was_asked_where_it_is_set():
    door = Door()
    plain = etree.fromstring((await door.post(REQUEST)).content).find("DocDetails")
    door.settings = replace(door.settings, echo=True)
    details = etree.fromstring((await door.post(REQUEST)).content).find("DocDetails")

    assert [child.tag for child in plain] == ["IssuedTo", "URI", "DocContent", "DataContent"]
    echoed = {child.tag: child.text for child in details if child.tag not in {part.tag for part in plain}}
    assert echoed == {
        "DocType": "INCER",
        "DigiLockerId": LOCKER,
        "FullName": "Sunil Kumar",
        "DOB": "31-12-1990",
        "UDF1": "22600000000012",
        "AUTHN": "second tag",
    }


@pytest.mark.parametrize(
    ("gender", "settings", "word"),
    [
        ("M", {}, "Male"),
        ("F", {}, "Female"),
        ("T", {}, "Transgender"),
        ("T", {"third_gender": "Other"}, "Other"),
        (None, {}, ""),
    ],
)
async def test_a_gender_is_written_by_template_or_table(gender, settings, word):
    door = Door(desk=Desk(replace(COPY, gender=gender)))
    door.settings = replace(door.settings, **settings)

    assert etree.fromstring((await door.post(REQUEST)).content).find(".//Person").get("gender") == word
