"""Every field of the graph has a text in both languages, and `labels` gives it."""

import pytest
import strawberry
from structlog.testing import capture_logs

from domain.kernel import ANONYMOUS, Language
from domain.kernel.messages import MissingMessage, field_label
from schema.kernel.labels import LabelsQuery, fields_of

QUERY = 'query ($prefix: String! = "field.") { labels(prefix: $prefix) { key text } }'


def has_text(kind: str, name: str, language: Language) -> bool:
    try:
        return bool(field_label(kind, name, language))
    except MissingMessage:
        return False


@pytest.mark.parametrize("language", [Language.HI, Language.EN])
def test_every_field_has_a_label(graph, language):
    """A missing one: domain/kernel/locale as `field.<name>`; `field.<Type>.<name>` where it means another thing."""
    assert sorted({name for kind, name in fields_of(graph._schema) if not has_text(kind, name, language)}) == []


async def test_labels_give_every_field_in_the_asked_language(world, graph):
    fields = {f"field.{kind}.{name}" for kind, name in fields_of(graph._schema)}

    hindi = {one["key"]: one["text"] for one in (await world.ask(QUERY, ANONYMOUS, Language.HI))["data"]["labels"]}
    english = {one["key"]: one["text"] for one in (await world.ask(QUERY, ANONYMOUS))["data"]["labels"]}

    assert fields <= set(hindi)
    assert fields <= set(english)
    assert hindi["field.Application.statusLabel"] == "स्थिति का नाम"
    assert english["field.Application.statusLabel"] == "Status label"
    assert hindi["field.ServiceFilter.openOnly"] == "केवल जिनमें आवेदन लिए जा रहे हैं"


async def test_a_prefix_narrows_the_labels(world):
    told = (await world.ask(QUERY, ANONYMOUS, prefix="field.Application."))["data"]["labels"]

    assert {one["key"].split(".")[1] for one in told} == {"Application"}
    assert len(told) > 30


@strawberry.type
class OfOneDepartment(LabelsQuery):
    """A graph with a field that no catalogue names."""

    unheard_of: str = "a"


async def test_a_field_without_a_label_is_left_out_and_costs_no_other(world):
    graph = strawberry.Schema(OfOneDepartment)

    told = await graph.execute(QUERY, {"prefix": "field.Label."}, context_value=world.context(ANONYMOUS))
    other = await graph.execute(QUERY, {"prefix": "field.OfOne"}, context_value=world.context(ANONYMOUS))

    assert told.errors is None
    assert [one["key"] for one in told.data["labels"]] == ["field.Label.key", "field.Label.text"]
    assert (other.errors, [one["key"] for one in other.data["labels"]]) == (None, ["field.OfOneDepartment.labels"])


@strawberry.type
class OfAnotherDepartment(LabelsQuery):
    """A graph of its own, since what is missing is told once in a process."""

    unheard_of: str = "a"


async def test_a_missing_label_is_logged_once_for_each_language(world):
    graph = strawberry.Schema(OfAnotherDepartment)
    with capture_logs() as told:
        for language in (Language.HI, Language.HI, Language.EN, Language.EN):
            await graph.execute(
                QUERY, {"prefix": "field.OfAnother"}, context_value=world.context(ANONYMOUS, language=language)
            )

    assert told == [
        {"event": "label_missing", "log_level": "error", "key": "field.OfAnotherDepartment.unheardOf", "language": each}
        for each in ("hi", "en")
    ]
