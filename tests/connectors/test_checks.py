"""What `apuni connector check` finds in a file: the examples both ways, their fields spoilt, and spoilt answers."""

import pytest

from integrations.connectors import read_connector
from integrations.connectors.checks import example_faults, masked_inputs, spoilt_faults
from integrations.connectors.field_matrix import field_faults
from tests.support.connecting import FILES, SPECIMEN
from tests.support.connectors import shipped

TEXT = SPECIMEN.read_text("utf-8")


@pytest.mark.parametrize("file", [*FILES, SPECIMEN], ids=lambda file: file.stem)
async def test_the_files_of_the_repository_are_right(file):
    connector = read_connector(file.read_bytes())

    assert await example_faults(connector) == []
    assert field_faults(connector) == []
    assert spoilt_faults(connector, 300) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("rent: 125000", "rent: 1250", "means 1 rows, and is read as 1 rows that differ"),
        ('"error":"busy"', '"machines":[]', "means garbled, and is read as 0 rows that differ"),
        ("forms: [dd-MM-yyyy]", "forms: [iso]", "means 1 rows, and is read as Garbled free_from"),
        ("/machines?district=49", "/machines?zila=49", "is not sent as it says: GET"),
    ],
)
async def test_an_example_that_is_not_so_is_told_with_its_line(old: str, new: str, told: str):
    [fault] = await example_faults(read_connector(TEXT.replace(old, new).encode()))

    assert told in fault.rule
    assert TEXT.splitlines()[fault.line - 1].startswith("- ")


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (TEXT, "outcomes: [", 'outcomes: [{at: "machines[0].name", in: [""], is: refused}, ', "name`, missing"),
        (TEXT, "outcomes: [", 'outcomes: [{at: "machines[0].name", in: [""], is: refused}, ', "name`, null"),
        (shipped("land"), '["", 01/01/1900]', '["", 01/01/1900, "?"]', "changed_on`, mistyped"),
    ],
    ids=["missing", "null", "mistyped"],
)
def test_a_field_whose_lack_or_wrong_type_would_be_hidden_is_told(file: str, old: str, new: str, told: str):
    faults = field_faults(read_connector(file.replace(old, new).encode()))

    assert [one.rule for one in faults if told in one.rule and "is read as" in one.rule]
    assert file.splitlines()[faults[0].line - 1].startswith("- ")


def test_a_field_that_no_example_has_is_told():
    without = TEXT.replace(',"rent":"1250.00"', "").replace(" rent: 125000,", "")

    [fault] = field_faults(read_connector(without.encode()))

    assert fault.rule == "no example of `machines` says anything of the field `rent`"


def test_a_trial_shows_personal_inputs_by_the_mask_of_their_class():
    call = read_connector(shipped("transport").encode()).calls["licence"]

    shown = masked_inputs(call, {"mobile": "9812345678", "born_on": "1990-05-01", "consent.id": "C1"})

    assert shown == {"mobile": "98xxxxxx78", "born_on": "…", "consent.id": "…"}
