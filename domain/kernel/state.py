"""The state that this process serves: its names, codes and language, as its package says (docs/states.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain.kernel.text import Bilingual, Language


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class State:
    """What one state says of itself. `texts` is the folder of its own catalogues of texts, None for none."""

    name: "Bilingual"
    portal: "Bilingual"
    """The portal's name where the installation gives none."""
    language: "Language"
    """The language beside English, of the first text of each pair."""
    dialects: Sequence["Language"] = ()
    """Languages that people may ask for and that are answered in `language`."""
    lgd_code: str
    """The state in the Local Government Directory."""
    letters: str
    """Two letters that numbers for the treasury begin with."""
    csc_codes: frozenset[str] = frozenset()
    """The state codes of its operators at CSC; those of other states are refused."""
    issuer_id: str
    """Our issuer id with DigiLocker until onboarding gives the real one (docs/contracts/digilocker.md section 11)."""
    limit_section: str
    """Where the Act gives the limits of services."""
    order_section: str
    """Where it lets an order on appeal give days for the service."""
    notified_section: str
    """Where it has services, officers and limits notified."""
    font_package: str
    """The Python package with the font of the language's script."""
    font: str
    """The name of that font."""
    texts: Path | None = None

    @property
    def spoken(self) -> "tuple[Language, ...]":
        """The languages that people may ask for beside English."""
        return (self.language, *self.dialects)

    @property
    def publisher(self) -> str:
        """The last part of the issuer id, our name in the paths of partners."""
        return self.issuer_id.rpartition(".")[2]

    @property
    def font_data(self) -> dict[str, str]:
        """The font of a printed page and the language of its text, for the templates."""
        return {"package": self.font_package, "name": self.font, "language": self.language.value}


_installed: list[State] = []


def set_state(state: State) -> None:
    """Serve a state from now on; `install_state` in messages.py also forgets the texts of the one before."""
    _installed[:] = [state]


def installed_state() -> State:
    """The state that is served; raises LookupError in a process that has named none."""
    if not _installed:
        raise LookupError("no state is installed")
    return _installed[0]


def is_installed() -> bool:
    """Whether this process has named its state."""
    return bool(_installed)
