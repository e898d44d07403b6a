"""The hardened parser: what it refuses, and that a value cannot be cut short."""

import pytest

from integrations.calling import safe_xml


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<a>",
        b"<!DOCTYPE a><a/>",
        b'<! doctype a SYSTEM "http://127.0.0.1:9/x"><a/>',
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b"<a>&b;</a>",
        '<?xml version="1.0" encoding="UTF-16"?><a/>'.encode("utf-16"),
        b'<?xml version="1.0" encoding="UTF-7"?><a/>',
        b"<a" + b"".join(b' b="1"' for _ in range(2)) + b"/>",
        b"<a>" * 1000 + b"</a>" * 1000,
    ],
)
def test_what_no_partner_has_reason_to_send_is_refused(content):
    with pytest.raises(safe_xml.UnsafeXml):
        safe_xml.parse(content)


def test_a_document_over_the_cap_is_refused():
    with pytest.raises(safe_xml.UnsafeXml):
        safe_xml.parse(b"<a>" + b" " * 100 + b"</a>", limit=50)


def test_names_are_found_whatever_their_namespace_or_case():
    root = safe_xml.parse(
        b'<n:A xmlns:n="urn:x" Key=" 1 "><!-- c --><n:Name> As<!-- cut -->ha </n:Name><n:Empty/></n:A>'
    )

    assert safe_xml.local_name(root) == "A"
    assert safe_xml.attribute(root, "key") == "1"
    assert safe_xml.child_text(root, "NAME") == "Asha"
    assert safe_xml.child_text(root, "Empty") is None
    assert safe_xml.child(root, "Other") is None
