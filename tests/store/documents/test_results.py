from datetime import timedelta

import pytest

from domain.benefits.benefits import PaymentStatus
from domain.kernel import Bilingual
from store.benefits import benefits
from store.certificates import certificates
from store.database import AlreadyThere, NotThere, Store
from store.documents import department_documents
from store.documents.department_documents import DepartmentDocument
from tests.store.builders import application, certificate, instalment, sanction, sow
from tests.support.databases import NOW
from tests.support.stored import record_payment_status

LATER = NOW + timedelta(days=1)


async def test_certificates_are_found_every_way(store: Store) -> None:
    second = certificate("k2", "a2", created_at=LATER, valid_until=LATER.date())
    async with store.write_transaction() as tx:
        await sow(tx, application("a1"), application("a2"))
        await certificates.add(tx, certificate())
        await certificates.add(tx, second)
    async with store.read_transaction() as tx:
        assert await certificates.of_citizen(tx, "c1") == [second, certificate()]
        assert await certificates.of_citizen(tx, "c2") == []
        assert await certificates.of_applications(tx, ["a1", "a3"]) == {"a1": certificate()}
        assert await certificates.by_ids(tx, ["k2", "k3"]) == {"k2": second}
        assert await certificates.by_number(tx, "cert-k2") == second
        assert await certificates.by_uri(tx, certificate().uri) == certificate()
        assert await certificates.by_number(tx, "x") is None
        assert await certificates.by_uri(tx, "x") is None


async def test_an_application_gets_one_certificate(store: Store) -> None:
    async with store.write_transaction() as tx:
        await sow(tx, application("a1"))
        await certificates.add(tx, certificate())
        with pytest.raises(AlreadyThere):
            await certificates.add(tx, certificate("k2", "a1"))


async def test_sanctions_and_instalments_are_found_every_way(store: Store) -> None:
    granted = sanction("s2", "a1", sanctioned_at=LATER)
    async with store.write_transaction() as tx:
        await sow(tx, application("a1"))
        await benefits.add_sanction(tx, sanction())
        await benefits.add_sanction(tx, granted)
        await benefits.add_instalments(tx, [instalment("i2", sequence=2), instalment("i1")])
    async with store.read_transaction() as tx:
        assert await benefits.sanctions_of_citizen(tx, "c1") == [granted, sanction()]
        assert await benefits.sanctions_of_citizens(tx, ["c1", "c2"]) == {"c1": [granted, sanction()]}
        assert await benefits.sanction_of_applications(tx, ["a1", "a2"]) == {"a1": granted}
        assert await benefits.sanctions(tx, ["s1", "s9"]) == {"s1": sanction()}
        assert await benefits.instalments(tx, ["s1", "s2"]) == {"s1": [instalment("i1"), instalment("i2", sequence=2)]}
        assert await benefits.instalment(tx, "i1") == instalment()
        assert await benefits.instalment(tx, "i9") is None


async def test_no_order_to_pay_is_minted_twice(store: Store) -> None:
    async with store.write_transaction() as tx:
        await sow(tx, application("a1"))
        await benefits.add_sanction(tx, sanction("s1", "a1"))
        await benefits.add_instalments(tx, [instalment()])
        with pytest.raises(AlreadyThere):
            await benefits.add_sanction(tx, sanction("s2", "a1"))
        for twin in (
            instalment("i2"),
            instalment("i3", sequence=2, bill_number="bill-i1"),
            instalment("i4", sequence=2, end_to_end_id="e2e-i1"),
        ):
            with pytest.raises(AlreadyThere):
                await benefits.add_instalments(tx, [twin])


async def test_what_a_payment_was_is_remembered(store: Store) -> None:
    async with store.write_transaction() as tx:
        await sow(tx)
        await benefits.add_sanction(tx, sanction())
        await benefits.add_instalments(tx, [instalment()])
        credited = await record_payment_status(tx, "i1", PaymentStatus.CREDITED, LATER)
        assert (credited.status, credited.status_at) == (PaymentStatus.CREDITED, LATER)
        assert await record_payment_status(tx, "i1", PaymentStatus.CREDITED, LATER + LATER.resolution) == credited
        await record_payment_status(tx, "i1", PaymentStatus.RETURNED, LATER)
        with pytest.raises(NotThere):
            await record_payment_status(tx, "i9", PaymentStatus.CREDITED, LATER)
    async with store.read_transaction() as tx:
        [events] = (await benefits.payment_events(tx, ["i1"])).values()
    assert [(one.status, one.at) for one in events] == [
        (PaymentStatus.SANCTIONED, NOW),
        (PaymentStatus.CREDITED, LATER),
        (PaymentStatus.RETURNED, LATER),
    ]


async def test_department_documents_keep_parameters_and_consent_sealed(store: Store) -> None:
    document = DepartmentDocument(
        id="d1",
        citizen_id="c1",
        publisher="revenue-uk",
        doctype="INCER",
        name=Bilingual("आय प्रमाण पत्र", "Income Certificate"),
        parameters={"CertificateID": "UK-INC-778899"},
        consent={"consentId": "consent-1", "data": {"id": "INCER"}},
        valid_until=LATER,
    )
    async with store.write_transaction() as tx:
        await sow(tx)
        await department_documents.add(tx, document)
        with pytest.raises(AlreadyThere):
            await department_documents.add(tx, document)
        (row,) = (await tx.connection.execute(department_documents.department_documents_table.select())).all()
    assert "UK-INC-778899" not in repr(row)
    async with store.read_transaction() as tx:
        assert await department_documents.of_citizen(tx, "c1") == [document]
        assert await department_documents.by_ids(tx, ["d1", "d2"]) == {"d1": document}
