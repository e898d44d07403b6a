"""Hostile XML at the issuer's door (docs/reliability.md section 5.17): refused at once, and nobody outside is asked.

Each body carries a right HMAC, as an insider or a confused partner would send it: the parser has to refuse it.
"""

import gzip
import socket
import time

import pytest
from lxml import etree

from integrations.calling import safe_xml
from integrations.digilocker.digests import issuer_hmac_raw, keyhash
from tests.integrations.digilocker.test_endpoint import FOREIGN, KEY, REQUEST, TS, Door

SECONDS = 0.2 * 5
"""200 ms with a five-fold margin for a machine that does other things (ADR 0022)."""

BARE = REQUEST.split(b"?>", 1)[1].strip()


def _with_doctype(doctype: bytes, reference: bytes) -> bytes:
    return doctype + BARE.replace(b"Sunil Kumar", reference, 1)


def bombs(port: int) -> dict[str, bytes]:
    """Bodies by what they are; each is told apart from a good request by its first part or by its size."""
    laughs = b'<!ENTITY a0 "ha">' + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10))
    url = b"http://127.0.0.1:%d/x" % port
    return {
        "external entity of a file": _with_doctype(b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>', b"&x;"),
        "external entity of a host": _with_doctype(b'<!DOCTYPE r [<!ENTITY x SYSTEM "%s">]>' % url, b"&x;"),
        "external DTD": b'<!DOCTYPE r SYSTEM "%s">' % url + BARE,
        "parameter entity": b'<!DOCTYPE r [<!ENTITY %% x SYSTEM "%s"> %%x;]>' % url + BARE,
        "billion laughs": _with_doctype(b"<!DOCTYPE r [%s]>" % laughs, b"&a9;"),
        "quadratic blow-up": _with_doctype(b'<!DOCTYPE r [<!ENTITY x "%s">]>' % (b"x" * 100_000), b"&x;" * 30_000),
        "empty document type": b"<!DOCTYPE r>" + BARE,
        "document type in small letters": b"<!doctype r>" + BARE,
        "document type behind a comment": b"<!-- x --><!DOCTYPE r>" + BARE,
        "a wide encoding": BARE.decode().encode("utf-16"),
        "UTF-7": b'<?xml version="1.0" encoding="UTF-7"?>' + BARE,
        "EBCDIC": b'<?xml version="1.0" encoding="cp037"?>' + BARE,
        "100 000 attributes": BARE.replace(b" txn=", b" " + b" ".join(b'a%d=""' % n for n in range(45_000)) + b" txn="),
        "deep nesting": BARE.replace(b"</DocDetails>", b"<a>" * 50_000 + b"</a>" * 50_000 + b"</DocDetails>"),
        "many elements": BARE.replace(b"</DocDetails>", b"<a/>" * 100_000 + b"</DocDetails>"),
        "a long text": BARE.replace(b"Sunil Kumar", b"S" * 400_000, 1),
        "two attributes of one name": BARE.replace(b" txn=", b' txn="1" txn=', 1),
        "two roots": BARE + BARE,
        "an unknown prefix": BARE.replace(b"<DocDetails>", b"<x:DocDetails>", 1).replace(
            b"</DocDetails>", b"</x:DocDetails>", 1
        ),
    }


NAMES = sorted(bombs(9))


@pytest.fixture
def listener():
    """A host outside of the list, which must stay silent."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        made.listen()
        made.setblocking(False)
        yield made


@pytest.mark.integration
@pytest.mark.parametrize("name", NAMES)
async def test_a_hostile_request_is_refused_at_once_and_nobody_is_asked(name, listener):
    door, body = Door(), bombs(listener.getsockname()[1])[name]

    started = time.perf_counter()
    answer = await door.post(body)
    took = time.perf_counter() - started

    root = etree.fromstring(answer.content)
    assert answer.status_code in (400, 413)
    assert (root.tag, root.find("ResponseStatus").get("Status")) == ("PullURIResponse", "0")
    assert not door.desk.asked
    assert b"root:" not in answer.content
    assert took < SECONDS
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.parametrize("name", NAMES)
async def test_without_a_right_hmac_it_is_not_even_read(name, monkeypatch):
    def never(*_: object, **__: object) -> None:
        raise AssertionError("the parser was asked")

    monkeypatch.setattr(safe_xml, "parse", never)
    answer = await Door().post(bombs(9)[name], issuer_hmac_raw("another key", bombs(9)[name]))

    assert answer.status_code in (401, 413)
    assert answer.status_code == 413 or answer.content == b""


@pytest.mark.parametrize("value", [b"22600000000012", b"Sunil Kumar"])
async def test_a_comment_cannot_cut_a_value_short(value):
    """`a<!-- -->b` read as `a` would let one person's signed value stand for another's."""
    door = Door()
    body = REQUEST.replace(value, value[:5] + b"<!-- x -->" + value[5:], 1)

    await door.post(body)

    (asked,) = door.desk.asked
    assert asked.name == "Sunil Kumar"
    assert asked.search["UDF1"] == "22600000000012"


async def test_a_processing_instruction_cannot_cut_a_value_short():
    door = Door()
    await door.post(REQUEST.replace(b"Sunil Kumar", b"Sunil<?x y?> Kumar", 1))

    assert door.desk.asked[0].name == "Sunil Kumar"


WRAPPED = [
    b"<Wrapper>" + BARE + b"</Wrapper>",
    b"<PullURIRequest>" + BARE + b"</PullURIRequest>",
    BARE.replace(b"<DocDetails>", b"<Object><DocDetails>", 1).replace(b"</DocDetails>", b"</DocDetails></Object>", 1),
    b"<PullURIResponse>" + BARE + b"</PullURIResponse>",
]


@pytest.mark.parametrize("body", WRAPPED, ids=["in another root", "in a twin", "details moved", "in an answer"])
async def test_a_request_wrapped_in_another_one_is_refused(body):
    """What is authentic is the whole body, by its HMAC; what is read is its root and nothing found deeper."""
    door = Door()
    answer = await door.post(body)

    assert answer.status_code in (400, 401)
    assert door.desk.asked == []


async def test_the_first_details_are_read_and_second_ones_change_nothing():
    door = Door()
    second = b"<DocDetails><DocType>CTCER</DocType><FullName>Another Person</FullName></DocDetails>"
    await door.post(BARE.replace(b"</DocDetails>", b"</DocDetails>" + second, 1))

    assert [(asked.doctype, asked.name) for asked in door.desk.asked] == [("INCER", "Sunil Kumar")]


async def test_an_hmac_over_another_body_or_a_moved_keyhash_is_refused():
    door = Door()
    assert (await door.post(REQUEST, issuer_hmac_raw(KEY, FOREIGN))).status_code == 401
    moved = REQUEST.replace(TS.encode(), b"2026-04-01T10:31:00+05:30", 1)
    assert (await door.post(moved)).status_code == 401
    assert keyhash(KEY, TS).encode() in moved


async def test_an_hmac_over_the_decoded_body_is_refused_and_nothing_is_decoded():
    """The HMAC is over the octets as they came; a packed body is no XML, however it is signed."""
    door, packed = Door(), gzip.compress(REQUEST)
    headers = {"content-encoding": "gzip"}

    assert (await door.post(packed, issuer_hmac_raw(KEY, REQUEST), **headers)).status_code == 401
    assert (await door.post(packed, issuer_hmac_raw(KEY, packed), **headers)).status_code == 400
    assert door.desk.asked == []


@pytest.mark.parametrize("uri", ["../../etc/passwd", "file:///etc/passwd", "' OR 1=1 --", "a-b-c" * 60, "%00", "<x/>"])
async def test_a_hostile_uri_is_a_text_like_any_other(uri):
    door = Door()
    root = etree.Element("PullDocRequest", ver="3.0", ts=TS, txn="1", orgId="ORG-1", keyhash=keyhash(KEY, TS))
    details = etree.SubElement(root, "DocDetails")
    etree.SubElement(details, "URI").text = uri
    etree.SubElement(details, "DigiLockerId").text = "123e4567-e89b-12d3-a456-426655440000"
    door.desk.answer = None

    answer = await door.post(etree.tostring(root), path="/digilocker/pulldoc")

    assert etree.fromstring(answer.content).find("ResponseStatus").get("Status") == "0"
    assert uri.encode() not in answer.content
