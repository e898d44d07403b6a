"""The PFMS sandbox's answer files, signed by PFMS or by the sponsor bank, and their faults."""

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureConstructionMethod, SignatureMethod
from signxml.signer import XMLSigner

from sandbox.dbt_finance.pfms.times import INDIA

_BASE = "http://cpsms.nic.in"
RESPONSE = ("DbtBeneficiaries", f"{_BASE}/BeneficiaryDataResponse")
ACK = ("DbtPaymentAck", f"{_BASE}/BeneficiaryPaymentAck")
STATUS = ("DbtPaymentStatus", f"{_BASE}/BeneficiaryPaymentStatus")
ENROLMENT = ("DscEnrolmentAck", f"{_BASE}/Beneficiary/DscEnrolmentAck")
STATEMENT = ("DailyPaymentStatement", f"{_BASE}/Beneficiary/DailyPaymentStatement")

GROUP_REASONS = ("group", "header", "line", "empty", "none")
"""Where the reason of a whole batch stands: in `GrpStsRsnInf` of the group, in that of the header as a sister system
has it, in `StsRsnInf`, in an element that is there and empty, or nowhere."""
TREES = ("public", "sister", "plain")
"""The shapes of a bank status: as the public readers take it, as a sister system's, and one row like the
acknowledgement's, which names the amount."""

Draw = Callable[["Pen"], str]
"""Writes the body of a document."""


@dataclass(frozen=True, slots=True)
class Pen:
    """Writes elements with a prefix. `off` is added to counts and `paise_off` to sums that the header tells."""

    prefix: str = ""
    off: int = 0
    paise_off: int = 0

    def enclose(self, name: str, *parts: str) -> str:
        tag = f"{self.prefix}:{name}" if self.prefix else name
        return f"<{tag}>{''.join(parts)}</{tag}>"

    def el(self, name: str, text: object) -> str:
        return self.enclose(name, escape(str(text)))

    def if_given(self, name: str, text: object) -> str:
        return self.el(name, text) if text else ""

    def head(self, at: datetime, count: int, paise: int | None = None, *more: str) -> str:
        total = self.el("CtrlSum", rupees(paise + self.paise_off)) if paise is not None else ""
        created = at.astimezone(INDIA).strftime("%Y-%m-%dT%H:%M:%S")
        return self.enclose("GrpHdr", self.el("CreDtTm", created), self.el("NbOfTxs", count + self.off), total, *more)


class Seal:
    """A signing key with its certificate, as PEM."""

    def __init__(self, kept: Mapping[str, str]) -> None:
        key = load_pem_private_key(kept["key"].encode(), None)
        if not isinstance(key, RSAPrivateKey):
            raise TypeError("an RSA key is needed")
        self._key = key
        self._certificate = x509.load_pem_x509_certificate(kept["certificate"].encode())

    def sign(self, text: str) -> bytes:
        """A document with an enveloped signature."""
        root = etree.fromstring(text.encode(), etree.XMLParser(huge_tree=True, resolve_entities=False))
        signer = _Signer(
            method=SignatureConstructionMethod.enveloped,
            signature_algorithm=SignatureMethod.RSA_SHA256,
            digest_algorithm=DigestAlgorithm.SHA256,
            c14n_algorithm=CanonicalizationMethod.CANONICAL_XML_1_0,
        )
        done = signer.sign(root, key=self._key, cert=[self._certificate], always_add_key_value=True)
        return etree.tostring(done, encoding="UTF-8", xml_declaration=True)

    def sign_detached(self, content: bytes) -> bytes:
        """A signature over bytes, in Base64."""
        return base64.b64encode(self._key.sign(content, padding.PKCS1v15(), hashes.SHA256()))


class _Signer(XMLSigner):
    """libxml2 2.14 writes a wrong `xmlns=""` when it canonicalises a part of a tree with a default namespace."""

    excise_empty_xmlns_declarations = True


def document(kind: tuple[str, str], draw: Draw, seal: Seal | None, shape: str = "", *, moved: bool = False) -> bytes:
    """A whole file. `seal` None leaves it unsigned; `moved` changes a digit after it was signed."""
    name, namespace = kind
    pen = Pen(
        prefix="ns7" if shape == "prefix" else "",
        off=1 if shape == "count" else 0,
        paise_off=1 if shape == "total" else 0,
    )
    namespace += "/v9" if shape == "namespace" else ""
    name = "DbtNotice" if shape == "root" else name
    tag = f"{pen.prefix}:{name}" if pen.prefix else name
    declared = f'xmlns:{pen.prefix}="{namespace}"' if pen.prefix else f'xmlns="{namespace}"'
    text = f"<{tag} {declared}>{draw(pen)}</{tag}>"
    content = text.encode() if seal is None else seal.sign(text)
    if moved:
        content = content.replace(b"<NbOfTxs>", b"<NbOfTxs>0", 1)
    return _spoil(content, shape)


def _spoil(content: bytes, shape: str) -> bytes:
    if shape == "truncated":
        return content[: len(content) * 2 // 3]
    if shape == "syntax":
        return content[:-3]
    if shape == "utf16":
        return content.replace(b"UTF-8", b"UTF-16").decode().encode("utf-16")
    if shape == "doctype":
        return content.replace(b"?>", b'?><!DOCTYPE x [<!ENTITY a "aaaa">]>', 1)
    return content


def beneficiary_answer(batch: str, agency: str, at: datetime, rows: Iterable[Mapping[str, Any]]) -> Draw:
    """A beneficiary response. A row has id, status, cpsms_id, code and, where accepted, the name at the bank."""
    kept = list(rows)

    def draw(pen: Pen) -> str:
        party = pen.enclose("OrglInitgPty", pen.enclose("PrTry", pen.el("Id", agency)))
        lines = "".join(
            pen.enclose(
                "CstmrTxInf",
                pen.enclose(
                    "Cstmr",
                    pen.enclose("PrTry", pen.el("Id", row["id"])),
                    pen.if_given("CPSMSId", row.get("cpsms_id")),
                    pen.el("CstmrSts", row["status"]),
                    _reason(pen, row.get("code")),
                    pen.enclose("CstmrAcct", pen.enclose("CstmrAcctFmly", pen.el("Nm", row["name"])))
                    if row.get("name")
                    else "",
                ),
            )
            for row in kept
        )
        info = pen.enclose("CstmrInf", pen.el("CstmrInfId", batch), lines)
        return pen.enclose("CstmrDtls", pen.head(at, len(kept), None, party), info)

    return draw


def acknowledgement(
    message: str | None,
    batch: str | None,
    at: datetime,
    codes: Iterable[str],
    rows: Iterable[tuple[str, str, str | None]],
    *,
    word: str | None = None,
    reasons: str = "group",
) -> Draw:
    """ACK or NACK of a payment file: rows are end-to-end id, status and code; any `codes` reject the whole.

    `word` of the group where it is not told by codes and rows; `reasons` is one of GROUP_REASONS.
    """
    kept, said = list(rows), list(codes)

    def draw(pen: Pen) -> str:
        rejected = said or any(status == "RJCT" for _, status, _ in kept)
        told = _group_reasons(pen, said, reasons)
        head = pen.head(at, len(kept), None, told if reasons == "header" else "")
        group = pen.enclose(
            "OrgnlGrpInfAndSts",
            pen.if_given("OrgnlMsgId", message),
            pen.el("GrpSts", word or ("RJCT" if rejected else "ACCP")),
            told if reasons != "header" else "",
        )
        lines = "".join(
            pen.enclose("TxInfAndSts", pen.el("OrgnlEndToEndId", one), pen.el("TxSts", status), _reason(pen, code))
            for one, status, code in kept
        )
        payments = pen.enclose("OrgnlPmtInfAndSts", pen.if_given("OrgnlPmtInfId", batch), lines) if batch else ""
        return pen.enclose("CstmrPmtAckRpt", head + group + payments)

    return draw


def _group_reasons(pen: Pen, codes: Iterable[str], place: str) -> str:
    if place == "none":
        return ""
    name = "StsRsnInf" if place == "line" else "GrpStsRsnInf"
    if place == "empty":
        return pen.enclose(name, pen.enclose("Rsn", pen.el("Cd", ""), pen.el("AddtlInf", "")))
    written = "".join(pen.enclose("Rsn", pen.el("Cd", code)) for code in codes)
    return pen.enclose(name, written) if written else ""


def bank_status(batch: str, at: datetime, rows: Iterable[Mapping[str, Any]], tree: str = "plain") -> Draw:
    """Debits, credits or returns of one batch, in one of TREES.

    A row has end_to_end_id, status, code, utr, day and paise; without `utr` or `day` the file names none.
    """
    kept = list(rows)

    def draw(pen: Pen) -> str:
        if tree == "plain":
            lines = "".join(_plain_row(pen, row) for row in kept)
            head = pen.head(at, len(kept), sum(row["paise"] for row in kept))
            return head + pen.enclose("OrgnlPmtInfAndSts", pen.el("OrgnlPmtInfId", batch), lines)
        lines = "".join(_public_row(pen, row) for row in kept)
        if tree == "public":
            info = pen.enclose("PmtInf", pen.el("PmtInfId", batch), lines)
            return pen.enclose("CstmrCdtTrfInitn", pen.head(at, len(kept)), info)
        named = pen.enclose("PmtInf", pen.enclose("SrcSystmIdntfr", pen.el("PmtInfId", batch)))
        return pen.enclose("CstmrCdtTrfInitn", pen.head(at, len(kept), None, named), lines)

    return draw


def _plain_row(pen: Pen, row: Mapping[str, Any]) -> str:
    return pen.enclose(
        "TxInfAndSts",
        pen.el("OrgnlEndToEndId", row["end_to_end_id"]),
        pen.el("TxSts", row["status"]),
        _reason(pen, row.get("code")),
        pen.if_given("UTR", row.get("utr")),
        pen.if_given("ValDt", row.get("day")),
        pen.el("Amt", rupees(row["paise"])),
    )


def _public_row(pen: Pen, row: Mapping[str, Any]) -> str:
    ids = (pen.el("EndToEndId", row["end_to_end_id"]), pen.if_given("CrTxID", row.get("utr")))
    return pen.enclose(
        "CdtTrfTxInf",
        pen.enclose("PmtId", *ids),
        pen.enclose("Cdtr", pen.el("PFMSId", row.get("cpsms_id", ""))),
        pen.el("TxSts", row["status"]),
        pen.if_given("TxDt", row.get("day")),
        _reason(pen, row.get("code")) or pen.enclose("StsRsnInf", pen.enclose("Rsn", pen.el("Cd", ""))),
    )


def enrolment(fingerprint: str, accepted: bool, code: str | None, at: datetime) -> Draw:
    """Whether the certificate with a fingerprint may sign files."""

    def draw(pen: Pen) -> str:
        status = pen.el("EnrlmtSts", "ACCP" if accepted else "RJCT")
        return pen.head(at, 1) + pen.enclose("SgnrInf", pen.el("Tmbprnt", fingerprint), status, _reason(pen, code))

    return draw


def statement(day: str, at: datetime, part: tuple[int, int], rows: Iterable[Mapping[str, Any]]) -> Draw:
    """A part of the statement of a day: every payment that moved, as it stood at the end."""
    kept = list(rows)

    def draw(pen: Pen) -> str:
        parts = (pen.el("StmtDt", day), pen.el("Part", part[0]), pen.el("Parts", part[1]), pen.el("Src", "PFMS"))
        lines = "".join(
            pen.enclose(
                "TxInf",
                pen.el("PmtInfId", row["batch"]),
                pen.el("EndToEndId", row["end_to_end_id"]),
                pen.el("SchmeCd", row["scheme"]),
                pen.el("Amt", rupees(row["paise"])),
                pen.el("TxSts", row["status"]),
                pen.if_given("RsnCd", row.get("code")),
                pen.if_given("UTR", row.get("utr")),
                pen.if_given("ValDt", row.get("day")),
            )
            for row in kept
        )
        return pen.head(at, len(kept), sum(row["paise"] for row in kept), *parts) + lines

    return draw


def _reason(pen: Pen, code: object) -> str:
    return pen.enclose("StsRsnInf", pen.enclose("Rsn", pen.el("Cd", code))) if code else ""


def rupees(paise: int) -> str:
    """Paise as rupees with two decimals."""
    return f"{paise // 100}.{paise % 100:02d}"
