"""What mail programs and mail servers do with a mail: one click, a scanner's GET, and the pipe of bounces."""

import io
from types import SimpleNamespace

import httpx
import pytest
from starlette.applications import Starlette

from actions.kernel import Environment
from domain.feedback.messages import MessageChannel, MessageState
from gateway.installation import email as command
from gateway.pages.rendering import Pages
from gateway.pages.unsubscribe import unsubscribe_routes
from gateway.settings.portal import Portal
from store.feedback import messages
from tests.actions.feedback.test_email import confirmed, mail_of, server, stop_name  # noqa: F401 - a fixture among them
from tests.support.actions import World
from tests.support.messages import carried, told

pytestmark = pytest.mark.integration
PAIR = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def world(sqlite_peopled: World) -> World:
    return sqlite_peopled


def browser(env: Environment) -> httpx.AsyncClient:
    app = Starlette(routes=unsubscribe_routes(env))
    app.state.pages = Pages(Portal())
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://apuni.example")


@pytest.fixture
async def link(world, server) -> str:  # noqa: F811
    """The address by which a mail that Asha got is stopped."""
    await confirmed(world)
    await told(world)
    await carried(world)
    return f"/u/{await stop_name(server.mails('asha.negi@citizen.example')[0])}"


async def wants_mail(world: World) -> bool:
    async with world.env.store.read_transaction() as tx:
        chosen = await messages.settings_of(tx, [world.asha.person_id or ""])
    return not chosen or MessageChannel.EMAIL in chosen[world.asha.person_id or ""].channels


async def test_one_click_stops_mails_without_cookie_or_redirect(world, link):
    async with browser(world.env) as mail_program:
        answer = await mail_program.post(link, data=PAIR)

    assert (answer.status_code, "set-cookie" in answer.headers, await wants_mail(world)) == (200, False, False)


async def test_a_scanner_that_follows_the_link_changes_nothing(world, link):
    async with browser(world.env) as scanner:
        answer = await scanner.get(link)

    assert (answer.status_code, await wants_mail(world)) == (200, True)
    assert 'name="List-Unsubscribe" value="One-Click"' in answer.text


@pytest.mark.parametrize(
    ("data", "status"), [({}, 400), ({"List-Unsubscribe": "Two-Clicks"}, 400), ({"List-Unsubscribe-Post": "1"}, 400)]
)
async def test_another_post_than_the_pair_changes_nothing(world, link, data, status):
    async with browser(world.env) as mail_program:
        answer = await mail_program.post(link, data=data)

    assert (answer.status_code, await wants_mail(world)) == (status, True)


async def test_a_click_that_is_repeated_is_answered_alike(world, link):
    async with browser(world.env) as mail_program:
        answers = [await mail_program.post(link, data=PAIR) for _ in range(2)]

    assert ([each.status_code for each in answers], await wants_mail(world)) == ([200, 200], False)


async def test_a_body_that_is_too_large_changes_nothing(world, link):
    async with browser(world.env) as stranger:
        answer = await stranger.post(link, data={**PAIR, "x": "a" * 2_000_000})

    assert (400 <= answer.status_code < 500, await wants_mail(world)) == (True, True)


async def test_no_log_of_a_click_tells_whose_mail_it_was(world, link, capsys):
    async with browser(world.env) as mail_program:
        await mail_program.post(link, data=PAIR)
        await mail_program.post(f"{link}0", data=PAIR)

    logged = "".join(capsys.readouterr())
    assert not any(canary in logged for canary in ("asha.negi@citizen.example", world.asha.person_id, link))


async def test_a_link_that_nobody_made_is_not_there(world, link):
    async with browser(world.env) as mail_program:
        answers = [await mail_program.post(f"{link}0", data=PAIR), await mail_program.get("/u/1.2")]

    assert [each.status_code for each in answers] == [404, 404]
    assert await wants_mail(world)


async def piped(monkeypatch: pytest.MonkeyPatch, world: World, content: bytes, to: str | None) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    await command.take_bounce(world.env, to)


async def test_a_bounce_that_the_mail_server_pipes_ends_its_mail(world, server, monkeypatch):  # noqa: F811
    await confirmed(world, "gone@citizen.example")
    await told(world)
    await carried(world)
    [came] = server.bounces()
    await piped(monkeypatch, world, came["message"].encode(), came["recipient"])

    assert (await mail_of(world)).state is MessageState.FAILED


@pytest.mark.parametrize("content", [b"", b"To: bounce@x.example\n\nhello", b"\xff" * 2_000_000])
async def test_what_is_no_bounce_is_ignored_without_an_error(world, monkeypatch, capsys, content):
    await piped(monkeypatch, world, content, None)

    assert "ignored" in capsys.readouterr().out
