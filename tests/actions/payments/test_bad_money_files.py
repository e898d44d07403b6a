"""Every file that brings news of money, spoilt in every way: refused whole with its reason, and nothing is applied.

One world for each kind of file: since nothing of a bad file counts, the next one finds everything as it was.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from actions.payments.payment_batches import batch_now
from actions.payments.reconciliation import reconcile_due
from actions.payments.registrations import enrol
from domain.kernel import ist_date
from domain.payments.files import FileState
from sandbox.dbt_finance.pfms import answers as writing
from sandbox.dbt_finance.pfms.answers import Seal
from sandbox.dbt_finance.pfms.apbs import return_file
from store.payments.payment_tables import beneficiaries_table, lines_table
from store.reconciliation.reconciliation import statement_rows_table
from tests.support.payments import Paying

pytestmark = pytest.mark.integration

Facts = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A kind of file: its name, who signs it, how it is written, and what shows that it was applied."""

    folder: str
    name: str
    signer: str
    write: Callable[[Facts, Seal | None, str], bytes]
    summed: bool = True
    """Whether its header has a sum."""


def acknowledged(facts: Facts, seal: Seal | None, shape: str) -> bytes:
    rows = [(facts["payment"], "ACCP", None)]
    draw = writing.acknowledgement(facts["message"], facts["batch"], facts["at"], (), rows)
    return writing.document(writing.ACK, draw, seal, shape)


def registered(facts: Facts, seal: Seal | None, shape: str) -> bytes:
    rows = [{"id": facts["beneficiary"], "status": "ACCP", "cpsms_id": "U0000000001"}]
    draw = writing.beneficiary_answer(facts["registration"], "UKDD0001", facts["at"], rows)
    return writing.document(writing.RESPONSE, draw, seal, shape)


def moved(facts: Facts, status: str) -> Mapping[str, Any]:
    row = {"end_to_end_id": facts["payment"], "status": status, "paise": 150_000, "batch": facts["batch"]}
    code = "01" if status == "RTND" else None
    return {**row, "utr": "SBINR50000000000000001", "day": f"{ist_date(facts['at'])}", "code": code, "scheme": "UKOAP"}


def status(word: str) -> Callable[[Facts, Seal | None, str], bytes]:
    def write(facts: Facts, seal: Seal | None, shape: str) -> bytes:
        draw = writing.bank_status(facts["batch"], facts["at"], [moved(facts, word)])
        return writing.document(writing.STATUS, draw, seal, shape)

    return write


def stated(facts: Facts, seal: Seal | None, shape: str) -> bytes:
    draw = writing.statement(f"{ist_date(facts['at'])}", facts["at"], (1, 1), [moved(facts, "ACSC")])
    return writing.document(writing.STATEMENT, draw, seal, shape)


def returned(facts: Facts, seal: Seal | None, shape: str) -> bytes:
    row = {"end_to_end_id": facts["payment"], "paise": 150_000, "code": "01", "aadhaar": "999900000019", "name": "S"}
    content = return_file(ist_date(facts["at"]), [row], None)
    if shape == "total":
        content = content.replace(b"0000000150000", b"0000000150001", 1)
    elif shape == "count":
        content = content[:133] + b"0000000002" + content[143:]  # the header's number of items
    elif shape == "syntax":
        content = content.replace(b"77607094000", b"78607094000")
    content = content if seal is None else content + b"SIGNATURE:" + seal.sign_detached(content) + b"\n"
    if shape == "utf16":
        return content.decode().encode("utf-16")
    return content[: len(content) * 2 // 3] if shape == "truncated" else content


STAMP, LATER, AGAIN = "24112026180000", "24112026190000", "24112026200000"
KINDS = (
    Kind("beneficiary-response", f"{{registration_message}}_{STAMP}.xml", "pfms", registered, summed=False),
    Kind("payment-ack", f"{{message}}_{STAMP}.xml", "pfms", acknowledged, summed=False),
    Kind("bank-status", f"{{message}}_{STAMP}.xml", "bank", status("ACSP")),
    Kind("bank-status", f"{{message}}_{STAMP}.xml", "bank", status("ACSC")),
    Kind("bank-status", f"{{message}}_{STAMP}.xml", "bank", status("RTND")),
    Kind("apbs-return", f"0905APBSRET24112026_{STAMP}.txt", "bank", returned),
    Kind("daily-statement", f"0905DBTSTM24112026_{STAMP}.xml", "pfms", stated),
)
XML_ONLY = {"doctype": "DOCUMENT_TYPE", "root": "UNKNOWN_ROOT"}
SHAPES = {
    "syntax": "MALFORMED",
    "truncated": "MALFORMED",
    "utf16": "ENCODING",
    "count": "WRONG_COUNT",
    "total": "WRONG_TOTAL",
}


def faults_of(kind: Kind) -> list[tuple[str | None, str, str]]:
    """Who signs, how it is spoilt, and why it is refused."""
    shapes = SHAPES | (XML_ONLY if kind.name.endswith(".xml") else {})
    if not kind.summed:
        del shapes["total"]
    if kind.folder == "apbs-return":
        shapes["truncated"] = "BROKEN_SIGNATURE"  # its last line is the signature, and that is cut
    other = "bank" if kind.signer == "pfms" else "pfms"
    strange = [(None, "", "UNSIGNED"), ("stranger", "", "FOREIGN_SIGNATURE"), (other, "", "FOREIGN_SIGNATURE")]
    return [*strange, *((kind.signer, shape, reason) for shape, reason in shapes.items())]


async def facts_of(paying: Paying, kind: Kind) -> Facts:
    """A world in which a good file of the kind would be news, and what it speaks of."""
    if kind.folder == "beneficiary-response":
        await paying.sanctioned()
        await enrol(paying.env)
    else:
        await paying.validated()
    await batch_now(paying.env)
    await paying.send_due()
    facts: Facts = {"at": paying.clock.now()}
    async with paying.env.store.read_transaction() as tx:
        facts["beneficiary"] = (await tx.connection.execute(beneficiaries_table.select())).one().id
    (registration,) = await paying.batches("BENEFICIARY")
    facts |= {"registration": registration.batch_id, "registration_message": registration.message_id}
    if kind.folder != "beneficiary-response":
        (batch,), (line,) = await paying.batches(), await paying.lines()
        facts |= {"message": batch.message_id, "batch": batch.batch_id, "payment": line.end_to_end_id}
    return facts


async def standing(paying: Paying) -> list[Any]:
    """Everything that a file of money may change."""
    async with paying.env.store.read_transaction() as tx:
        found: list[Any] = []
        for table in (beneficiaries_table, lines_table, statement_rows_table):
            found += (await tx.connection.execute(table.select().order_by(*table.primary_key.columns))).all()
        return found


async def take_in(paying: Paying, kind: Kind) -> None:
    await (reconcile_due(paying.env) if kind.folder == "daily-statement" else paying.answers())


def seal_of(paying: Paying, name: str | None) -> Seal | None:
    kept = paying.pfms.home.state.get("seal", name) if name else None
    return Seal(kept) if kept else None


@pytest.mark.parametrize("kind", KINDS, ids=[f"{place}-{kind.folder}" for place, kind in enumerate(KINDS)])
async def test_a_bad_file_is_refused_whole_with_its_reason_and_a_later_good_one_applies(
    paying: Paying, kind: Kind
) -> None:
    facts = await facts_of(paying, kind)
    if kind.folder == "daily-statement":
        paying.pfms.pass_time(hours=18)
    before, where = await standing(paying), f"/in/{kind.folder}"
    for number, (signer, shape, reason) in enumerate(faults_of(kind)):
        name = kind.name.format(**facts).replace(STAMP, f"{int(STAMP) + number}")
        paying.files().put(f"{where}/{name}", kind.write(facts, seal_of(paying, signer), shape))
        await take_in(paying, kind)
        entry = (await paying.ledger())[-1]
        assert (entry.name, entry.state, entry.reason, entry.applied) == (name, FileState.REFUSED, reason, 0), shape
        assert await standing(paying) == before, "nothing of it is applied"
        assert name in paying.archive(kind.folder, "failed")
        assert any(one.startswith(name) and one != name for one in paying.archive(kind.folder, "failed")), "its reason"
        assert ("FILE_REFUSED", f"file:{name}") in await paying.cases()
    good, name = kind.write(facts, seal_of(paying, kind.signer), ""), kind.name.format(**facts).replace(STAMP, LATER)
    paying.files().put(f"{where}/{name}", good)
    await take_in(paying, kind)
    assert (await paying.ledger())[-1].state == FileState.APPLIED
    after = await standing(paying)
    assert after != before
    paying.files().put(f"{where}/{name.replace(LATER, AGAIN)}", good)
    await take_in(paying, kind)
    assert await standing(paying) == after, "a replay under another name changes nothing"
