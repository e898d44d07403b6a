"""A text of messages is proposed, confirmed by a second administrator, and in force from its day."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from actions.feedback.texts import (
    ConfirmMessageText,
    ProposeMessageText,
    confirm_message_text,
    proposals_for,
    propose_message_text,
    texts_for,
    texts_in_force,
    unreadable_texts,
)
from actions.identity.code_sending import Addressee, make_code, send_code
from actions.kernel import UnitOfWork
from domain.catalogue.definitions import DraftState
from domain.feedback.text_proposals import TextProposal
from domain.identity.assisting import CodeKind
from domain.kernel import SYSTEM, ErrorCode, Language, PersonKind, Posting, Problems, Role, Subject
from states.message_texts import document_of_file
from states.packages import state_folder
from store.database import Board, raise_version
from store.feedback import text_proposals
from store.identity.sent_codes import codes_table
from tests.support.actions import World
from tests.support.messages import DAY, MOBILE, carried, told

EVENT = "DELIVERED"
NEITHAL = Path(__file__).parents[2] / "states" / "neithal"
TODAY, TOMORROW = DAY.date(), DAY.date() + timedelta(days=1)


def administrator(name: str, role: Role = Role.ADMIN, department: str | None = None) -> Subject:
    return Subject(frozenset({role}), PersonKind.OFFICER, name, (Posting(role, department=department),))


FIRST, SECOND = administrator("first"), administrator("second")


def document(words: str = "{number}: it is yours.", **more: Any) -> str:
    """The file of the event with other words in Hindi, which are registered."""
    content = json.loads(document_of_file(state_folder() / "messages" / f"{EVENT}.json"))
    hindi = content["sms"]["hi"]
    hindi["text"] = words
    content["dlt"][hindi["template"]] = words.replace("{number}", "{#alphanumeric#}")
    return json.dumps(content | more)


async def proposed(world: World, words: str | None = "अब आवेदन {number} आपका है।", on: date = TODAY) -> TextProposal:
    request = ProposeMessageText(EVENT, on, f"propose-{words}-{on}", words and document(words))
    return (await propose_message_text(world.env, FIRST, request))[0]


async def answered(world: World, proposal: TextProposal, by: Subject = SECOND, *, confirm: bool = True) -> TextProposal:
    request = ConfirmMessageText(proposal.id, confirm, f"{proposal.id}-{by.person_id}")
    return (await confirm_message_text(world.env, by, request))[0]


async def refused(work: Any) -> Problems:
    with pytest.raises(Problems) as caught:
        await work
    return caught.value


async def hindi_of(world: World) -> str:
    async with world.env.store.read_transaction() as tx:
        return (await texts_in_force(world.env, tx))[EVENT].texts[Language.HI].text


async def test_a_confirmed_text_goes_to_the_telephone_from_its_day(world, phones):
    await answered(world, await proposed(world, on=TOMORROW))

    await told(world, event="1")
    await carried(world)
    world.clock.advance(timedelta(days=1))
    await told(world, event="2")
    await carried(world)

    assert [text for _, text in phones.sent] == [
        "अपुणी सरकार: आवेदन UKAS 12345 67890: सेवा दे दी गई है।",
        "अब आवेदन UKAS 12345 67890 आपका है।",
    ]


async def test_a_text_that_waits_or_was_refused_changes_nothing(world, phones):
    before = await hindi_of(world)
    waiting = await proposed(world)
    while_waiting = await hindi_of(world)

    assert (await answered(world, waiting, confirm=False)).state is DraftState.REFUSED
    assert [while_waiting, await hindi_of(world)] == [before, before]


async def test_whoever_proposed_a_text_does_not_confirm_it(world, phones):
    proposal = await proposed(world)

    assert (await refused(answered(world, proposal, FIRST))).code is ErrorCode.SECOND_OFFICER_NEEDED


async def test_a_text_is_answered_once(world, phones):
    proposal = await proposed(world)
    await answered(world, proposal)

    assert (await refused(answered(world, proposal, administrator("third")))).code is ErrorCode.STEP_NOT_ALLOWED


async def test_the_package_holds_again_by_a_proposal_without_a_document(world, phones):
    before = await hindi_of(world)
    await answered(world, await proposed(world))
    world.clock.advance(timedelta(minutes=1))

    await answered(world, await proposed(world, None))

    assert await hindi_of(world) == before


async def test_of_two_texts_the_one_whose_day_came_last_is_in_force(world, phones):
    await answered(world, await proposed(world, "दूसरा {number} है।", TOMORROW))
    await answered(world, await proposed(world, "पहला {number} है।"))

    today = await hindi_of(world)
    world.clock.advance(timedelta(days=1))

    assert [today, await hindi_of(world)] == ["पहला {number} है।", "दूसरा {number} है।"]


@pytest.mark.parametrize(
    ("words", "more", "said"),
    [
        ("{name} आपका है।", {}, "no variable name"),
        ("आवेदन {number} आपका है।", {"dlt": {}}, "not the registered text"),
        ("आवेदन {number} का खाता 123456789012 है।", {}, "a number of nine or more digits"),
        ("आवेदन {number} आपका है।", {"sms": {}}, "no text in hi"),
        ("आवेदन {number} आपका है।", {"voice": {}}, "voice: Extra inputs are not permitted"),
    ],
)
async def test_what_breaks_a_rule_is_refused_with_what_is_wrong(world, phones, words, more, said):
    request = ProposeMessageText(EVENT, TODAY, "wrong", document(words, **more))

    problems = (await refused(propose_message_text(world.env, FIRST, request))).problems

    assert {each.code for each in problems} == {ErrorCode.BAD_INPUT}
    assert any(said in each.params["said"] for each in problems)


async def published(world: World, event: str, content: str) -> None:
    """A text was published by an earlier release, by whose rules it was sound."""
    proposal = TextProposal("p", event, content, DraftState.CONFIRMED, TODAY, "first", DAY)
    async with world.env.store.write_transaction() as tx:
        await text_proposals.add(tx, replace(proposal, confirmed_by="second", confirmed_at=DAY))
        await raise_version(tx, Board.CATALOGUE)


async def test_in_place_of_a_published_text_that_cannot_be_read_goes_that_of_the_package(world, phones):
    before = await hindi_of(world)
    await published(world, EVENT, '{"sms": {}}')
    await told(world)
    await carried(world)

    assert await hindi_of(world) == before
    assert len(phones.sent) == 1
    async with world.env.store.read_transaction() as tx:
        assert await unreadable_texts(tx) == [EVENT]


@pytest.mark.parametrize("content", ['{"sms": {}}', '{"variables": {}, "sms": {}, "dlt": {}}', "filled"])
async def test_no_code_stops_for_a_published_text(world, phones, content):
    event, text = "CODE_ASSISTANCE", {"template": "1107160000000000001", "text": "{code} {unknown}"}
    filled = json.dumps({"variables": {}, "sms": {"hi": text, "en": text}, "dlt": {}})
    await published(world, event, filled if content == "filled" else content)
    to = Addressee(MOBILE, Language.HI, None)
    async with world.env.store.write_transaction() as tx:
        await make_code(UnitOfWork(world.env, tx, SYSTEM), CodeKind.ASSISTANCE, "a", to, path=("input",))
        code = (await tx.connection.execute(codes_table.select())).one()
    await send_code(world.env, {"code_id": code.id})

    assert len(phones.code()) == 6


async def test_what_is_no_json_or_an_unknown_event_or_a_day_that_is_over_is_refused(world, phones):
    sound = ProposeMessageText(EVENT, TODAY, "k", document())
    wrong = {
        ErrorCode.DATE_NOT_ALLOWED: replace(sound, publish_on=TODAY - timedelta(days=1)),
        ErrorCode.BAD_INPUT: replace(sound, document="{"),
    }
    unknown = replace(sound, event="NOTHING")

    for code, request in wrong.items():
        assert (await refused(propose_message_text(world.env, FIRST, request))).code is code
    assert (await refused(propose_message_text(world.env, FIRST, unknown))).code is ErrorCode.BAD_INPUT


@pytest.mark.parametrize("who", ["asha", "tehsildar", "department"])
async def test_texts_are_for_administrators_of_the_state(world, phones, who):
    department = administrator("d", Role.DEPARTMENT_ADMIN, "revenue-department")
    subject = department if who == "department" else getattr(world, who)
    request = ProposeMessageText(EVENT, TODAY, "k", document())

    assert (await refused(propose_message_text(world.env, subject, request))).code is ErrorCode.NOT_FOUND
    for read in (texts_for, proposals_for):
        assert (await refused(read(world.env, subject))).code is ErrorCode.NOT_FOUND


@pytest.mark.parametrize(
    ("folder", "appeal"),
    [
        (state_folder(), {"hi": "अपील", "en": "Appeal there or by SMS: APPEAL"}),
        (NEITHAL, {"ta": "மேல்முறையீடு", "en": "You may appeal there"}),
    ],
    ids=["uttarakhand", "neithal"],
)
def test_the_message_of_a_revocation_names_the_way_of_appeal_in_both_languages(folder: Path, appeal: dict[str, str]):
    """Who has a keypad telephone has no other notice (docs/issuing.md, "Corrected and revoked")."""
    texts = json.loads((folder / "messages" / "CERTIFICATE_REVOKED.json").read_text("utf-8"))["sms"]

    assert {language for language in appeal if appeal[language] in texts[language]["text"]} == set(appeal)
