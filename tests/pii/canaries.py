"""Values that stand for a person, in every form in which they could come up, and a search for them."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus


@dataclass(frozen=True)
class Canary:
    """One value that must not come up. `spaced` is whether its digits may be written in groups."""

    name: str
    value: str
    spaced: bool = False

    def forms(self) -> Iterator[bytes]:
        """The value as text, percent-encoded, escaped as JSON and Python do, Base64, UTF-16, and in groups."""
        texts = {self.value, self.value.lower(), self.value.upper()}
        if self.spaced:
            groups = [self.value[start : start + 4] for start in range(0, len(self.value), 4)]
            texts |= {" ".join(groups), "-".join(groups), f"{self.value[:5]} {self.value[5:]}"}
        for text in texts:
            raw = text.encode()
            yield raw
            yield quote(text, safe="").encode()
            yield quote_plus(text).encode()
            yield text.encode("unicode_escape")
            yield text.encode("utf-16-le")
            yield raw.hex().encode()
            yield from _base64(raw)


def _base64(raw: bytes) -> Iterator[bytes]:
    """Base64 of the value wherever it begins in a longer text, without the letters that its neighbours touch."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw + b"\0" * (-(before + len(raw)) % 3))
        first, last = (0, 2, 3)[before], -3 if (before + len(raw)) % 3 else None
        kept = encoded[first:last]
        if len(kept) >= 10:
            yield kept
            yield kept.replace(b"+", b"-").replace(b"/", b"_")


CANARIES = (
    Canary("Aadhaar", "999941057058", spaced=True),
    Canary("PAN", "ZZKPC7391Q"),
    Canary("mobile", "9810273645", spaced=True),
    Canary("account", "30114477882211"),
    Canary("Hindi name", "कनारी देवी"),
    Canary("name", "Kanaari Devi Canarywala"),
    Canary("e-mail", "kanaari.devi@canary.test"),
    Canary("token", "eyJhbGciOiJub25lIn0.Y2FuYXJ5.kanarika"),
)


def found_in(content: bytes) -> list[str]:
    """The names of the canaries that come up, in whatever form, each told once."""
    names = [canary.name for canary in CANARIES if any(form in content for form in set(canary.forms()))]
    return list(dict.fromkeys(names))


def found_below(folder: Path, *, but: tuple[str, ...] = ()) -> list[str]:
    """The same for every file of a folder, with the file's name."""
    told = []
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not any(part in but for part in file.relative_to(folder).parts):
            told += [f"{name} in {file.relative_to(folder)}" for name in found_in(file.read_bytes())]
    return told
