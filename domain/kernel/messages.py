"""System messages and labels in the requested language, from the gettext catalogues of product and state.

Only the outermost layer renders text; everything inside carries codes. What the state's catalogues say goes before what
those in domain/kernel/locale say; a text that neither has in the state's language is shown in English.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from babel.messages.pofile import read_po

from domain.kernel.errors import ErrorCode, Problem
from domain.kernel.state import State, installed_state, is_installed, set_state
from domain.kernel.text import Bilingual, Language, state_language

PORTAL = Bilingual("पोर्टल", "The portal")
"""The portal's name in the graph's own descriptions, which are the same for every state."""

_NOTHING: Mapping[str, str] = {}
_NO_TEXTS: Mapping[str, Bilingual] = {}


class MissingMessage(KeyError):
    """A key without a text in a catalogue: a defect of ours that a test finds."""

    def __init__(self, where: str) -> None:
        super().__init__(f"{where} has no text; add it to both catalogues of domain/kernel/locale")


def install_state(state: State) -> None:
    """Serve a state, with its texts and its portal's name; said when a process starts."""
    set_state(state)
    name_portal(state.portal)


def name_portal(name: Bilingual) -> None:
    """Have all texts name the portal so; the catalogues say `{portal}`, or `{portal_en}`."""
    _name[:] = [name]
    catalogue.cache_clear()


def portal_name() -> Bilingual:
    """The portal's name, for a text of ours that stands in no catalogue, such as a partner's document."""
    return _name[0]


_name = [PORTAL]
_OURS = Path(__file__).with_name("locale")


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """Every text of one language by its key; read once, at first use."""
    names = {"{portal}": _name[0].in_language(language), "{portal_en}": _name[0].in_language(Language.EN)}
    texts: dict[str, str] = {}
    for each in dict.fromkeys((Language.EN, language.catalogue)):
        texts |= written_texts(each)
    for mark, name in names.items():
        texts = {key: text.replace(mark, name) for key, text in texts.items()}
    return MappingProxyType(texts)


def written_texts(language: Language) -> dict[str, str]:
    """The texts that product and state have in one language, as they are written."""
    ours = _texts_of(_OURS, language)
    own = installed_state().texts if is_installed() else None
    return {**ours, **_texts_of(own, language)} if own else dict(ours)


@cache
def _texts_of(folder: Path, language: Language) -> Mapping[str, str]:
    path = folder / f"{language.value}.po"
    if not path.is_file():
        return _NOTHING
    with path.open("rb") as file:
        entries = read_po(file, locale=language.value)
    return MappingProxyType({str(entry.id): str(entry.string) for entry in entries if entry.id and entry.string})


def label(key: str, language: Language) -> str:
    """The text of a key such as `status.DRAFT`; raises MissingMessage."""
    try:
        return catalogue(language)[key]
    except KeyError as error:
        raise MissingMessage(f"{language.value}: {key}") from error


def own_text(key: str) -> str:
    """The English text of the product, the same for every state and installation; raises MissingMessage."""
    try:
        return _texts_of(_OURS, Language.EN)[key].replace("{portal}", PORTAL.en)
    except KeyError:
        raise MissingMessage(key) from None


class _CatalogueText(Bilingual):
    """A text of both catalogues, which are read when it is first shown and not when it is named."""

    __slots__ = ("_key",)
    _key: str

    def __init__(self, key: str) -> None:
        object.__setattr__(self, "_key", key)

    @property
    def hi(self) -> str:
        """The text in the state's language; raises MissingMessage."""
        return label(self._key, state_language())

    @property
    def en(self) -> str:
        """The English text; raises MissingMessage."""
        return label(self._key, Language.EN)


def bilingual(key: str) -> Bilingual:
    """The text of a key such as `page.track.title` in both languages, read at first use."""
    return _CatalogueText(key)


class Texts:
    """The texts of one page or document by the rest of their keys: `Texts("page.track").title` is `page.track.title`.

    A name that is made when it is shown, or that holds a full stop, is a subscript.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def __getitem__(self, name: str) -> Bilingual:
        """A text in both languages, read at first use."""
        return bilingual(f"{self._prefix}.{name}")

    def __getattr__(self, name: str) -> Bilingual:
        """The same for a plain name."""
        return self[name]

    def __contains__(self, name: str) -> bool:
        """Whether the catalogues have such a text."""
        return f"{self._prefix}.{name}" in catalogue(Language.EN)


def problem_text(problem: Problem, language: Language) -> str:
    """What a problem says to a person: the sentence that it names, or else what its code says."""
    if problem.sentence is not None:
        return filled_label(problem.sentence, language, problem.params, problem.texts)
    named = {"source": problem.source.value} if problem.source else {}
    return message(problem.code, language, {**problem.params, **named}, problem.texts)


def with_specimen_mark(text: str, language: Language, *, specimen: bool) -> str:
    """A message or the title of a paper, which says first that it is a specimen where it is one."""
    return f"{label('specimen.mark', language)}: {text}" if specimen else text


def labels(language: Language, prefix: str = "") -> Mapping[str, str]:
    """Every text whose key begins with the prefix, in the order of the catalogue."""
    return {key: text for key, text in catalogue(language).items() if key.startswith(prefix)}


def field_label(kind: str, name: str, language: Language) -> str:
    """The text of a field of the graph: its own, else that of all fields of its name; raises MissingMessage."""
    own = catalogue(language).get(f"field.{kind}.{name}")
    return own if own is not None else label(f"field.{name}", language)


def our_word(kind: str, said: str, language: Language) -> str:
    """What a source says in English alone (`paper`, `post`), in our own words where there are any (LOCAL)."""
    return catalogue(language).get(f"{kind}.{said}", said)


def message(
    code: ErrorCode,
    language: Language,
    params: Mapping[str, str] = _NOTHING,
    texts: Mapping[str, Bilingual] = _NO_TEXTS,
) -> str:
    """The message about an error code for a person.

    `params` fill the text. A value that has a label of its own (`status` DRAFT has `status.DRAFT`)
    is shown by it; a parameter that is not given is shown as a dash. `texts` fill it in their own words.
    """
    return filled_label(f"error.{code.value}", language, params, texts)


def filled_label(
    key: str, language: Language, params: Mapping[str, str] = _NOTHING, texts: Mapping[str, Bilingual] = _NO_TEXTS
) -> str:
    """The text of a key with what fills it, as for `message`; raises MissingMessage."""
    known = catalogue(language)
    shown = {name: known.get(f"{name}.{value}", value) for name, value in params.items()}
    shown |= {name: text.in_language(language) for name, text in texts.items()}
    return label(key, language).format_map(_Shown(shown))


class _Shown(dict[str, str]):
    """Parameters of a message; a missing one must not hide the message."""

    def __missing__(self, key: str) -> str:
        return "–"
