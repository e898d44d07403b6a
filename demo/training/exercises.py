"""Reads the exercises of a folder, each one TOML file (docs/training.md), and refuses what cannot be done."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from domain.kernel import Bilingual, CommandFailed, OfficerLevel, Role
from domain.training import Exercise

FOLDER = Path(__file__).parent / "exercises"

STEPS = frozenset({"file", "verdict", "propose", "appeal", "visit", "return_payment"})
"""What can have happened in a case before the learner gets it; demo/training/course.py takes each."""

DEEDS = frozenset(
    (
        *("SEND_FOR_VERIFICATION", "REPORT_VERIFICATION", "RAISE_QUERY", "APPROVE", "REJECT", "RETURN_AS_INCOMPLETE"),
        *("CONFIRM_DECISION", "SEND_BACK_DECISION"),
        *("APPEAL_FIX_HEARING", "APPEAL_DIRECT", "APPEAL_DISMISS", "APPEAL_CLOSE"),
        *("VISIT_SET_OUT", "VISIT_FEE", "VISIT_HANDED_OVER", "VISIT_FAILED"),
        *("PAYMENT_REISSUED", "RECOVERY_ORDERED"),
        *("ROSTER_OPENED", "ROSTER_ROW", "ROSTER_CONSENT", "ROSTER_FILED", "ROSTER_REFUSED"),
    )
)
"""What a learner can have done; demo/training/deeds.py reads each off the case."""

_NEEDED = frozenset({"title", "situation", "task", "roles", "link", "ends", "marks"})


@dataclass(frozen=True, slots=True)
class Condition:
    """A deed that a mark asks for, or with `never` forbids; every part that is given must hold of one deed.

    `grounds` are codes of which it has one, `papers` keys that it names, `words` texts of which it says one,
    `length` how many characters it says at least.
    """

    deeds: frozenset[str]
    never: bool = False
    grounds: frozenset[str] = frozenset()
    papers: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()
    length: int = 0
    in_time: bool = False


@dataclass(frozen=True, slots=True)
class MarkRule:
    """A mark: what is asked for, and what is told of who did it and of who did not."""

    condition: Condition
    text: Bilingual
    right: Bilingual
    wrong: Bilingual


@dataclass(frozen=True, slots=True)
class Script:
    """An exercise with what only the trainer knows: for whom it is, the course of the case, and the marks.

    `link` is the page of the case, with `{number}` for its number or `{id}` for its benefit. `department` is that of
    the posts for which it is, None for operators. `ends` are the deeds after which nothing is open any more. A
    `service` is None where the learner makes the case.
    """

    exercise: Exercise
    link: str
    roles: frozenset[Role]
    level: OfficerLevel | None
    department: str | None
    service: str | None
    course: tuple[Mapping[str, Any], ...]
    papers: Mapping[str, str]
    ends: frozenset[str]
    marks: tuple[MarkRule, ...] = field(default=())


def read_scripts(folder: Path = FOLDER) -> dict[str, Script]:
    """The exercises by their keys, in the order of their files. Raises CommandFailed with file and rule."""
    return {script.exercise.key: script for script in (_read_file(path) for path in sorted(folder.glob("*.toml")))}


def _read_file(path: Path) -> Script:
    try:
        return _script(path.stem.partition("_")[2] or path.stem, tomllib.loads(path.read_text(encoding="utf-8")))
    except KeyError as error:
        raise CommandFailed(f"{path.name}: {error.args[0]} is missing") from None
    except ValueError as error:
        raise CommandFailed(f"{path.name}: {error}") from None


def _script(key: str, told: Mapping[str, Any]) -> Script:
    if missing := sorted(_NEEDED - told.keys()):
        raise KeyError(", ".join(missing))
    course = tuple(told.get("course", ()))
    if unknown := sorted({step["do"] for step in course} - STEPS):
        raise ValueError(f"no step is called {', '.join(unknown)}")
    if bool(course) != ("service" in told):
        raise ValueError("a course needs a service, and a service a course")
    marks = tuple(_mark(one) for one in told["marks"])
    if not any(not one.condition.never for one in marks):
        raise ValueError("at least one mark asks for a deed")
    return Script(
        exercise=Exercise(
            key,
            _text(told["title"]),
            _text(told["situation"]),
            _text(told["task"]),
            tuple(_text(hint) for hint in told.get("hints", ())),
        ),
        link=told["link"],
        roles=frozenset(Role(name) for name in told["roles"]),
        level=OfficerLevel(told["level"]) if "level" in told else None,
        department=told.get("department"),
        service=told.get("service"),
        course=course,
        papers=told.get("papers", {}),
        ends=_deeds(told["ends"]),
        marks=marks,
    )


def _mark(told: Mapping[str, Any]) -> MarkRule:
    never = "never" in told
    condition = Condition(
        deeds=_deeds(told["never"] if never else told["did"]),
        never=never,
        grounds=frozenset(told.get("grounds", ())),
        papers=frozenset(told.get("papers", ())),
        words=tuple(word.casefold() for word in told.get("words", ())),
        length=told.get("length", 0),
        in_time=told.get("in_time", False),
    )
    return MarkRule(condition, *(_text(told[name]) for name in ("text", "right", "wrong")))


def _deeds(names: Sequence[str]) -> frozenset[str]:
    if unknown := sorted(set(names) - DEEDS):
        raise ValueError(f"no deed is called {', '.join(unknown)}")
    return frozenset(names)


def _text(told: Mapping[str, str]) -> Bilingual:
    """A text in the state's language and in English, both of them."""
    if not all(told.get(language, "").strip() for language in ("hi", "en")):
        raise ValueError("each text is given as hi and en")
    return Bilingual(told["hi"].strip(), told["en"].strip())
