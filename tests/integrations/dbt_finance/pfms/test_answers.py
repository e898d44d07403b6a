"""Answer files: what is understood, and everything that is refused whole before anything of it is used."""

import base64
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from domain.payments.files import AnswersSigned
from integrations.dbt_finance.pfms.answers import MOST_MARKUP, read_answer, read_statement
from integrations.dbt_finance.pfms.apbs_layout import DETAIL, HEADER, RECORD
from integrations.dbt_finance.pfms.models import (
    BankStatus,
    BatchAcknowledgement,
    BeneficiaryAnswer,
    EnrolmentAnswer,
    FileRefusal,
    FileRefused,
    LineStatus,
    Trust,
)
from sandbox.dbt_finance.pfms import answers as writing
from sandbox.dbt_finance.pfms.apbs import return_file
from sandbox.dbt_finance.pfms.system import new_seal

AT = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
NAME = "0905DBTPAYREQ241120261_24112026113000.xml"
APBS_NAME = "0905APBSRET24112026_24112026113000.txt"
BATCH = "CP0905241120261"
KEPT = {name: new_seal(name, AT) for name in ("pfms", "bank", "stranger")}
SEALS = {name: writing.Seal(kept) for name, kept in KEPT.items()}
TRUST = Trust((KEPT["pfms"]["certificate"],), (KEPT["bank"]["certificate"],), AT, AnswersSigned.REQUIRED)


def moved(number: int, paise: int = 150_000, status: str = "ACSC", **changes) -> dict:
    row = {
        "end_to_end_id": f"E{number}",
        "status": status,
        "utr": f"SBINR5{number:016d}",
        "day": "2026-11-24",
        "paise": paise,
    }
    return {**row, **changes}


def status_file(*rows: dict, seal: str | None = "bank", shape: str = "", moved_on: bool = False) -> bytes:
    draw = writing.bank_status(BATCH, AT, rows or (moved(1), moved(2)))
    return writing.document(writing.STATUS, draw, SEALS[seal] if seal else None, shape, moved=moved_on)


def ack_file(codes: Iterable[str] = (), rows=(("E1", "ACCP", None),), seal: str = "pfms", shape: str = "") -> bytes:
    draw = writing.acknowledgement("0905DBTPAYREQ241120261", BATCH, AT, codes, rows)
    return writing.document(writing.ACK, draw, SEALS[seal], shape)


def ack_drawn(codes: Iterable[str] = (), rows=(("E1", "ACCP", None),), **shape) -> bytes:
    draw = writing.acknowledgement("0905DBTPAYREQ241120261", BATCH, AT, codes, rows, **shape)
    return writing.document(writing.ACK, draw, SEALS["pfms"])


def response_file(*rows: dict, seal: str = "pfms", shape: str = "") -> bytes:
    draw = writing.beneficiary_answer("2411260001", "UKDD0001", AT, rows)
    return writing.document(writing.RESPONSE, draw, SEALS[seal], shape)


def refused(content: bytes, name: str = NAME, trust: Trust = TRUST) -> FileRefusal:
    with pytest.raises(FileRefused) as error:
        read_answer(name, content, trust)
    return error.value.reason


def test_a_bank_status_is_read():
    read = read_answer(NAME, status_file(moved(1), moved(2, 5, "RTND", code="54")), TRUST)

    assert isinstance(read, BankStatus)
    assert (read.batch_id, read.created_at) == (BATCH, AT)
    assert [(row.end_to_end_id, row.status, row.codes, row.amount_paise) for row in read.rows] == [
        ("E1", LineStatus.CREDITED, (), 150_000),
        ("E2", LineStatus.RETURNED, ("54",), 5),
    ]
    assert read.rows[0].utr == "SBINR50000000000000001"
    assert "SBINR5" not in repr(read)


def test_an_acknowledgement_is_read():
    read = read_answer(NAME, ack_file(rows=[("E1", "ACCP", None), ("E2", "ACCP", None)]), TRUST)
    assert isinstance(read, BatchAcknowledgement)
    assert (read.accepted, read.batch_id, read.message_id, len(read.rows)) == (
        True,
        BATCH,
        "0905DBTPAYREQ241120261",
        2,
    )


@pytest.mark.parametrize("word", ["ACCP", "ACPT"])
def test_the_word_of_the_group_decides_and_a_rejected_line_in_it_stands_alone(word: str):
    rows = [("E1", "ACPT", None), ("E2", "RJCT", "DBE0015")]
    read = read_answer(NAME, ack_drawn(rows=rows, word=word), TRUST)

    assert isinstance(read, BatchAcknowledgement)
    assert (read.accepted, read.codes) == (True, ())
    assert [(row.status, row.codes) for row in read.rows] == [
        (LineStatus.ACCEPTED, ()),
        (LineStatus.REJECTED, ("DBE0015",)),
    ]


@pytest.mark.parametrize("word", ["RJCT", "PART"])
def test_a_word_of_the_group_that_does_not_accept_rejects_the_batch(word: str):
    read = read_answer(NAME, ack_drawn(rows=[("E1", "", None)], word=word), TRUST)

    assert isinstance(read, BatchAcknowledgement)
    assert (read.accepted, [row.status for row in read.rows]) == (False, [LineStatus.REJECTED])


@pytest.mark.parametrize("tree", ["public", "sister", "plain"])
def test_a_word_of_a_payment_that_nobody_knows_is_kept_as_it_was_said(tree: str):
    draw = writing.bank_status(BATCH, AT, [moved(1, status="HOLD"), moved(2)], tree)
    read = read_answer(NAME, writing.document(writing.STATUS, draw, SEALS["bank"]), TRUST)

    assert [(row.end_to_end_id, row.status, row.word) for row in read.rows] == [
        ("E1", LineStatus.UNKNOWN, "HOLD"),
        ("E2", LineStatus.CREDITED, ""),
    ]


def test_an_acknowledgement_that_says_nothing_but_a_word_that_nobody_knows_is_refused():
    draw = writing.acknowledgement("0905DBTPAYREQ241120261", BATCH, AT, (), [("E1", "HOLD", None)])
    content = writing.document(writing.ACK, draw, None).replace(b"<GrpSts>ACCP</GrpSts>", b"")

    trust = replace(TRUST, answers_signed=AnswersSigned.IF_PRESENT)
    assert refused(content, trust=trust) is FileRefusal.MALFORMED_VALUE


@pytest.mark.parametrize("place", ["group", "header", "line"])
def test_reasons_of_a_batch_are_found_wherever_they_stand_outside_its_lines(place: str):
    content = ack_drawn(["DBE0004", "X-1"], rows=[("E1", "RJCT", "DBE0003")], reasons=place)
    read = read_answer(NAME, content, TRUST)

    assert isinstance(read, BatchAcknowledgement)
    assert (read.accepted, read.codes, read.rows[0].codes) == (False, ("DBE0004", "X-1"), ("DBE0003",))


@pytest.mark.parametrize("place", ["empty", "none"])
def test_an_empty_reason_is_none(place: str):
    read = read_answer(NAME, ack_drawn(["DBE0004"], rows=(), reasons=place), TRUST)

    assert isinstance(read, BatchAcknowledgement)
    assert (read.accepted, read.codes) == (False, ())


@pytest.mark.parametrize("tree", ["public", "sister"])
def test_both_public_trees_of_a_bank_status_are_read(tree: str):
    rows = [moved(1, status="ACCP"), moved(2, status="RJCT", code="54"), moved(3, status="ACPT", utr="", day="")]
    draw = writing.bank_status(BATCH, AT, rows, tree)
    read = read_answer(NAME, writing.document(writing.STATUS, draw, SEALS["bank"]), TRUST)

    assert isinstance(read, BankStatus)
    assert (read.batch_id, read.created_at, read.unknown_namespace) == (BATCH, AT, None)
    assert [(row.end_to_end_id, row.status, row.codes, row.utr, str(row.value_date)) for row in read.rows] == [
        ("E1", LineStatus.CREDITED, (), "SBINR50000000000000001", "2026-11-24"),
        ("E2", LineStatus.REJECTED, ("54",), "SBINR50000000000000002", "2026-11-24"),
        ("E3", LineStatus.CREDITED, (), None, "None"),
    ]


def test_a_namespace_that_was_never_seen_is_read_and_told():
    read = read_answer(NAME, status_file(shape="namespace"), TRUST)

    assert read.unknown_namespace == "http://cpsms.nic.in/BeneficiaryPaymentStatus/v9"
    assert replace(read, unknown_namespace=None) == read_answer(NAME, status_file(), TRUST)


@pytest.mark.parametrize(
    ("answers_signed", "seal", "expected"),
    [
        (AnswersSigned.REQUIRED, None, FileRefusal.UNSIGNED),
        (AnswersSigned.IF_PRESENT, None, None),
        (AnswersSigned.IF_PRESENT, "stranger", FileRefusal.FOREIGN_SIGNATURE),
        (AnswersSigned.NONE, None, None),
        (AnswersSigned.NONE, "stranger", None),
    ],
)
def test_the_setting_says_whether_an_answer_must_be_signed(
    answers_signed: AnswersSigned, seal: str | None, expected: FileRefusal | None
):
    trust = replace(TRUST, answers_signed=answers_signed)
    if expected is not None:
        assert refused(status_file(seal=seal), trust=trust) is expected
        return
    assert read_answer(NAME, status_file(seal=seal), trust) == read_answer(NAME, status_file(), TRUST)


def test_an_unknown_word_about_a_beneficiary_leaves_the_record_as_it_was():
    rows = ({"id": "BEN-1", "status": "HOLD"}, {"id": "BEN-2", "status": "ACPT", "cpsms_id": "U2"})
    read = read_answer(NAME, response_file(*rows), TRUST)

    assert isinstance(read, BeneficiaryAnswer)
    assert [(row.id, row.status) for row in read.rows] == [("BEN-2", LineStatus.ACCEPTED)]


def test_both_waves_of_a_beneficiary_answer_are_read():
    rows = (
        {"id": "BEN-1", "status": "ACCP", "cpsms_id": "U1", "name": "SEETA DEVI"},
        {"id": "BEN-2", "status": "RJCT", "code": "DBE0016"},
        {"id": "BEN-3", "status": "PDNG"},
    )
    read = read_answer("0905DBTBENREQ241120261_24112026113000.xml", response_file(*rows), TRUST)
    assert isinstance(read, BeneficiaryAnswer)
    assert [(row.id, row.status, row.cpsms_id, row.codes) for row in read.rows] == [
        ("BEN-1", LineStatus.ACCEPTED, "U1", ()),
        ("BEN-2", LineStatus.REJECTED, None, ("DBE0016",)),
        ("BEN-3", LineStatus.PENDING, None, ()),
    ]
    assert read.rows[0].name_at_bank == "SEETA DEVI"
    assert "SEETA" not in repr(read)


def test_another_prefix_and_the_contractors_namespace_are_read_alike():
    plain, prefixed = read_answer(NAME, status_file(), TRUST), read_answer(NAME, status_file(shape="prefix"), TRUST)
    assert plain == prefixed
    kind = ("ContractorPaymentStatus", "http://cpsms.nic.in/Beneficiary/ContractorPaymentStatus")
    draw = writing.bank_status(BATCH, AT, [moved(1), moved(2)])
    assert read_answer(NAME, writing.document(kind, draw, SEALS["bank"]), TRUST) == plain


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", FileRefusal.MALFORMED),
        (b"hello", FileRefusal.MALFORMED),
        (b"<html><body>down for repair</body></html>", FileRefusal.UNKNOWN_ROOT),
        (status_file(shape="syntax"), FileRefusal.MALFORMED),
        (status_file(shape="truncated"), FileRefusal.MALFORMED),
        (status_file(shape="utf16"), FileRefusal.ENCODING),
        (status_file().decode().encode("utf-32"), FileRefusal.ENCODING),
        (status_file().replace(b"UTF-8", b"UTF-7"), FileRefusal.ENCODING),
        (status_file().replace(b"UTF-8", b"ISO-8859-1"), FileRefusal.ENCODING),
        (status_file(shape="doctype"), FileRefusal.DOCUMENT_TYPE),
        (status_file(shape="root"), FileRefusal.UNKNOWN_ROOT),
        (status_file(seal=None), FileRefusal.UNSIGNED),
        (status_file(seal="stranger"), FileRefusal.FOREIGN_SIGNATURE),
        (status_file(seal="pfms"), FileRefusal.FOREIGN_SIGNATURE),
        (ack_file(seal="bank"), FileRefusal.FOREIGN_SIGNATURE),
        (status_file(moved_on=True), FileRefusal.BROKEN_SIGNATURE),
        (status_file().replace(b"ACSC", b"RTND"), FileRefusal.BROKEN_SIGNATURE),
        (status_file(shape="count"), FileRefusal.WRONG_COUNT),
        (status_file(shape="total"), FileRefusal.WRONG_TOTAL),
        (status_file(moved(1), moved(1)), FileRefusal.ROW_TWICE),
        (status_file(moved(1, status="PA ID")), FileRefusal.MALFORMED_VALUE),
        (status_file(moved(1, status="")), FileRefusal.MISSING_ELEMENT),
        (status_file(moved(1, day="24-11-2026")), FileRefusal.MALFORMED_VALUE),
        (status_file(moved(1, end_to_end_id="")), FileRefusal.MISSING_ELEMENT),
        (status_file(moved(1, end_to_end_id="E 1")), FileRefusal.MALFORMED_VALUE),
        (response_file({"id": "B1", "status": "ACCP"}), FileRefusal.MALFORMED_VALUE),
        (response_file({"id": "B1", "status": "RJCT", "cpsms_id": "U1"}), FileRefusal.MALFORMED_VALUE),
        (response_file({"id": "B1", "status": ""}), FileRefusal.MISSING_ELEMENT),
        (b"<a>" + b"<b/>" * (MOST_MARKUP + 1) + b"</a>", FileRefusal.TOO_LARGE),
        (b" " * 32_000_001, FileRefusal.TOO_LARGE),
    ],
)
def test_what_is_not_as_it_must_be_is_refused_whole(content, reason):
    assert refused(content) is reason


@pytest.mark.parametrize("name", ["../x.xml", "x.tmp", ".x.xml"])
def test_a_file_with_an_odd_name_is_refused(name):
    assert refused(status_file(), name) is FileRefusal.NAME


def test_a_signature_that_is_wrapped_moved_or_doubled_is_refused():
    signed = etree.fromstring(status_file(moved(1)))
    forged = etree.fromstring(status_file(moved(9)))
    stolen = next(signed.iter("{*}Signature"))
    deep = etree.fromstring(etree.tostring(signed))
    inner = next(deep.iter("{*}OrgnlPmtInfAndSts"))
    inner.append(next(deep.iter("{*}Signature")))
    forged_own = next(forged.iter("{*}Signature"))
    forged.replace(forged_own, stolen)
    wrapped = etree.Element(signed.tag, nsmap=forged.nsmap)
    wrapped.append(etree.fromstring(status_file(moved(1))))
    twice = etree.fromstring(status_file(moved(1)))
    twice.append(etree.fromstring(etree.tostring(next(twice.iter("{*}Signature")))))
    commented = status_file(moved(1)).replace(b"<TxSts>ACSC", b"<TxSts>AC<!-- x -->SC")

    for each in (*(etree.tostring(one) for one in (deep, forged, wrapped, twice)), commented):
        assert refused(each) is FileRefusal.BROKEN_SIGNATURE


def test_a_signers_certificate_counts_only_while_it_is_valid():
    later = replace(TRUST, at=AT + timedelta(days=5000))
    assert refused(status_file(), trust=later) is FileRefusal.BROKEN_SIGNATURE
    assert refused(apbs_file(), APBS_NAME, later) is FileRefusal.FOREIGN_SIGNATURE


def test_a_signature_by_sha1_as_in_the_public_sample_is_refused():
    content = status_file().replace(b"2001/04/xmldsig-more#rsa-sha256", b"2000/09/xmldsig#rsa-sha1")
    assert refused(content) is FileRefusal.BROKEN_SIGNATURE


def test_a_statement_is_read_and_its_sums_are_checked():
    rows = [
        {**moved(1), "batch": BATCH, "scheme": "UKOAP"},
        {**moved(2, 5, "RTND", code="54"), "batch": BATCH, "scheme": "UKOAP"},
    ]
    name = "0905DBTSTM24112026_24112026233000.xml"

    def written(shape: str = "", seal: str = "pfms") -> bytes:
        draw = writing.statement("2026-11-24", AT, (1, 2), rows)
        return writing.document(writing.STATEMENT, draw, SEALS[seal], shape)

    read = read_statement(name, written(), TRUST)
    assert (read.total_paise, read.part, read.parts, str(read.day)) == (150_005, 1, 2, "2026-11-24")
    assert [(row.end_to_end_id, row.status, row.codes, row.batch_id) for row in read.rows] == [
        ("E1", LineStatus.CREDITED, (), BATCH),
        ("E2", LineStatus.RETURNED, ("54",), BATCH),
    ]
    for content, reason in (
        (written("total"), FileRefusal.WRONG_TOTAL),
        (written("count"), FileRefusal.WRONG_COUNT),
        (written(seal="bank"), FileRefusal.FOREIGN_SIGNATURE),
        (status_file(), FileRefusal.UNKNOWN_ROOT),
    ):
        with pytest.raises(FileRefused) as error:
            read_statement(name, content, TRUST)
        assert error.value.reason is reason
    assert refused(written()) is FileRefusal.UNKNOWN_ROOT


def apbs_file(*rows: dict, seal: str | None = "bank") -> bytes:
    given = rows or ({"code": "54"}, {"code": "96", "end_to_end_id": "E2", "paise": 5})
    whole = [
        {"end_to_end_id": "E1", "paise": 150_000, "aadhaar": "999900000019", "name": "Sita", **row} for row in given
    ]
    return return_file(AT.date(), whole, SEALS[seal] if seal else None)


def resigned(content: bytes) -> bytes:
    body = content.partition(b"SIGNATURE:")[0]
    return body + b"SIGNATURE:" + SEALS["bank"].sign_detached(body)


def test_a_return_file_of_apbs_is_read_without_names_and_numbers():
    read = read_answer(APBS_NAME, apbs_file(), TRUST)
    assert isinstance(read, BankStatus)
    assert read.batch_id is None
    assert [(row.end_to_end_id, row.status, row.codes, row.amount_paise) for row in read.rows] == [
        ("E1", LineStatus.RETURNED, ("54",), 150_000),
        ("E2", LineStatus.RETURNED, ("96",), 5),
    ]
    assert str(read.created_at) == "2026-11-24 11:30:00+05:30"
    assert "999900000019" not in repr(read)


CREDITED_BY_APBS = {"code": None, "utr": "SBINR50000000000000042"}


def test_what_apbs_credited_is_at_the_bank_as_its_record_is_not_the_reference_of_pfms():
    read = read_answer(APBS_NAME, apbs_file(CREDITED_BY_APBS), TRUST)

    assert [(row.status, row.utr, row.codes) for row in read.rows] == [(LineStatus.DEBITED, None, ())]


@pytest.mark.parametrize(("utr", "reference"), [("SBINR50000000000000042", "0000000000042"), ("0" * 13, None)])
def test_by_a_setting_the_record_of_apbs_is_the_credit_with_its_own_reference(utr: str, reference: str | None):
    trust = replace(TRUST, apbs_credits_final=True)

    read = read_answer(APBS_NAME, apbs_file({**CREDITED_BY_APBS, "utr": utr}), trust)

    assert [(row.status, row.utr, row.value_date) for row in read.rows] == [(LineStatus.CREDITED, reference, AT.date())]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (resigned(apbs_file(CREDITED_BY_APBS).replace(b"100\n", b"154\n")), FileRefusal.MALFORMED_VALUE),
        (resigned(apbs_file({"code": "54"}).replace(b"254\n", b"200\n")), FileRefusal.MALFORMED_VALUE),
        (apbs_file(seal=None), FileRefusal.UNSIGNED),
        (apbs_file(seal="stranger"), FileRefusal.FOREIGN_SIGNATURE),
        (apbs_file().replace(b"54\n", b"00\n"), FileRefusal.FOREIGN_SIGNATURE),
        (apbs_file()[:200], FileRefusal.UNSIGNED),
        (apbs_file().partition(b"SIGNATURE")[0] + b"SIGNATURE:!!", FileRefusal.BROKEN_SIGNATURE),
        (apbs_file().decode().encode("utf-16"), FileRefusal.ENCODING),
        (resigned(b"SIGNATURE:"), FileRefusal.MALFORMED),
        (resigned(apbs_file().replace(b"0000000000150005", b"0000000000150006")), FileRefusal.WRONG_TOTAL),
        (resigned(apbs_file()[: RECORD + 1] + apbs_file()[2 * (RECORD + 1) :]), FileRefusal.WRONG_COUNT),
        (resigned(apbs_file()[: 2 * (RECORD + 1)]), FileRefusal.WRONG_COUNT),
        (resigned(apbs_file().replace(b"77607094000", b"78607094000")), FileRefusal.MALFORMED),
        (resigned(apbs_file().replace(b"33000", b"34000", 1)), FileRefusal.MALFORMED),
        (resigned(apbs_file().replace(b"254\n", b"954\n")), FileRefusal.MALFORMED_VALUE),
        (resigned(apbs_file().replace(b"24112026", b"24132026")), FileRefusal.MALFORMED_VALUE),
        (resigned(apbs_file().replace(b"Sita", b"Sit")), FileRefusal.MALFORMED),
        (apbs_file({"code": "54"}, {"code": "96"}), FileRefusal.ROW_TWICE),
    ],
)
def test_a_return_file_that_is_not_as_it_must_be_is_refused_whole(content, reason):
    assert refused(content, APBS_NAME) is reason


def test_the_layout_of_apbs_covers_every_place_once():
    for layout in (HEADER, DETAIL):
        places = [place for first, last in layout.values() for place in range(first, last + 1)]
        assert places == list(range(1, RECORD + 1))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 10**10), min_size=1, max_size=30))
def test_a_return_file_comes_through_to_the_paisa(amounts):
    rows = [{"code": "54", "end_to_end_id": f"E{number}", "paise": paise} for number, paise in enumerate(amounts)]
    read = read_answer(APBS_NAME, apbs_file(*rows), TRUST)
    assert [row.amount_paise for row in read.rows] == amounts


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_spoilt_file_raises_anything_but_a_refusal_or_is_read_otherwise(data):
    good = data.draw(st.sampled_from([status_file(), ack_file(), apbs_file()]))
    place = data.draw(st.integers(0, len(good) - 1))
    spoilt = good[:place] + bytes([data.draw(st.integers(0, 255))]) + good[place + data.draw(st.integers(0, 3)) :]
    name = APBS_NAME if good.startswith(b"33") else NAME
    try:
        read = read_answer(name, spoilt, TRUST)
    except FileRefused:
        return
    assert read == read_answer(name, good, TRUST)


def test_a_refusal_never_says_what_the_file_holds():
    with pytest.raises(FileRefused) as error:
        read_answer(NAME, status_file(moved(1, end_to_end_id="Sita Devi 999900000019")), TRUST)
    assert str(error.value) == "MALFORMED_VALUE: OrgnlEndToEndId 1"
    with pytest.raises(FileRefused) as error:
        read_answer(APBS_NAME, resigned(apbs_file().replace(b"254\n", b"954\n")), TRUST)
    assert "9999" not in str(error.value)
    assert base64.b64encode(b"9999").decode() not in str(error.value)


def _without_signature(content: bytes):
    root = etree.fromstring(content)
    root.remove(next(root.iter("{*}Signature")))
    return root


PRINT = "ab" * 32


def enrolment_file(fingerprint: str = PRINT, *, code: str | None = None, seal: str = "pfms", shape: str = "") -> bytes:
    draw = writing.enrolment(fingerprint, code is None, code, AT)
    return writing.document(writing.ENROLMENT, draw, SEALS[seal], shape)


@pytest.mark.parametrize("code", [None, "DBE0003"])
@pytest.mark.parametrize("shape", ["", "prefix"])
def test_an_enrolment_says_whether_a_certificate_may_sign(code: str | None, shape: str):
    answer = read_answer("0905DSCENRACK24112026_24112026113000.xml", enrolment_file(code=code, shape=shape), TRUST)
    assert answer == EnrolmentAnswer(PRINT, AT, code is None, (code,) if code else ())


def test_a_fingerprint_may_be_written_in_pairs_and_capitals():
    written = ":".join(["AB"] * 32)
    answer = read_answer("a.xml", enrolment_file(written), TRUST)
    assert isinstance(answer, EnrolmentAnswer)
    assert answer.fingerprint == PRINT


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"seal": "bank"}, FileRefusal.FOREIGN_SIGNATURE),
        ({"seal": "stranger"}, FileRefusal.FOREIGN_SIGNATURE),
        ({"fingerprint": "ab"}, FileRefusal.MALFORMED_VALUE),
        ({"shape": "truncated"}, FileRefusal.MALFORMED),
        ({"shape": "root"}, FileRefusal.UNKNOWN_ROOT),
    ],
)
def test_an_enrolment_counts_only_whole_and_from_pfms(given: dict, reason: FileRefusal):
    with pytest.raises(FileRefused) as refused:
        read_answer("a.xml", enrolment_file(**given), TRUST)
    assert refused.value.reason is reason
