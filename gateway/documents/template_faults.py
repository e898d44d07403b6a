"""Compiles every template of a state's package with typst, and tells what is wrong by file and line."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import typst

from actions.certificates.specimens import specimen_of
from domain.catalogue.catalogue import Outcome, service_with_name
from domain.certificates.kinds import CertificateKinds
from domain.kernel import Bilingual, CommandFailed
from domain.kernel.state import State
from gateway.documents.certificate_words import TEMPLATE, paper_data
from gateway.documents.review import lay_out
from states.certificate_kinds import FOLDER, certificate_kinds, named_facts
from states.lint import font_faults

_PLACE = re.compile(r":(\d+):\d+")
_SAID = {"hi": "1", "en": "1"}
_FACT = {"label": _SAID, "value": _SAID, "given": "1", "columns": [_SAID], "rows": [[_SAID]]}


def template_faults(state: State) -> list[str]:
    """A line for each template that typst does not compile; none without the font, which states/lint.py tells.

    Each is laid out with every fact that it names and with none, so that a part that is drawn only then is tried too.
    """
    if not state.texts or font_faults(state):
        return []
    try:
        kinds = certificate_kinds(state.texts.parent)
    except CommandFailed:  # states/lint.py tells it too
        return []
    templates = {**{name: kind.template for name, kind in kinds.kinds.items()}, **kinds.papers}
    page = _page(state.name)
    return [line for name, template in templates.items() if (line := _fault(name, template, page))]


def _page(title: Bilingual) -> Mapping[str, Any]:
    """The words of a page without facts of a form, for certificates and papers alike."""
    service = replace(service_with_name("1", "1", title), outcome=Outcome.CERTIFICATE, doctype="1")
    content = specimen_of(
        service, None, title, today=date(2026, 1, 1), public_url="http://gateway.test", kinds=CertificateKinds()
    )
    if content is None:
        raise TypeError("a service that ends in a certificate has a specimen")
    return paper_data(content, specimen=True)


def _fault(name: str, template: str, page: Mapping[str, Any]) -> str | None:
    named = {fact: _FACT for _, fact in named_facts(template)}
    for facts in (named | page["facts"], page["facts"]):
        try:
            lay_out(json.dumps({**page, "body": template, "facts": facts}))
        except typst.TypstError as error:
            file, said = f"{FOLDER}/{name}.typ", "; ".join([error.message, *error.hints])
            line = _line_of(error)
            place = f"line {line}: " if line else ""
            return f"{file}: {place}{said}; correct it by docs/certificates.md and https://typst.app/docs"
    return None


def _line_of(error: typst.TypstError) -> int | None:
    """The line of the template, which stands behind the parts that all have; None for a fault in those."""
    before = TEMPLATE.read_bytes().count(b"\n")
    lines = [int(found) - before for found in _PLACE.findall("\n".join([error.diagnostic, *error.trace]))]
    return next((line for line in lines if line > 0), None)
