"""Sanitises people's text for print and XML: characters within the fonts and XML 1.0."""

import re
from functools import cache

from domain.kernel import HIDDEN, Language, script_letters, state_language

_SPACES = re.compile(r"[\t\n\v\f\r\u0085\u2028\u2029]+")
_UNSEEN = re.compile(f"[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f{HIDDEN}]")
_NOT_XML = re.compile(f"[{HIDDEN}\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]")
BLANK_BOX = "□"


@cache
def _undrawable(language: Language) -> re.Pattern[str]:
    script = script_letters(language)
    return re.compile(f"[^\u0020-\u007e\u00a0-\u024f{script}\u200c\u200d\u2010-\u2027\u2030-\u2040\u20a0-\u20bf]")


def drawable(text: str) -> str:
    """The text with control and direction signs left out and a box for what our fonts do not have.

    PDF/A refuses a document with a letter that no font draws; one odd letter in a form must not
    keep a certificate from being issued. Latin, the script of the state and currency signs pass.
    """
    return _undrawable(state_language()).sub(BLANK_BOX, _UNSEEN.sub("", _SPACES.sub(" ", text)))


def xml_safe(text: str) -> str:
    """The text without characters that XML 1.0 section 2.2 does not allow, and without those that nobody sees.

    What was filed before those were refused says the same in XML as in print.
    """
    return _NOT_XML.sub("", text)
