import base64
from dataclasses import replace
from pathlib import Path

from domain.applications.applications import Decision, RejectionGround
from domain.kernel import Bilingual, PersonKind, Provider
from store.applications import applications, timeline
from store.certificates import certificates
from store.database import Store, idempotency
from store.identity import identities, people
from store.identity.identities import LockerTokens
from store.platform import outbox
from tests.store.builders import application, certificate, citizen, document, entry
from tests.support.databases import NOW

CANARIES = ("Canary-Devi", "कनारीदेवी", "9419419419", "canary@example.test", "1961-07-23", "Canary-Token", "Canary-Form")


async def test_no_personal_data_can_be_read_from_the_databases_files(sqlite_store: Store, tmp_path: Path) -> None:
    name, hindi, mobile, email, _, token, form = CANARIES
    born_on = citizen().born_on.replace(1961, 7, 23) if citizen().born_on else None
    refused = Decision(False, RejectionGround.FACTS_NOT_CONFIRMED, f"{name} was not at home", "o1", NOW)
    async with sqlite_store.write_transaction() as tx:
        person = citizen(name=Bilingual(hindi, name), mobile=mobile, email=email, born_on=born_on)
        await people.add_citizen(tx, person)
        await people.update_citizen(tx, replace(person, gender="T"))
        await applications.add(tx, application(form={"father": form, "mobile": mobile}, decision=refused))
        await applications.save(tx, application(form={"father": form}, decision=refused), 1)
        await timeline.add_entry(tx, entry("t1", note=f"{name}: {mobile}"), "c1")
        await timeline.add_documents(tx, "a1", [replace(document("p1"), name=name, uri=f"uri-{name}")])
        await certificates.add(tx, certificate(holder=Bilingual(hindi, name)))
        await identities.add_identity(tx, Provider.PARICHAY, email, PersonKind.CITIZEN, "c1", NOW, "HIGH")
        tokens = LockerTokens(token, token, NOW, "scope", None, token)
        await identities.save_locker_grant(tx, "c1", tokens, NOW)
        await outbox.add(tx, "notify", "n1", {"mobile": mobile})
        await idempotency.begin(tx, "scope", mobile, "hash", NOW)
        await idempotency.complete(tx, "scope", mobile, {"name": name})
    files = list(tmp_path.glob("store.db*"))
    content = b"".join(path.read_bytes() for path in files)
    await sqlite_store.close()
    content += (tmp_path / "store.db").read_bytes()
    assert len(content) > 100_000
    for canary in CANARIES:
        for form_of_it in (canary.encode(), canary.encode("utf-16-le"), base64.b64encode(canary.encode())[:-4]):
            assert form_of_it not in content
