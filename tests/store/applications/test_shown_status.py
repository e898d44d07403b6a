"""Which applications are shown as sanctioned and not as delivered, because the money of a benefit did not arrive."""

import pytest

from domain.applications.lifecycle import Status
from domain.benefits.benefits import InstalmentKind, PaymentStatus
from store.applications import applications, shown_status
from store.benefits import benefits
from store.database import Store
from store.identity import people
from store.statistics import dashboard
from tests.store.builders import application, citizen, instalment, sanction

CREDITED, RETURNED, SENT = PaymentStatus.CREDITED, PaymentStatus.RETURNED, PaymentStatus.INSTRUCTED
REJECTED, AGAIN = PaymentStatus.BENEFICIARY_REJECTED, InstalmentKind.REISSUE


@pytest.mark.parametrize(
    ("payments", "status"),
    [
        ([(CREDITED, None)], Status.DELIVERED),
        ([(SENT, None)], Status.DELIVERED),
        ([(RETURNED, None)], Status.BENEFIT_SANCTIONED),
        ([(REJECTED, None)], Status.BENEFIT_SANCTIONED),
        ([(RETURNED, None), (CREDITED, None)], Status.DELIVERED),
        ([(CREDITED, None), (RETURNED, None)], Status.BENEFIT_SANCTIONED),
        ([(PaymentStatus.REISSUED, None), (SENT, AGAIN)], Status.BENEFIT_SANCTIONED),
        ([(PaymentStatus.REISSUED, None), (CREDITED, AGAIN)], Status.DELIVERED),
    ],
)
async def test_the_latest_payment_decides_where_a_benefit_is_shown(
    store: Store, payments: list[tuple[PaymentStatus, InstalmentKind | None]], status: Status
) -> None:
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, citizen())
        await applications.add(tx, application("a1", status=Status.DELIVERED))
        await applications.add(tx, application("a2", status=Status.DELIVERED))
        await benefits.add_sanction(tx, sanction("s1", "a1"))
        for place, (state, kind) in enumerate(payments, 1):
            more = {} if kind is None else {"kind": kind}
            await benefits.add_instalments(tx, [instalment(f"i{place}", "s1", place, status=state, **more)])

    async with store.read_transaction() as tx:
        lacking = await shown_status.not_arrived(tx, ["a1", "a2"])
        counts = await dashboard.counts(tx, "c1")
        listed = {
            one: [row.id for row in await applications.page_of_citizen(tx, "c1", statuses=[one], limit=9)]
            for one in (Status.DELIVERED, Status.BENEFIT_SANCTIONED)
        }
        both = await applications.count_of_citizen(tx, "c1", [Status.DELIVERED, Status.BENEFIT_SANCTIONED])

    assert lacking == ({} if status is Status.DELIVERED else {"a1": True})
    assert both == 2
    assert "a1" in listed[status]
    assert {one: len(rows) for one, rows in listed.items() if rows} == counts
