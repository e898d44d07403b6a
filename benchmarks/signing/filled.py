"""A store with many approved applications whose certificates wait for the officer who decided, and her token."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx

from actions.catalogue.catalogue_import import import_catalogue
from actions.certificates.issue import issue_certificate
from actions.certificates.token_enrolments import AnswerToken, EnrolToken, answer_token, enrol_token
from actions.kernel import Environment
from benchmarks.messages.filled import clock_of
from domain.applications.applications import Application
from domain.certificates.officer_signatures import CertificateSigning, SigningState
from domain.kernel import Bilingual, NumberKind, Source, Subject, SystemIds, make_number
from gateway.documents.authority import Authority
from gateway.documents.officer_signer import OfficerSigner
from integrations.trust_services import TrustServices
from store.applications.application_rows import APPLICATIONS
from store.certificates import officer_signatures
from store.database import FieldCipher, Keyrings, Store, Transaction
from store.identity import people
from tests.support.actions import FREE, World, catalogue_rows, people_of_the_world
from tests.support.catalogued import bare_environment, calendar_of_the_catalogue
from tests.support.remotes import remote_over_socket, shared_resilience
from tests.support.signing import ADMIN, let_officers_sign, trust_settings

_PAGE = 500


@asynccontextmanager
async def open_environment(folder: Path, url: str) -> AsyncIterator[Environment]:
    """The environment of gateway and worker, connected with the authorities over sockets."""
    clock, keyrings = clock_of(folder), Keyrings(folder / "keys")
    keyrings.init()
    async with AsyncExitStack() as stack:
        store = await Store.open(url, cipher=FieldCipher(keyrings), clock=clock)
        stack.push_async_callback(store.close)
        env = await stack.enter_async_context(bare_environment(store, keyrings, clock, folder, SystemIds(clock)))
        settings, shared = trust_settings(folder), shared_resilience(clock)
        hosts = {host: remote_over_socket(Source.TRUST_SERVICES, host, shared) for host in settings.hosts}
        stamps = remote_over_socket(Source.TRUST_SERVICES, settings.timestamps or "", shared)
        trust = TrustServices(settings, hosts, stamps)
        rules = replace(env.rules, calendar=calendar_of_the_catalogue())
        yield replace(env, rules=rules, partners=replace(env.partners, others={"trust_services": trust}))


def renderer_of(env: Environment, folder: Path) -> OfficerSigner:
    """What lays out and signs, with its keys made."""
    Authority(env.keyrings, folder / "certificates", env.clock).signer("xml")
    return OfficerSigner(env.keyrings, folder / "certificates", env.clock)


async def fill(folder: Path, url: str, many: int) -> None:
    """The catalogue, an officer with her token, and so many applications that she approved."""
    async with open_environment(folder, url) as env:
        await import_catalogue(env, catalogue_rows())
        subjects = await people_of_the_world(env)
        await let_officers_sign(env.store, FREE)
        officer = subjects["registrar"]
        token = await insert(folder)
        enrolment, _ = await enrol_token(env, officer, EnrolToken(token["certificate"], "enrol"))
        await answer_token(env, ADMIN, AnswerToken(enrolment.id, True, "answer"))
        first = await _approved(env, subjects)
        assert await issue_certificate(env, first.id, renderer_of(env, folder)) is None
        for start in range(1, many, _PAGE):
            numbers = range(start, min(start + _PAGE, many))
            await env.store.carry_out(lambda tx, numbers=numbers: _copy(tx, env, first, numbers))  # type: ignore[misc]
        told = {"officer": officer.person_id, "sha256": token["sha256"]}
        (folder / "officer.json").write_text(json.dumps(told))


async def insert(folder: Path) -> dict[str, str]:
    """A token in the bridge of the city."""
    [host] = trust_settings(folder).hosts
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        asked = {"action": "insert", "arguments": {"name": "registrar"}}
        made: dict[str, str] = (await client.post(f"{host}/_act", json=asked)).raise_for_status().json()
    return made


async def _approved(env: Environment, subjects: dict[str, Subject]) -> Application:
    told = env.partners
    clock = env.clock
    world = World(env=env, clock=clock, locker=told.digilocker, dbt=told.dbt, apisetu=told.apisetu, **subjects)  # type: ignore[arg-type]
    return await world.approved(world.asha, FREE, world.registrar)


async def _copy(tx: Transaction, env: Environment, first: Application, numbers: range) -> None:
    """The same for others, each of whom has a name of her own."""
    citizen = (await people.citizens(tx, [first.citizen_id]))[first.citizen_id]
    applications, signings = [], []
    for number in numbers:
        key = f"c-{number:07d}"
        name = Bilingual(f"नागरिक {number}", f"Citizen {number}")
        await people.add_citizen(tx, replace(citizen, id=key, name=name, mobile=f"91{number:08d}"))
        filed = make_number(NumberKind.APPLICATION, 2026, f"{number:010d}")
        applications.append(replace(first, id=env.ids.key(), number=filed, acknowledgement=None, citizen_id=key))
        signer = first.decision.officer_id or "" if first.decision else ""
        signings.append(
            CertificateSigning(
                id=applications[-1].id,
                application_id=applications[-1].id,
                signers=(signer,),
                state=SigningState.WAITING,
                created_at=env.clock.now(),
                signer_id=signer,
            )
        )
    await APPLICATIONS.add_all(tx, applications)
    await officer_signatures.SIGNINGS.add_all(tx, signings)
