"""A rejection names its coded ground's short title on a telephone, and never an officer's own words; a push nothing."""

from pathlib import Path

import pytest

from domain.applications.applications import RejectionGround
from domain.feedback.message_texts import LONGEST_VARIABLE, EventTexts, RegisteredText
from domain.feedback.messages import MessageChannel
from domain.feedback.notices import NoticeKind
from domain.kernel import Language
from domain.kernel.messages import catalogue
from states.message_texts import message_texts
from states.packages import state_folder

STATES = (state_folder(), Path(__file__).with_name("neithal"))
TITLES = [*(each.value for each in RejectionGround), "OTHER"]
READ_BY_OTHERS = (MessageChannel.SMS, MessageChannel.WHATSAPP)


def texts_on(event: EventTexts, channel: MessageChannel) -> list[RegisteredText]:
    return [text for language in event.texts if (text := event.text_for(channel, language))]


@pytest.mark.parametrize("channel", READ_BY_OTHERS)
@pytest.mark.parametrize("state", STATES, ids=lambda path: path.name)
def test_a_rejection_names_its_ground_and_where_the_whole_reason_stands(state, channel):
    rejected = texts_on(message_texts(state)[NoticeKind.REJECTED.value], channel)

    assert len(rejected) == 2
    for text in rejected:
        assert "{ground_title}" in text.text
        assert text.variables["ground_title"].way == ("values", "ground_title")


@pytest.mark.parametrize("state", STATES, ids=lambda path: path.name)
def test_no_text_of_any_event_says_a_reason_and_no_lock_screen_anything(state):
    for event in message_texts(state).values():
        for channel in MessageChannel:
            for text in texts_on(event, channel):
                ways = {".".join(variable.way) for variable in text.variables.values()}
                assert ways <= {f"values.{name}" for name in ("number", "appeal", "on", "at", "ground_title")} | {
                    "code",
                    "minutes",
                }
                assert channel is not MessageChannel.PUSH or "{" not in text.title + text.text


@pytest.mark.parametrize("ground", TITLES)
@pytest.mark.parametrize("language", [Language.HI, Language.EN])
def test_every_ground_has_a_short_title_that_fits_its_variable(language, ground):
    assert 0 < len(catalogue(language)[f"ground_title.{ground}"]) <= LONGEST_VARIABLE
