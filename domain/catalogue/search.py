"""Searches services by words in the state's language, English or Latin-script Hindi, tolerating typing errors.

The catalogue is small (some hundred services), so an index of it is kept in memory and no database takes part. Each
word of the question is looked up among the words of the services by its letters, its sounds
(domain/catalogue/transliteration.py), as a beginning, and with one or two letters wrong. What is found is ranked by
where a word stands, how well it fits, and how much of the service's name the question says.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

from domain.catalogue.catalogue import Department, Service
from domain.catalogue.transliteration import bones_of, is_latin, soft_sounds_of, sounds_of, words_of

LONGEST_QUESTION = 200
MOST_WORDS = 12
"""Of a longer question only the beginning is read."""

BEST = 1000
"""The score of a service whose name is exactly what was asked for."""

_NAME, _KEYWORD, _CODE, _CATEGORY, _DEPARTMENT = 1.0, 0.95, 1.0, 0.5, 0.4
"""The weight of a word by its position."""

_EXACT, _SOUND, _BONES, _BEGINNING, _ONE_WRONG, _TWO_WRONG = 1.0, 0.97, 0.9, 0.8, 0.7, 0.55
"""What a word counts by how it fits."""

_LEAST_FOR_ONE_WRONG, _LEAST_FOR_TWO_WRONG = 4, 8
"""Letters that a word has at least for one, or two, of them to be wrong."""

_LEAST_BEGINNING = 3

_SMALL = frozenset(
    words_of(
        "a an and apply application for from get how i in is me my new of on online or the to want with "
        "ka kaa ke ki ko me mein se hetu liye aur avedan aavedan karna kaise chahiye "
        "का की के को में से हेतु लिए लिये और आवेदन करना कैसे चाहिए "
        "மற்றும் ஒரு எனக்கு எப்படி வேண்டும் விண்ணப்பம் விண்ணப்பிக்க"
    )
)
"""Words that say nothing of the service; they count only where the question has no others."""


@dataclass(frozen=True, slots=True)
class Found:
    """A service that fits a question; `score` is up to 1000."""

    service: Service
    score: int


@dataclass(slots=True)
class _Entry:
    """A service with what each of its words counts, and the words of its names. Words are numbers of the index."""

    service: Service
    weights: dict[int, float] = field(default_factory=dict)
    names: list[tuple[int, ...]] = field(default_factory=list)

    def add(self, words: Iterable[int], weight: float) -> None:
        for word in words:
            self.weights[word] = max(weight, self.weights.get(word, 0.0))


class _Vocabulary:
    """Every word of the catalogue by number, and how it is found: by letters, sounds, beginning and neighbours."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._sounds: list[str] = []
        self._by_sounds: dict[str, list[int]] = {}
        self._by_bones: dict[str, list[int]] = {}
        self._spellings: list[tuple[str, int]] = []
        self._by_pair: dict[tuple[str, int], list[int]] = {}
        self._sorted: dict[bool, list[tuple[str, int]]] = {}

    def number(self, letters: str) -> int:
        """The number of a word, a new one where it is not there yet."""
        known = self._numbers.get(letters)
        if known is not None:
            return known
        number = self._numbers[letters] = len(self._numbers)
        sounds = sounds_of(letters)
        self._sounds.append(sounds)
        self._by_sounds.setdefault(sounds, []).append(number)
        self._by_bones.setdefault(bones_of(sounds), []).append(number)
        for spelling in {sounds, soft_sounds_of(letters)}:
            for pair in _pairs(spelling):
                self._by_pair.setdefault((pair, len(spelling)), []).append(len(self._spellings))
            self._spellings.append((spelling, number))
        return number

    def close(self) -> None:
        """Sort the words; none is added afterwards."""
        self._sorted[True] = sorted(self._numbers.items())
        self._sorted[False] = sorted((sounds, number) for number, sounds in enumerate(self._sounds))

    def matching_words(self, letters: str) -> dict[int, float]:
        """How well each word fits a word of a question; those that do not fit are left out."""
        sounds = sounds_of(letters)
        bones = bones_of(sounds)
        found: dict[int, float] = {}
        for spelling in {sounds, soft_sounds_of(letters)}:
            for number, fit in self._nearly(spelling).items():
                found[number] = max(fit, found.get(number, 0.0))
        if len(letters) >= _LEAST_BEGINNING:
            found |= dict.fromkeys(self._words_with_prefix(letters, by_letters=True), _BEGINNING)
        if len(sounds) >= _LEAST_BEGINNING:
            found |= dict.fromkeys(self._words_with_prefix(sounds, by_letters=False), _BEGINNING)
        if len(bones) >= _LEAST_BEGINNING:
            found |= dict.fromkeys(self._by_bones.get(bones, ()), _BONES)
        found |= dict.fromkeys(self._by_sounds.get(sounds, ()), _SOUND)
        if letters in self._numbers:
            found[self._numbers[letters]] = _EXACT
        return found

    def _words_with_prefix(self, start: str, *, by_letters: bool) -> Iterator[int]:
        words = self._sorted[by_letters]
        for word, number in words[bisect_left(words, (start, -1)) :]:
            if not word.startswith(start):
                return
            yield number

    def _nearly(self, sounds: str) -> dict[int, float]:
        """Words with one or two letters wrong; only those that share enough pairs of letters are compared."""
        most = _most_wrong(sounds)
        if not most:
            return {}
        lengths = range(len(sounds) - most, len(sounds) + most + 1)
        near = (self._by_pair.get((pair, length), ()) for pair in _pairs(sounds) for length in lengths)
        shared = Counter(chain.from_iterable(near))
        least = len(_pairs(sounds)) - 3 * most  # a wrong letter, or a swap, spoils up to three pairs
        found: dict[int, float] = {}
        for place, pairs in shared.items():
            other, number = self._spellings[place]
            allowed = min(most, _most_wrong(other))
            if allowed and pairs >= least:
                wrong = _distance(sounds, other, allowed)
                if wrong <= allowed:
                    found[number] = max(_ONE_WRONG if wrong <= 1 else _TWO_WRONG, found.get(number, 0.0))
        return found


class CatalogueIndex:
    """The words of a catalogue as it was at one moment."""

    def __init__(self, services: Iterable[Service], departments: Iterable[Department]) -> None:
        names = {department.slug: (department.name.hi, department.name.en) for department in departments}
        self._words = _Vocabulary()
        self._entries = [self._entry(service, names.get(service.department or "", ())) for service in services]
        self._small = {self._words.number(word) for word in _SMALL}
        self._words.close()
        self._with_word: dict[int, list[int]] = {}
        for place, entry in enumerate(self._entries):
            for word in entry.weights:
                self._with_word.setdefault(word, []).append(place)
        self._fits = lru_cache(maxsize=4096)(self._words.matching_words)

    @property
    def services(self) -> list[Service]:
        """Every service in the order that it was given."""
        return [entry.service for entry in self._entries]

    def find(self, question: str) -> list[Found]:
        """The services that fit, the best first; a question without words finds none.

        Every word must fit. Where no service has them all, two thirds of them will do.
        """
        asked = _question_words(question)
        if not asked:
            return []
        fits = [self._fits(word) for word in asked]
        fitting = self._count_matches(fits)
        found: list[Found] = []
        for least in dict.fromkeys((len(asked), -(-2 * len(asked) // 3))):
            entries = (self._entries[place] for place, words in fitting.items() if words >= least)
            found = [Found(entry.service, self._score(entry, fits)) for entry in entries]
            if found:
                break
        return sorted(found, key=lambda each: (-each.score, each.service.name.en, each.service.code))

    def _entry(self, service: Service, department: Sequence[str | None]) -> _Entry:
        entry = _Entry(service)
        for names, weight in (((service.name.hi, service.name.en), _NAME), (service.keywords, _KEYWORD)):
            for name in names:
                words = words_of(name or "")
                entry.names.append(tuple(map(self._words.number, words)))
                entry.add(map(self._words.number, (*words, *_compound_words(words))), weight)
        for text, weight in ((service.code, _CODE), (service.category, _CATEGORY)):
            entry.add(map(self._words.number, words_of(text or "")), weight)
        for said in department:
            entry.add(map(self._words.number, words_of(said or "")), _DEPARTMENT)
        return entry

    def _count_matches(self, fits: Sequence[Mapping[int, float]]) -> Counter[int]:
        """How many words of the question fit each service, by its place; services that none fits are left out."""
        fitting: Counter[int] = Counter()
        for fit in fits:
            fitting.update(set(chain.from_iterable(self._with_word.get(word, ()) for word in fit)))
        return fitting

    def _score(self, entry: _Entry, fits: Sequence[Mapping[int, float]]) -> int:
        """How well a service fits the question."""
        best = [_best(entry, fit) for fit in fits]
        said = max((self._name_coverage(name, fits) for name in entry.names), default=0.0)
        return max(1, round(BEST * sum(best) / len(best) * (0.75 + 0.25 * said)))

    def _name_coverage(self, name: Sequence[int], fits: Sequence[Mapping[int, float]]) -> float:
        """The share of a name's words that the question says."""
        telling = [word for word in name if word not in self._small]
        said = sum(max((fit.get(word, 0.0) for fit in fits), default=0.0) for word in telling)
        return said / len(telling) if telling else 0.0


class IndexCache:
    """The last index of a process, with the stamp of the catalogue that it was made of."""

    def __init__(self) -> None:
        self._kept: tuple[Hashable, CatalogueIndex] | None = None

    def get(self, stamp: Hashable) -> CatalogueIndex | None:
        """The index, where it was made of the catalogue with this stamp."""
        return self._kept[1] if self._kept is not None and self._kept[0] == stamp else None

    def put(self, stamp: Hashable, index: CatalogueIndex) -> None:
        """Keep an index instead of the one before."""
        self._kept = (stamp, index)


def _compound_words(words: Sequence[str]) -> list[str]:
    """Two or three words of one script written as one: प्रमाणपत्र, जन्मप्रमाणपत्र."""
    runs = (words[start : start + many] for many in (2, 3) for start in range(len(words) - many + 1))
    return ["".join(run) for run in runs if len(set(map(is_latin, run))) == 1]


def _question_words(question: str) -> list[str]:
    words = list(dict.fromkeys(words_of(question[:LONGEST_QUESTION])))[:MOST_WORDS]
    return [word for word in words if word not in _SMALL] or words


def _best(entry: _Entry, fit: Mapping[int, float]) -> float:
    few, many = (fit, entry.weights) if len(fit) < len(entry.weights) else (entry.weights, fit)
    return max((few[word] * many[word] for word in few if word in many), default=0.0)


def _most_wrong(sounds: str) -> int:
    """How many letters may be wrong; none in codes, whose neighbours are other codes."""
    if any(letter.isdigit() for letter in sounds):
        return 0
    if len(sounds) >= _LEAST_FOR_TWO_WRONG:
        return 2
    return 1 if len(sounds) >= _LEAST_FOR_ONE_WRONG else 0


def _pairs(sounds: str) -> set[str]:
    """The pairs of neighbouring letters, with the word's beginning and end."""
    framed = f"^{sounds}$"
    return {framed[place : place + 2] for place in range(len(framed) - 1)}


def _distance(one: str, other: str, most: int) -> int:
    """Letters to change, add, drop or swap with their neighbour; what is above `most` is `most + 1`."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, 1):
        before, last, row = row, before, [place]
        for at, against in enumerate(other, 1):
            cost = min(before[at] + 1, row[at - 1] + 1, before[at - 1] + (letter != against))
            if place > 1 and at > 1 and letter == other[at - 2] and one[place - 2] == against:
                cost = min(cost, last[at - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]
