"""The citizen's locker: tokens renewed in time, kept before use, and a consent that has ended."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import parse_qs

import httpx
import pytest

from actions.applications.submit import submit_application
from actions.catalogue.submit_checks import DocumentSource, NewDocument
from actions.documents.attachments import Finding, check_documents, verify_document
from actions.documents.locker import CONSENT_NEEDED
from actions.kernel import Environment
from domain.kernel import ErrorCode, Problems, Provider, Source, SourceState
from integrations.calling.errors import Refused, Unavailable
from integrations.digilocker import DigiLocker, DigiLockerSettings
from store.applications import timeline
from store.identity import identities
from store.identity.identities import LockerTokens
from tests.support.actions import INCOME, World, papers, request_for
from tests.support.locker import locker_documents
from tests.support.papers import INCOME_PAPERS
from tests.support.remotes import remote_over

LOCKER = "69a505ce-9548-5124-90b1-6282e2c95f5e"
ITEM = {
    "name": "PAN",
    "type": "file",
    "size": "",
    "date": "2024-05-12T15:50:38Z",
    "parent": "",
    "mime": "application/pdf",
    "uri": "in.gov.pan-PANCR-1",
    "doctype": "PANCR",
    "description": "PAN",
    "issuerid": "in.gov.pan",
    "issuer": "Income Tax Department",
}


def answer(status: int, body: dict[str, object]) -> httpx.Response:
    """A response whose body is still to be read, as from a socket."""
    content = json.dumps(body).encode()
    return httpx.Response(status, headers={"content-type": "application/json"}, stream=httpx.ByteStream(content))


@dataclass
class Partner:
    """DigiLocker's side of the wire: which tokens are alive, and what was asked."""

    access: set[str] = field(default_factory=lambda: {"access-1"})
    refresh: set[str] = field(default_factory=lambda: {"refresh-1"})
    items: list[dict[str, str]] = field(default_factory=lambda: [ITEM])
    down: bool = False
    renewals: int = 0
    asked: list[str] = field(default_factory=list)
    before_renewal: Callable[[], None] = lambda: None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if self.down:
            return answer(503, {"error": "unexpected_error"})
        if request.url.path.endswith("/1/token"):
            return self._renew(parse_qs(request.content.decode())["refresh_token"][0])
        if request.headers["authorization"].removeprefix("Bearer ") not in self.access:
            return answer(401, {"error": "invalid_token"})
        if request.url.path.endswith("/1/user"):
            return answer(200, {"digilockerid": LOCKER, "name": "Asha Negi"})
        return answer(200, {"items": self.items, "resource": "D:"})

    def _renew(self, token: str) -> httpx.Response:
        self.before_renewal()
        if token not in self.refresh:
            return answer(400, {"error": "invalid_grant"})
        self.renewals += 1
        self.access, self.refresh = {f"access-{self.renewals + 1}"}, {f"refresh-{self.renewals + 1}"}
        body = {
            "access_token": next(iter(self.access)),
            "refresh_token": next(iter(self.refresh)),
            "expires_in": 3600,
            "token_type": "Bearer",
            "scope": "files.issueddocs",
            "digilockerid": LOCKER,
        }
        return answer(200, body)


@pytest.fixture
def partner() -> Partner:
    return Partner()


@pytest.fixture
def env(world: World, partner: Partner) -> Environment:
    remote = remote_over(httpx.MockTransport(partner), Source.DIGILOCKER, clock=world.clock)
    client = DigiLocker(remote, DigiLockerSettings("client", "secret"))
    return replace(world.env, partners=replace(world.env.partners, digilocker=client))


async def link(world: World, *, minutes: int, consent_until: datetime | None = None) -> None:
    tokens = LockerTokens(
        "access-1",
        "refresh-1",
        world.clock.now() + timedelta(minutes=minutes),
        "files.issueddocs",
        consent_until,
        LOCKER,
    )
    async with world.env.store.write_transaction() as tx:
        await identities.save_locker_grant(tx, world.asha.person_id or "", tokens, world.clock.now())


async def needs_consent(world: World) -> bool:
    async with world.env.store.read_transaction() as tx:
        accounts = (await identities.linked_accounts(tx, [world.asha.person_id or ""]))[world.asha.person_id or ""]
    return next(account.needs_consent for account in accounts if account.provider is Provider.DIGILOCKER)


async def test_good_tokens_are_used_as_they_are(world: World, env: Environment, partner: Partner):
    await link(world, minutes=30)
    listed = await locker_documents(env, world.asha, world.asha.person_id or "")
    assert [item.uri for item in listed.value] == ["in.gov.pan-PANCR-1"]
    assert partner.renewals == 0


async def test_tokens_about_to_end_are_renewed_and_kept(world: World, env: Environment, partner: Partner):
    await link(world, minutes=1)
    await locker_documents(env, world.asha, world.asha.person_id or "")
    async with env.store.read_transaction() as tx:
        kept = await identities.locker_grant(tx, world.asha.person_id or "")
    assert kept is not None
    assert (kept.access_token, kept.refresh_token, kept.version) == ("access-2", "refresh-2", 2)
    assert kept.expires_at == world.clock.now() + timedelta(hours=1)


async def test_many_requests_at_once_renew_once(world: World, env: Environment, partner: Partner):
    await link(world, minutes=0)
    await asyncio.gather(*(locker_documents(env, world.asha, world.asha.person_id or "") for _ in range(50)))
    assert partner.renewals == 1


async def test_tokens_that_ended_early_are_renewed_and_asked_again(world: World, env: Environment, partner: Partner):
    await link(world, minutes=30)
    partner.access = set()
    listed = await locker_documents(env, world.asha, world.asha.person_id or "")
    assert listed.state is SourceState.LIVE
    assert partner.renewals == 1


async def test_a_dead_refresh_token_means_that_consent_is_needed(world: World, env: Environment, partner: Partner):
    await link(world, minutes=0)
    partner.refresh = set()
    for _ in range(2):
        with pytest.raises(Refused) as caught:
            await locker_documents(env, world.asha, world.asha.person_id or "")
        assert caught.value.code == CONSENT_NEEDED
    assert await needs_consent(world)
    assert len([path for path in partner.asked if path.endswith("/token")]) == 1


async def test_where_another_process_renewed_first_its_tokens_are_taken(
    world: World, env: Environment, partner: Partner, monkeypatch: pytest.MonkeyPatch
):
    await link(world, minutes=0)
    refresh = env.partners.digilocker.refresh

    async def beaten(token: str, locker_id: str | None = None) -> object:
        async with env.store.write_transaction() as tx:
            present = await identities.locker_grant(tx, world.asha.person_id or "")
            assert present is not None
            later = world.clock.now() + timedelta(hours=1)
            theirs = replace(present, access_token="theirs", refresh_token="next", expires_at=later)
            await identities.save_locker_grant(tx, world.asha.person_id or "", theirs, world.clock.now())
        partner.access, partner.refresh = {"theirs"}, {"next"}
        return await refresh(token, locker_id)

    monkeypatch.setattr(env.partners.digilocker, "refresh", beaten)
    listed = await locker_documents(env, world.asha, world.asha.person_id or "")
    assert len(listed.value) == 1
    assert not await needs_consent(world)


async def test_while_digilocker_is_away_the_kept_list_is_shown_even_with_tokens_that_ended(
    world: World, env: Environment, partner: Partner
):
    await link(world, minutes=30)
    await locker_documents(env, world.asha, world.asha.person_id or "")
    partner.down = True
    world.clock.advance(timedelta(hours=2))
    listed = await locker_documents(env, world.asha, world.asha.person_id or "")
    assert listed.state is SourceState.STALE
    world.clock.advance(timedelta(hours=30))
    with pytest.raises(Unavailable):
        await locker_documents(env, world.asha, world.asha.person_id or "")


async def test_documents_are_hidden_when_the_consent_has_run_out(world: World, env: Environment, partner: Partner):
    await link(world, minutes=30, consent_until=world.clock.now() + timedelta(minutes=10))
    await locker_documents(env, world.asha, world.asha.person_id or "")
    world.clock.advance(timedelta(minutes=10))
    with pytest.raises(Refused):
        await locker_documents(env, world.asha, world.asha.person_id or "")
    assert await needs_consent(world)


async def test_without_a_linked_locker_consent_is_needed_and_nobody_is_asked(
    world: World, env: Environment, partner: Partner
):
    with pytest.raises(Refused) as caught:
        await locker_documents(env, world.asha, world.asha.person_id or "")
    assert caught.value.code == CONSENT_NEEDED
    assert partner.asked == []


async def test_the_locker_of_another_is_as_absent(world: World, env: Environment, partner: Partner):
    await link(world, minutes=30)
    with pytest.raises(Problems):
        await locker_documents(env, world.sunil, world.asha.person_id or "")
    assert partner.asked == []


PAPER = NewDocument("pan", ITEM["uri"], DocumentSource.DIGILOCKER)


async def looked_up(world: World, env: Environment, *, draft: bool = False) -> Finding:
    return (await check_documents(env, world.asha, world.asha.person_id or "", [PAPER], draft=draft))[0]


async def test_a_paper_that_was_withdrawn_since_the_kept_list_is_not_taken_at_hand_in(
    world: World, env: Environment, partner: Partner
):
    await link(world, minutes=30)
    await locker_documents(env, world.asha, world.asha.person_id or "")
    partner.items = []

    saved, handed_in = await looked_up(world, env, draft=True), await looked_up(world, env)

    assert saved.problem is None
    assert handed_in.problem is not None
    assert handed_in.problem.code is ErrorCode.DOCUMENT_UNKNOWN
    assert (await locker_documents(env, world.asha, world.asha.person_id or "")).value == ()


async def test_a_kept_list_verifies_no_paper_while_the_locker_is_away(world: World, env: Environment, partner: Partner):
    await link(world, minutes=30)
    await locker_documents(env, world.asha, world.asha.person_id or "")
    partner.down = True

    application, _ = await submit_application(env, world.asha, request_for(INCOME, documents=papers(*INCOME_PAPERS)))

    async with env.store.read_transaction() as tx:
        attached = (await timeline.documents(tx, [application.id]))[application.id]
    assert {paper.verified_at for paper in attached} == {None}
    with pytest.raises(Unavailable):
        await verify_document(env, attached[0].id, application_id=application.id)
