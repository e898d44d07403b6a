from datetime import date

import pytest
from lxml import etree

from integrations.etaal import ServiceCount, etaal_channel, wire

ROWS = [
    ServiceCount("UK0517", "54", "A", "SELF", 118),
    ServiceCount("UK0517", "53", "A", "SELF", 300),
    ServiceCount("UK0517", "53", "A", "ASSISTED", 42),
    ServiceCount("UK0601", "53", "A", "SELF", 1),
    ServiceCount("UK0601", "53", "A", "MOBILE", -1),
]


def test_the_xml_has_the_shape_of_the_contract():
    assert wire.counts_xml(ROWS) == (
        b"<?xml version='1.0' encoding='utf-8'?>\n<TransactionCount>"
        b"<Service><ServiceCode>UK0517</ServiceCode><ServiceCount>342</ServiceCount><LocationCode>53</LocationCode></Service>"
        b"<Service><ServiceCode>UK0517</ServiceCode><ServiceCount>118</ServiceCount><LocationCode>54</LocationCode></Service>"
        b"</TransactionCount>"
    )


def test_a_day_without_counts_is_an_empty_root():
    assert wire.counts_xml([]) == b"<?xml version='1.0' encoding='utf-8'?>\n<TransactionCount/>"


def test_an_error_is_one_code():
    assert wire.error_xml(-2).endswith(b"<TransactionCount><ErrorCode>-2</ErrorCode></TransactionCount>")


def test_the_soap_answer_is_a_dataset_of_rows_without_a_namespace():
    answer = etree.fromstring(wire.counts_soap(ROWS))
    dataset = answer.find(
        "{http://schemas.xmlsoap.org/soap/envelope/}Body/{http://tempuri.org/}eTransactionCountResponse/"
        "{http://tempuri.org/}eTransactionCountResult/{urn:schemas-microsoft-com:xml-diffgram-v1}diffgram/DataSet"
    )
    assert [(row.tag, [part.tag for part in row]) for row in dataset] == [
        ("Table", ["ServiceCode", "ServiceCount", "LocationCode"]),
        ("Table", ["ServiceCode", "ServiceCount", "LocationCode"]),
    ]
    assert dataset[0].findtext("ServiceCount") == "342"


def test_the_soap_error_is_a_table_of_one_row():
    assert "<ErrorCode>-1</ErrorCode></Table>" in wire.error_soap(-1).decode()


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("23/11/2026", date(2026, 11, 23)),
        ("29/02/2028", date(2028, 2, 29)),
        ("31/02/2026", None),
        ("29/02/2026", None),
        ("2026-11-23", None),
        ("1/1/2026", None),
        ("०१/०१/२०२६", None),
        ("23/11/2026 ", None),
        ("00/00/0000", None),
        ("", None),
    ],
)
def test_only_a_true_date_written_day_first_is_a_date(text: str, day: date | None):
    assert wire.read_day(text) == day


@pytest.mark.parametrize("names", [("TransactionDate", "UserName"), ("Transaction Date", "User Name")])
def test_names_are_read_with_blanks_or_without(names: tuple[str, str]):
    call = wire.read_fields([(names[0], " 23/11/2026 "), (names[1], "u"), ("password", "p ")])
    assert (call.day, call.username, call.password) == ("23/11/2026", "u", "p ")


def test_the_password_is_not_printed():
    assert "hidden" not in repr(wire.CountRequest("23/11/2026", "hidden", "hidden"))


SOAP = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header/><s:Body>'
    '<t:eTransactionCount xmlns:t="http://tempuri.org/"><t:TransactionDate>23/11/2026</t:TransactionDate>'
    "<t:UserName>u&amp;v</t:UserName></t:eTransactionCount></s:Body></s:Envelope>"
)


def test_a_soap_call_is_read_whatever_its_prefixes():
    assert wire.read_soap(SOAP.encode(), '"http://tempuri.org/eTransactionCount"') == wire.CountRequest(
        "23/11/2026", "u&v", ""
    )
    assert wire.read_soap(SOAP.encode(), None).username == "u&v"


@pytest.mark.parametrize(
    ("content", "action"),
    [
        (b"", None),
        (b"<Envelope/>", None),
        (b"<Other><Body><eTransactionCount/></Body></Other>", None),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + SOAP.encode(), None),
        (SOAP.encode(), '"http://tempuri.org/DropTables"'),
    ],
)
def test_what_is_no_call_is_not_understood(content: bytes, action: str | None):
    with pytest.raises(wire.NotUnderstood):
        wire.read_soap(content, action)


def test_a_range_has_31_days_at_most():
    first, last = wire.read_range({"fromDate": "2026-10-01", "toDate": "2026-10-31"})
    assert (last - first).days == 30
    with pytest.raises(wire.NotUnderstood, match="E03"):
        wire.read_range({"fromDate": "2026-10-01", "toDate": "2026-11-01"})


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"fromDate": "2026-10-02"},
        {"fromDate": "2026-10-02", "toDate": "2026-10-01"},
        {"fromDate": "01/10/2026", "toDate": "02/10/2026"},
        {"transactionDate": None},
        {"transactionDate": "2026-10-02"},
    ],
)
def test_a_malformed_range_has_the_code_of_a_date(given: dict[str, object]):
    with pytest.raises(wire.NotUnderstood, match="E01"):
        wire.read_range(given)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("WEB", "SELF"), ("CSC", "ASSISTED"), ("UMANG", "MOBILE"), ("WHATSAPP", "MOBILE"), ("CARRIER_PIGEON", "SELF")],
)
def test_channels_have_e_taals_words(ours: str, theirs: str):
    assert etaal_channel(ours) == theirs
