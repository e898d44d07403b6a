"""Inputs made from the parameters of an action: what is refused at import, and how an input is read."""

import dataclasses
from dataclasses import dataclass, field
from enum import StrEnum

import pytest

from domain.kernel import ErrorCode, Problems, TypeCode
from schema.kernel import Paise, node_id
from schema.kernel.inputs import InputField, ValueFrom, id_of, input_fields, nested_input, paise, parameters_of
from tests.support.graph import CITIZEN

KEYS = "019a0000-0000-7000-8000-000000000001", "019a0000-0000-7000-8000-000000000002"
APPEAL, OFFICER = node_id(TypeCode.APPEAL, KEYS[0]), node_id(TypeCode.OFFICER, KEYS[1])


class Colour(StrEnum):
    RED = "RED"


@dataclass(frozen=True)
class Award:
    amount_paise: int
    reason: str


@dataclass(frozen=True)
class Order:
    appeal_id: str
    text: str
    idempotency_key: str
    colour: Colour = Colour.RED
    note: str | None = None
    expected_version: int | None = None
    awards: tuple[Award, ...] = ()
    officers: tuple[str, ...] | None = None
    form: dict[str, str] = field(default_factory=dict)


AWARD = nested_input(Award, "SomeAwardInput", "An amount.", amount_paise=paise("How much.", "amount"), reason="Why.")
DECLARED = {
    "appeal_id": id_of(TypeCode.APPEAL, "The appeal."),
    "text": InputField("The text.", name="words"),
    "colour": "Its colour.",
    "note": "A note.",
    "awards": AWARD("The amounts."),
    "officers": id_of(TypeCode.OFFICER, "The officers."),
    "form": ValueFrom("words", lambda words, _: {"words": words}),
}


def bound(make=Order, constants=(), **declared):
    return input_fields("An order.", **declared).bind(parameters_of(make), "SomeOrderInput", constants)


def read(path=("input",), **given):
    made = bound(**DECLARED)
    return made.values(made.type(**{"appeal_id": APPEAL, "words": "Go.", **given}), path)


def refused(**given):
    with pytest.raises(Problems) as refusal:
        read(**given)
    (problem,) = refusal.value.problems
    return problem.code, problem.path


def test_fields_have_the_types_and_defaults_of_the_parameters_and_version_and_key_come_last():
    fields = dataclasses.fields(bound(**DECLARED).type)

    assert [one.name for one in fields] == [
        "appeal_id", "words", "colour", "note", "awards", "officers", "expected_version", "idempotency_key",
    ]  # fmt: skip
    made = bound(**DECLARED).type(appeal_id=APPEAL, words="Go.")
    assert (made.colour, made.note, made.awards, made.officers) == (Colour.RED, None, [], None)
    assert (made.expected_version, made.idempotency_key) == (None, None)


def test_each_parameter_is_read_from_its_field():
    award = AWARD("The amounts.").type(amount=Paise(500), reason="Late.")

    values = read(awards=[award], officers=[OFFICER], expected_version=3, idempotency_key="k")

    assert Order(**values) == Order(
        appeal_id=KEYS[0],
        text="Go.",
        idempotency_key="k",
        expected_version=3,
        awards=(Award(500, "Late."),),
        officers=(KEYS[1],),
        form={"words": "Go."},
    )


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"appeal_id": OFFICER}, (ErrorCode.NOT_FOUND, ("input", "appealId"))),
        ({"appeal_id": "?"}, (ErrorCode.BAD_INPUT, ("input", "appealId"))),
        ({"officers": [OFFICER, APPEAL]}, (ErrorCode.NOT_FOUND, ("input", "officers", "1"))),
    ],
    ids=["another type", "no id", "one of a list"],
)
def test_an_id_that_is_wrong_is_refused_at_its_path(given, problem):
    assert refused(**given) == problem


def test_what_is_wrong_in_an_inner_input_is_refused_at_its_place():
    inner = nested_input(
        Award, "OtherAwardInput", "An amount.", amount_paise=paise("How much."), reason=id_of(TypeCode.APPEAL, "Why.")
    )
    made = bound(**{**DECLARED, "awards": inner("The amounts.")})
    award = inner("The amounts.").type(amount_paise=Paise(1), reason=OFFICER)

    with pytest.raises(Problems) as refusal:
        made.values(made.type(appeal_id=APPEAL, words="Go.", awards=[award]), ("input",))

    assert refusal.value.problems[0].path == ("input", "awards", "0", "reason")


def test_null_is_the_default_of_a_parameter_that_is_never_null():
    made = bound(**{**DECLARED, "awards": InputField("The amounts.", type=list[int] | None, default=None)})

    values = made.values(made.type(appeal_id=APPEAL, words="Go.", awards=None), ("input",))

    assert values["awards"] == ()


def test_a_required_field_has_no_default_and_is_never_null_though_the_parameter_may_be():
    declared = {**DECLARED, "note": InputField("A note.", required=True)}

    fields = {one.name: one for one in dataclasses.fields(bound(**declared).type)}

    assert fields["note"].default is dataclasses.MISSING
    assert fields["note"].type is str


def test_an_input_that_two_mutations_share_is_one_type():
    shared = input_fields("Whose.", "SharedInput", reason="Why.")
    one = shared.bind(parameters_of(Award), "OneInput", {"amount_paise"})
    other = shared.bind(parameters_of(say), "OtherInput")

    assert one.type is other.type
    assert one.type.__name__ == "SharedInput"


def say(reason: str) -> str:
    return reason


@pytest.mark.parametrize(
    ("changed", "constants", "said"),
    [
        ({"colours": "Its colour."}, (), "does not take: colours"),
        ({"note": None}, (), "does not say where its action gets: note"),
        ({}, ("note",), "declares what is constant: note"),
        ({"form": ValueFrom("text", lambda text, _: {})}, (), "fields that it does not have: text"),
        ({"text": InputField("The text.", type=str | None, default=None)}, (), "text has no value where"),
    ],
    ids=["unknown", "forgotten", "constant", "no field", "null"],
)
def test_a_declaration_that_does_not_fit_the_action_is_refused(changed, constants, said):
    declared = {one: how for one, how in {**DECLARED, **changed}.items() if how is not None}

    with pytest.raises(TypeError, match=said):
        bound(constants=constants, **declared)


async def test_a_key_in_the_header_serves_an_action_that_takes_no_request(world):
    mutation = "mutation { chooseAutoAppeal(input: {wanted: false}) { wanted userErrors { code path } } }"

    with_key = await world.run(mutation, world.context(CITIZEN, idempotency_key="key-1"), {})
    without = await world.run(mutation, world.context(CITIZEN), {})

    assert with_key["data"]["chooseAutoAppeal"] == {"wanted": False, "userErrors": []}
    assert without["data"]["chooseAutoAppeal"] == {
        "wanted": None,
        "userErrors": [{"code": "IDEMPOTENCY_KEY_MISSING", "path": ["input", "idempotencyKey"]}],
    }
