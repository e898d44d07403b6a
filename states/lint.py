"""Finds what the package of the installed state lacks: font, texts, registered messages, templates, names in script."""

import csv
from importlib.util import find_spec
from pathlib import Path

from domain.kernel import Language
from domain.kernel.messages import written_texts
from domain.kernel.state import State
from states.certificate_kinds import kind_faults
from states.message_texts import names_in, text_problems


def faults_of(state: State) -> list[str]:
    """A line for each fault of the package of the installed state that people would meet."""
    return [*font_faults(state), *text_faults(state), *message_faults(state), *certificate_faults(state)]


def font_faults(state: State) -> list[str]:
    """A line where the font is not installed: no certificate can be printed then."""
    name = state.font_package
    told = f"state.json: font_package: {name} is not installed; install {name.replace('_', '-')} in this environment"
    return [] if find_spec(name) else [told]


def text_faults(state: State) -> list[str]:
    """A line with file and key for each text that people read in English, or that fits no English one."""
    file = f"locale/{state.language.value}.po"
    english, own = written_texts(Language.EN), written_texts(state.language)
    return [
        *(f"{file}: {key}: it has no text and is shown in English" for key in sorted(english.keys() - own.keys())),
        *(f"{file}: {key}: no such text is shown" for key in sorted(own.keys() - english.keys())),
        *(
            f"{file}: {key}: it must name {', '.join(sorted(names_in(english[key]))) or 'nothing'} in braces"
            for key in sorted(english.keys() & own.keys())
            if names_in(english[key]) != names_in(own[key])
        ),
    ]


def message_faults(state: State) -> list[str]:
    """A line for each text of a message that operators would let die or nothing fills, and for an event without one."""
    if not state.texts:
        return []
    return [f"messages: {problem}" for problem in text_problems(state.texts.parent)]


def certificate_faults(state: State) -> list[str]:
    """A line for each template of a certificate that its services could not fill, or that says too little."""
    return kind_faults(state.texts.parent) if state.texts else []


def name_gaps(folder: Path) -> list[str]:
    """A line with file, row and column for each name that a file of a package has in English alone."""
    gaps = []
    for file in sorted(folder.glob("*.csv")):
        with file.open(encoding="utf-8-sig", newline="") as lines:
            for number, row in enumerate(csv.DictReader(lines), start=2):
                named = [one for one in row if one and one.endswith("_hi") and row.get(f"{one[:-2]}en")]
                gaps += [f"{file.name}: row {number}: {one} is empty" for one in named if not row[one]]
    return gaps
