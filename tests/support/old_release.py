"""Run with the tree of an earlier release: reads and writes until told to stop, as its running gateway would.

Usage: old_release.py URL KEYS STOP; prints `ready`, and at the end the writes, the reads and the longest wait in ms.
"""

import asyncio
import sys
import time
from dataclasses import replace
from pathlib import Path


def tell(line: str) -> None:
    """A line for the test that started us."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def main(url: str, keys: str, stop: str) -> None:
    from domain.applications.applications import Application, Channel, DeliveryMode
    from domain.applications.lifecycle import Status
    from domain.kernel import Bilingual, Citizen, Language, SystemClock
    from store.applications import applications
    from store.database import FieldCipher, Keyrings, Store
    from store.identity import people
    from store.platform import outbox

    now = SystemClock().now()
    store = await Store.open(url, cipher=FieldCipher(Keyrings(Path(keys))), clock=SystemClock())
    person = Citizen(
        id="old-release",
        name=Bilingual(None, "Asha"),
        born_on=None,
        gender=None,
        mobile=None,
        email=None,
        district="49",
        tehsil=None,
        language=Language.HI,
        aadhaar_last4=None,
        aadhaar_reference=None,
        created_at=now,
    )
    case = Application(
        id="", number="", acknowledgement=None, citizen_id=person.id, service_code="ES09", department=None,
        district="49", tehsil=None, channel=Channel.WEB, operator_id=None, delivery=DeliveryMode.PORTAL,
        status=Status.DRAFT, version=1, form={"a": "b"}, fee_paise=None, fee_receipt=None, officer_id=None,
        limit=None, clock_started_at=None, paused_since=None, paused_days=0, due_at=None, decision=None,
        created_at=now, submitted_at=None, delivered_at=None, updated_at=now,
    )  # fmt: skip
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, person)
    tell("ready")
    many, longest, after = 0, 0.0, 0
    while True:
        ended = Path(stop).exists()
        begun = time.monotonic()
        async with store.write_transaction() as tx:
            await applications.add(tx, replace(case, id=f"old-{many}", number=f"old-{many}"))
            await outbox.add(tx, "letter", f"old-{many}", {"n": many})
        async with store.write_transaction() as tx:
            held = await applications.get(tx, f"old-{many}")
            assert held is not None
            await applications.save(tx, replace(held, form={"a": "c"}), 1)
        async with store.read_transaction() as tx:
            found = await applications.page_of_citizen(tx, person.id, limit=5)
            assert len(found) == min(many + 1, 5)
        longest, many, after = max(longest, time.monotonic() - begun), many + 1, after + ended
        if after >= 5:  # some rounds on the new schema
            break
    await store.close()
    tell(f"{many} {longest * 1000:.0f}")


if __name__ == "__main__":
    sys.path.insert(0, ".")
    asyncio.run(main(*sys.argv[1:]))
