"""E-mail over a real line: the client against the sandbox, written apart from it."""

from dataclasses import replace

import pytest

from domain.kernel import ManualClock
from integrations.calling.errors import (
    Garbled,
    IntegrityFailure,
    NeverSent,
    NotLetIn,
    Refused,
    RemoteError,
    Unavailable,
)
from integrations.email import Email, EmailSettings, read_bounce
from integrations.email.wire import is_address
from sandbox.city.tls import new_authority
from tests.support.mail import REFERENCE, MailServer, mail_server
from tests.support.sign_in import NOW

pytestmark = pytest.mark.integration
MAIL = Email(
    "asha@citizen.example",
    "कार्यालय ने जानकारी माँगी है",
    "आवेदन UKAS 12345 67890: उत्तर दें।\n\nhttps://apuni.example/cases",
    "hi",
    REFERENCE,
    '<!doctype html><html lang="hi"><p>आवेदन UKAS 12345 67890: उत्तर दें।</p></html>',
    unsubscribe_url=f"https://seva.apuni.example/u/{REFERENCE}",  # with its header longer than a line
)


def to(local: str) -> Email:
    return replace(MAIL, address=f"{local}@citizen.example")


def fault(kind: str, step: str, calls: list[int] | None = None, **params):
    return {"kind": kind, "route": f"/smtp/{step}", "calls": calls, "params": params}


@pytest.fixture
async def server(tmp_path):
    async with mail_server(tmp_path, ManualClock(NOW)) as made:
        yield made


async def refused(server: MailServer, mail: Email = MAIL, **other) -> RemoteError:
    with pytest.raises(RemoteError) as error:
        await server.mailer(**other).send(mail)
    return error.value


async def test_a_mail_arrives_with_text_and_html_and_what_the_contract_asks(server: MailServer):
    name = await server.mailer().send(MAIL)

    [mail] = server.mails(MAIL.address)
    assert (mail["subject"], mail["text"]) == (MAIL.subject, MAIL.text)
    assert '<html lang="hi">' in mail["html"]
    assert mail["headers"]["Message-ID"] == name == f"<{REFERENCE}@bounce.apuni.example>"
    assert mail["headers"]["Auto-Submitted"] == "auto-generated"
    assert mail["headers"]["Content-Language"] == "hi"
    assert mail["headers"]["List-Unsubscribe"] == f"<{MAIL.unsubscribe_url}>"
    assert mail["envelope"] == f"bounce+{REFERENCE}@bounce.apuni.example"
    assert mail["notify"] == ["DELAY", "FAILURE"]


async def test_mail_that_nobody_can_switch_off_has_no_way_to_unsubscribe(server: MailServer):
    await server.mailer().send(replace(MAIL, unsubscribe_url=None), code=True)

    [mail] = server.mails(MAIL.address)
    assert [name for name in mail["headers"] if name.startswith("List-")] == []


async def test_implicit_tls_is_used_where_it_is_set(server: MailServer):
    await server.mailer(security="implicit", port=server.given["implicit_port"]).send(MAIL)

    assert len(server.mails(MAIL.address)) == 1


async def test_without_an_offer_of_starttls_nothing_is_said(server: MailServer):
    server.faults(fault("tls", "starttls", trouble="stripped"))
    error = await refused(server)

    assert (type(error), error.code, error.nothing_arrived) == (IntegrityFailure, "no_starttls", True)
    assert server.sandbox.ledger.entries() == []


@pytest.mark.parametrize("trouble", ["expired", "wrong_name", "self_signed"])
async def test_a_certificate_that_does_not_verify_is_not_trusted(server: MailServer, trouble):
    server.faults(fault("tls", "starttls", trouble=trouble))
    error = await refused(server)

    assert (type(error), error.code, error.nothing_arrived) == (NeverSent, "server_not_trusted", True)


async def test_a_certificate_of_another_authority_is_not_trusted_at_implicit_tls(server: MailServer):
    other = new_authority(NOW)["certificate"]
    error = await refused(server, security="implicit", port=server.given["implicit_port"], certificate=other)

    assert (type(error), error.code, error.nothing_arrived) == (NeverSent, "server_not_trusted", True)


async def test_a_server_that_does_not_listen_was_never_reached(server: MailServer):
    error = await refused(server, port=1)

    assert (type(error), error.code, error.nothing_arrived) == (NeverSent, "connection_failed", True)


async def test_a_wrong_password_is_ours_to_mend(server: MailServer):
    error = await refused(server, password="wrong")

    assert (type(error), error.code, error.nothing_arrived) == (NotLetIn, "login_refused", True)


@pytest.mark.parametrize(
    ("local", "kind", "code"),
    [
        ("unknown", Refused, "5.1.1"),
        ("later", Unavailable, "4.7.1"),
        ("spam", NotLetIn, "5.7.1"),
    ],
)
async def test_what_the_server_says_of_a_recipient_is_told(server: MailServer, local, kind, code):
    error = await refused(server, to(local))

    assert (type(error), error.code, error.nothing_arrived) == (kind, code, True)
    assert server.mails(f"{local}@citizen.example") == []


async def test_a_deferred_recipient_takes_the_mail_later(server: MailServer):
    await refused(server, to("greylisted"))
    await server.mailer().send(to("greylisted"))

    assert len(server.mails("greylisted@citizen.example")) == 1


async def test_deferred_recipients_open_no_breaker(server: MailServer):
    mailer = server.mailer()
    for _ in range(12):
        with pytest.raises(Unavailable):
            await mailer.send(to("later"))
    await mailer.send(MAIL)

    assert len(server.mails(MAIL.address)) == 1


@pytest.mark.parametrize("step", ["connect", "ehlo", "starttls", "auth", "mail", "rcpt"])
async def test_a_line_that_is_cut_before_the_mail_was_given_may_be_tried_again(server: MailServer, step):
    server.faults(fault("reset", step))
    error = await refused(server)

    assert (isinstance(error, Unavailable), error.nothing_arrived) == (True, True)
    assert server.mails(MAIL.address) == []


async def test_an_answer_lost_after_the_mail_was_given_says_that_it_may_be_there(server: MailServer):
    server.faults(fault("reset", "data", [2]))
    error = await refused(server)

    assert (error.code, error.nothing_arrived) == ("connection_lost", False)
    assert len(server.mails(MAIL.address)) == 1


async def test_a_line_that_is_no_reply_is_garbled(server: MailServer):
    server.faults(fault("malformed", "rcpt"))
    error = await refused(server)

    assert isinstance(error, Garbled)
    assert error.nothing_arrived


async def test_421_says_that_the_server_goes_away_and_nothing_of_the_recipient(server: MailServer):
    server.faults(fault("status", "rcpt", status="421 4.3.2 Closing"))
    error = await refused(server)

    assert (type(error), error.code, error.nothing_arrived) == (Unavailable, "smtp_421", True)


@pytest.mark.parametrize(
    ("local", "action", "status", "dead"),
    [
        ("gone", "failed", "5.1.1", True),
        ("full", "failed", "5.2.2", False),
        ("policy", "failed", "5.7.1", False),
        ("slow", "delayed", "4.4.1", False),
    ],
)
async def test_a_bounce_names_its_attempt_and_what_became_of_it(server: MailServer, local, action, status, dead):
    await server.mailer().send(to(local))
    [came] = server.bounces()
    bounce = read_bounce(came["message"].encode(), came["recipient"])

    assert (bounce.reference, bounce.action, bounce.status, bounce.address_is_dead) == (
        REFERENCE,
        action,
        status,
        dead,
    )
    assert read_bounce(came["message"].encode()) == bounce


@pytest.mark.parametrize(
    "given",
    [
        {"security": "none"},
        {"security": "guess"},
        {"password": ""},
        {"sender": "apuni.example"},
    ],
)
def test_settings_that_would_be_unsafe_or_are_spoilt_are_refused(given):
    whole = {"host": "h", "port": 25, "security": "starttls", "sender": "a@b.example", "sender_name": "A"}
    whole |= {"bounce_domain": "b.example", "username": "u", "password": "p"}
    EmailSettings.from_onboarding(whole)

    with pytest.raises((KeyError, ValueError)):
        EmailSettings.from_onboarding({**whole, **given})


@pytest.mark.parametrize(
    "text",
    [
        "a@b.example\r\nBcc: c@d.example",
        "a b@c.example",
        "a@b",
        "@c.example",
        "a@b@c.de",
        "a..b@c.de",
        ".a@c.de",
        "a.@c.de",
    ],
)
def test_what_is_no_address_is_none(text):
    assert not is_address(text)
