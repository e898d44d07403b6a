"""Officers who sign with tokens, for tests: the sandbox of authorities and tokens, and the worker's steps."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from actions.certificates.issue import issue_certificate
from actions.certificates.signing_queue import (
    HandInSignatures,
    PrepareSignatures,
    SigningBatch,
    TokenSignature,
    hand_in_signatures,
    prepare_signatures,
    waiting_for,
)
from actions.certificates.token_enrolments import AnswerToken, EnrolToken, answer_token, enrol_token
from actions.kernel import Environment
from domain.applications.applications import Application
from domain.catalogue.definitions import Definition, SignedBy, step_from
from domain.certificates.certificates import IssuedCertificate
from domain.certificates.officer_signatures import MOST_IN_PART, CertificateSigning, TokenEnrolment
from domain.kernel import ManualClock, PersonKind, Posting, Role, Source, Subject
from gateway.documents.authority import Authority
from gateway.documents.officer_signer import OfficerSigner
from gateway.worker.deliveries import Deliveries
from gateway.worker.topics import handlers
from integrations.trust_services import TrustServices, TrustSettings
from sandbox.city.kit import Sandbox
from sandbox.trust_services.server import create_sandbox
from store.catalogue import catalogue
from store.certificates import certificates, officer_signatures
from store.database import Store
from store.identity import people
from tests.support.actions import FREE, World
from tests.support.remotes import remote_over, shared_resilience
from tests.support.sign_in import GATEWAY, sandbox_home

ADMIN = Subject(frozenset({Role.ADMIN}), PersonKind.OFFICER, "admin", (Posting(Role.ADMIN),))
SECOND_ADMIN = replace(ADMIN, person_id="second-admin")


@dataclass
class Signing:
    """A world in which a service's certificates are signed by officers, and the sandbox that they need."""

    world: World
    sandbox: Sandbox
    trust: TrustServices
    renderer: OfficerSigner
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    count: int = 0

    def key(self) -> str:
        """A new idempotency key."""
        self.count += 1
        return f"signing-{self.count}"

    def insert(self, name: str = "registrar", flaw: str = "") -> dict[str, Any]:
        """A token in the bridge."""
        made: dict[str, Any] = self.sandbox.actions["insert"]({"name": name, "flaw": flaw})
        return made

    def fate(self, fate: str, at: int = 0) -> None:
        """What becomes of the next signatures."""
        self.sandbox.actions["fate"]({"fate": fate, "at": at})

    def revoke(self, token: dict[str, Any]) -> None:
        """Its authority revokes a token."""
        self.sandbox.actions["revoke"]({"serial": token["serial"]})

    async def enrol(self, officer: Subject, token: dict[str, Any], *, confirm: bool = True) -> TokenEnrolment:
        """The officer enters her token, and an administrator confirms it."""
        env = self.world.env
        entered, _ = await enrol_token(env, officer, EnrolToken(token["certificate"], self.key()))
        if not confirm:
            return entered
        return (await answer_token(env, ADMIN, AnswerToken(entered.id, True, self.key())))[0]

    async def enrolled(self, officer: Subject | None = None) -> dict[str, Any]:
        """A token of an officer, the registrar's where none is named, that holds."""
        token = self.insert()
        await self.enrol(officer or self.world.registrar, token)
        return token

    async def decided(self, officer: Subject | None = None, **changes: Any) -> Application:
        """An approved application, whose certificate waits for its officer."""
        world = self.world
        application = await world.approved(world.asha, FREE, officer or world.registrar, **changes)
        assert await issue_certificate(world.env, application.id, self.renderer) is None
        return application

    async def work(self) -> None:
        """What the worker does with the outbox."""
        await Deliveries(self.world.env, handlers(self.renderer), asyncio.Event()).deliver_due()

    async def waiting(self, officer: Subject | None = None) -> list[CertificateSigning]:
        """What waits for an officer."""
        return await waiting_for(self.world.env, officer or self.world.registrar)

    async def prepared(self, token: dict[str, Any], *signing_ids: str, officer: Subject | None = None) -> SigningBatch:
        """A batch of these, or of all that waits, prepared by the worker."""
        subject, env = officer or self.world.registrar, self.world.env
        chosen = signing_ids or tuple(one.id for one in await self.waiting(subject))
        batch, _ = await prepare_signatures(env, subject, PrepareSignatures(chosen, token["sha256"], self.key()))
        await self.work()
        return await self.batch(batch.id)

    async def batch(self, batch_id: str) -> SigningBatch:
        """A batch as it now stands."""
        items = await self.world.env.store.read(lambda tx: officer_signatures.in_batch(tx, batch_id))
        return SigningBatch(batch_id, "", tuple(items))

    async def signed(self, token: dict[str, Any], batch: SigningBatch) -> tuple[TokenSignature, ...]:
        """What the bridge gives for what is prepared in a batch."""
        asked = [{"id": one.id, "sha256": one.digest} for one in batch.items if one.digest]
        answer = (await ask_bridge(self.sandbox, "sign", certSha256=token["sha256"], items=asked)).json()
        hashes = {one.id: one.digest or "" for one in batch.items}
        return tuple(
            TokenSignature(one["id"], hashes[one["id"]], one.get("signature"), one.get("error"))
            for one in answer["items"]
        )

    async def hand_in(
        self, batch: SigningBatch, signatures: Sequence[TokenSignature], officer: Subject | None = None
    ) -> SigningBatch:
        """Hand signatures in, in parts as the page does, and let the worker fill them in."""
        for start in range(0, len(signatures), MOST_IN_PART):
            await self.hand_in_at_once(batch, signatures[start : start + MOST_IN_PART], officer)
        await self.work()
        return await self.batch(batch.id)

    async def hand_in_at_once(
        self, batch: SigningBatch, signatures: Sequence[TokenSignature], officer: Subject | None = None
    ) -> None:
        """Hand signatures in by one request."""
        request = HandInSignatures(batch.id, tuple(signatures), self.key())
        await hand_in_signatures(self.world.env, officer or self.world.registrar, request)

    async def give_posts(self, officer: Subject, postings: tuple[Posting, ...]) -> Subject:
        """The officer in other posts, from now on."""
        async with self.world.env.store.write_transaction() as tx:
            found = await people.officers(tx, [officer.person_id or ""])
            await people.update_officer(tx, replace(found[officer.person_id or ""], postings=postings))
        return replace(officer, postings=postings)

    async def certificate(self, application: Application) -> IssuedCertificate | None:
        """The certificate of an application, once it is released."""
        found = await self.world.env.store.read(lambda tx: certificates.of_applications(tx, [application.id]))
        return found.get(application.id)


async def ask_bridge(sandbox: Sandbox, call: str, **body: Any) -> httpx.Response:
    """One call of a page to the sandbox's bridge, with a nonce of its own."""
    transport, headers = httpx.ASGITransport(app=sandbox.app), {"Origin": GATEWAY}
    address = "http://127.0.0.1:27110/bridge/v1"
    async with httpx.AsyncClient(transport=transport, base_url=address, headers=headers) as page:
        nonce = (await page.post("/nonce", json={})).json()["nonce"]
        return await page.post(f"/{call}", json={**body, "nonce": nonce})


async def signing_in(
    world: World, folder: Path, signed_by: SignedBy = SignedBy.OFFICER, *, gateway: str = GATEWAY
) -> Signing:
    """A world whose birth certificates are signed so; the bridge answers pages of the gateway."""
    env, sandbox, trust = trusting(world.env, world.clock, folder, gateway)
    await let_officers_sign(env.store, FREE, signed_by)
    renderer = OfficerSigner(env.keyrings, folder / "certificates", world.clock)
    Authority(env.keyrings, folder / "certificates", world.clock).signer("xml")  # once, before threads ask side by side
    return Signing(replace(world, env=env), sandbox, trust, renderer)


def trusting(
    env: Environment, clock: ManualClock, folder: Path, gateway: str = GATEWAY
) -> tuple[Environment, Sandbox, TrustServices]:
    """An environment that is connected with the sandbox of authorities and tokens."""
    sandbox = create_sandbox(replace(sandbox_home(folder, "trust_services", clock), gateway_url=gateway))
    settings = trust_settings(folder)
    shared = shared_resilience(clock)
    hosts = {host: remote_over(sandbox.app, Source.TRUST_SERVICES, host, shared=shared) for host in settings.hosts}
    stamps = remote_over(sandbox.app, Source.TRUST_SERVICES, settings.timestamps or "", shared=shared)
    trust = TrustServices(settings, hosts, stamps)
    return replace(env, partners=replace(env.partners, others={"trust_services": trust})), sandbox, trust


def trust_settings(folder: Path) -> TrustSettings:
    """What the sandbox of authorities handed over."""
    read: dict[str, Any] = json.loads((folder / "onboarding" / "trust_services.json").read_text(encoding="utf-8"))
    return TrustSettings.from_onboarding(read)


async def let_officers_sign(store: Store, code: str, signed_by: SignedBy = SignedBy.OFFICER) -> None:
    """Have a definition say who signs the certificates of a service."""
    two = signed_by is SignedBy.TWO_OFFICERS
    kinds = ["SCRUTINY", *(["SECOND_APPROVAL"] if two else []), "ISSUE"]
    steps = tuple(step_from({"kind": kind}) for kind in kinds)
    definition = Definition(steps, "a test", "the Act", "a notification", signed_by=signed_by)
    async with store.write_transaction() as tx:
        service = await catalogue.service(tx, code)
        assert service is not None
        await catalogue.upsert_services(tx, [replace(service, definition=definition, needs_second_pair=two)])
