"""The made-up state of Neithal: another Act, other offices, Tamil, and a case up to its certificate."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.respond import AnswerQuery, answer_query
from actions.applications.submit import submit_application
from actions.catalogue.catalogue_import import import_catalogue
from actions.certificates.issue import issue_certificate
from actions.kernel import Environment
from demo.seeding import catalogue_rows
from domain.applications.applications import RejectionGround
from domain.applications.deadline import Fixed, deadline_at
from domain.applications.lifecycle import Status
from domain.kernel import (
    Bilingual,
    Language,
    Officer,
    OfficerLevel,
    PersonKind,
    Posting,
    Role,
    SeededIds,
    Subject,
    language_from_header,
)
from domain.kernel.messages import install_state, label, written_texts
from domain.kernel.state import installed_state
from gateway.documents.renderer import CertificateRenderer
from states.packages import StatePackage, read_package
from store.applications import applications
from store.database import Keyrings, Store
from store.identity import people
from tests.support.actions import _citizen, request_for
from tests.support.catalogued import bare_environment
from tests.support.fit_settings import certify
from tests.support.state import STATE

FOLDER = Path(__file__).with_name("neithal")
REVENUE, PLACE = "revenue", {"district": "901", "tehsil": "9011"}


@pytest.fixture
def neithal() -> Iterator[StatePackage]:
    """The package, installed for one test."""
    package = read_package(str(FOLDER))
    install_state(package.state)
    yield package
    install_state(STATE)


@pytest.fixture
async def env(
    neithal: StatePackage, sqlite_store: Store, store_keyrings: Keyrings, tmp_path: Path
) -> AsyncIterator[Environment]:
    """An environment of the state with its catalogue."""
    clock = sqlite_store.clock
    async with bare_environment(sqlite_store, store_keyrings, clock, tmp_path, SeededIds(clock, "neithal")) as bare:
        calendar = (await import_catalogue(bare, catalogue_rows(FOLDER))).calendar
        rules = replace(bare.rules, law=neithal.law, issuer_id=neithal.state.issuer_id, calendar=calendar)
        yield replace(bare, rules=rules)


async def citizen_and_officer(env: Environment) -> tuple[Subject, Subject]:
    """A citizen of Thuraimugam, and the designated officer of her tehsil."""
    citizen = replace(_citizen(env, "Kayal", "கயல்விழி"), **PLACE, language=Language.TA)
    posting = Posting(Role.OFFICER, REVENUE, "901", "9011", OfficerLevel.DESIGNATED)
    officer = Officer(
        env.ids.key(), Bilingual("நிலவன்", "Nilavan"), Bilingual("வட்டாட்சியர்", "Tahsildar"), "o@x.example", (posting,)
    )
    async with env.store.write_transaction() as tx:
        await people.add_citizen(tx, citizen)
        await people.add_officer(tx, officer)
    return (
        Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, citizen.id),
        Subject(frozenset({Role.OFFICER}), PersonKind.OFFICER, officer.id, officer.postings),
    )


async def test_a_case_goes_from_application_over_a_query_to_a_certificate_in_tamil(env: Environment, tmp_path: Path):
    kayal, officer = await citizen_and_officer(env)
    request = request_for("NX01", **PLACE, form={"father_name": "Velan"})
    application = (await submit_application(env, kayal, request))[0]
    query = Decide(application.id, Verdict.RAISE_QUERY, "q", ground=RejectionGround.NOT_ELIGIBLE, reason="Which year?")
    await decide_application(env, officer, query)
    await answer_query(env, kayal, AnswerQuery(application.id, "2026", {}, "a"))
    await decide_application(env, officer, Decide(application.id, Verdict.APPROVE, "d"))

    certify(env.keyrings, tmp_path / "certificates", env.clock)
    renderer = CertificateRenderer(env.keyrings, tmp_path / "certificates", env.clock)
    issued = await issue_certificate(env, application.id, renderer)

    assert issued is not None
    async with env.store.read_transaction() as tx:
        after = await applications.get(tx, application.id)
    assert after is not None
    assert after.status is Status.DELIVERED
    assert issued.uri.startswith("in.example.neithal-INCER-")
    document = pypdfium2.PdfDocument(await env.objects.get(issued.pdf_sha256))
    words = "".join("".join(page.get_textpage().get_text_range().split()) for page in document)
    for said in ("நெய்தல் அரசு (கற்பனை)", "கயல்விழி", "வருமானச் சான்றிதழ்", "Government of Neithal (made up)"):
        assert "".join(said.split()) in words
    assert not any("\u0900" <= letter <= "\u097f" for letter in words)
    assert b'state="Neithal (made up)"' in await env.objects.get(issued.xml_sha256)


async def test_the_limit_runs_by_the_states_own_act_and_calendar(env: Environment):
    kayal, _ = await citizen_and_officer(env)

    application = (await submit_application(env, kayal, request_for("NX01", **PLACE, form={})))[0]

    at = deadline_at(
        env.clock.now(),
        started_at=application.clock_started_at,
        limit=application.limit,
        calendar=env.work_calendar,
        district="901",
        pause=None,
        paused_days=0,
        fixed=Fixed(application.due_at, None),
    )
    assert installed_state().limit_section in at.basis
    assert env.rules.law.first_appeal_days.value == 21


def test_the_language_is_tamil_where_nobody_asks_for_another(neithal: StatePackage):
    assert language_from_header(None) is Language.TA
    assert language_from_header("hi, en;q=0.5") is Language.EN


def test_a_text_that_the_state_has_not_is_in_english(neithal: StatePackage):
    assert label("status.DRAFT", Language.TA) == "வரைவு"
    assert label("error.CONFLICT", Language.TA) == label("error.CONFLICT", Language.EN)


def test_the_state_has_every_text_that_only_a_state_can_give(neithal: StatePackage):
    own = {line for line in (FOLDER / "locale" / "en.po").read_text().splitlines() if line.startswith("msgid")}

    assert own <= {f'msgid "{key}"' for key in ("", *written_texts(Language.TA))}
