"""A file of an exercise that cannot be done is refused by its name and the rule."""

from pathlib import Path

import pytest

from demo.training.exercises import FOLDER, read_scripts
from domain.kernel import CommandFailed

WHOLE = (FOLDER / "1_scrutiny.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        ("link =", "address =", "link is missing"),
        ('do = "file"', 'do = "fly"', "no step is called fly"),
        ('never = ["RAISE_QUERY"]', 'never = ["SING"]', "no deed is called SING"),
        ('service = "ES09"', 'work = "ES09"', "a course needs a service, and a service a course"),
        ('en = "Scrutiny: an income certificate"', 'en = ""', "each text is given as hi and en"),
        ('roles = ["OFFICER"]', 'roles = ["KING"]', "'KING' is not a valid Role"),
        ("[title]", "[title", "Expected ']' at the end of a table declaration"),
    ],
)
def test_an_exercise_that_cannot_be_done_is_refused_by_file_and_rule(tmp_path: Path, written, instead, told):
    (tmp_path / "1_wrong.toml").write_text(WHOLE.replace(written, instead, 1), encoding="utf-8")

    with pytest.raises(CommandFailed, match=rf"1_wrong\.toml: {told}"):
        read_scripts(tmp_path)


def test_exercises_come_in_the_order_of_their_files(tmp_path: Path):
    for name in ("2_second", "1_first"):
        (tmp_path / f"{name}.toml").write_text(WHOLE, encoding="utf-8")

    assert list(read_scripts(tmp_path)) == ["first", "second"]
