"""Settings of the portal's pages: its name, its owner, and the files that this installation gives of its own."""

from pathlib import Path

from pydantic import BaseModel, Field

from domain.kernel import Bilingual, Language
from domain.kernel.state import installed_state

NOTICES = ("privacy", "terms", "accessibility")
"""The notices that an installation gives, by the names of their pages."""


class Portal(BaseModel):
    """What the frame of every page says of the installation (GIGW 3.0)."""

    name_hi: str | None = Field(
        default=None,
        min_length=1,
        max_length=60,
        description="Its name in the state's language, on pages and papers and in messages; register the templates of "
        "messages anew where you change it. If unset, as the state's package says.",
    )
    name_en: str | None = Field(default=None, min_length=1, max_length=60, description="The same in English.")
    owner_hi: str = Field(
        default="", max_length=200, description="The department that owns the portal, in the state's language."
    )
    owner_en: str = Field(default="", max_length=200, description="The department that owns the portal, in English.")
    contact: str = Field(default="", max_length=300, description="Where the owner is reached: an e-mail or an address.")
    telephone: str = Field(default="", max_length=30, description="The telephone of the helpline, as pages show it.")
    emblem: Path | None = Field(
        default=None,
        description="A PNG or SVG file with the emblem that this installation may use. None is shipped (the State "
        "Emblem of India (Prohibition of Improper Use) Act, 2005).",
    )
    bridge: str = Field(
        default="http://127.0.0.1:27110",
        pattern=r"^http://(127\.0\.0\.1|localhost):[0-9]{1,5}(/[a-z_]+)*$",
        description="Where an officer's browser reaches the bridge to her token, on her own computer. "
        "The demo names the sandbox's unless this is set.",
    )
    notices: Path | None = Field(
        default=None,
        description="A folder with the texts privacy, terms and accessibility, each as `<name>.<language>.txt` in the "
        "state's language (`hi`) and English (`en`): paragraphs between empty lines, a heading after `# `.",
    )

    @property
    def name(self) -> Bilingual:
        """The portal's name in both languages."""
        return Bilingual(self.name_hi or installed_state().portal.hi, self.name_en or installed_state().portal.en)

    @property
    def owner(self) -> Bilingual:
        """The owner in both languages; empty where nobody said."""
        return Bilingual(self.owner_hi or None, self.owner_en)

    @property
    def has_notices(self) -> bool:
        """Whether every notice is there in both languages."""
        return all(
            self.notice(name, language) for name in NOTICES for language in (installed_state().language, Language.EN)
        )

    def notice(self, name: str, language: Language) -> str | None:
        """The text of a notice in a language; None where the installation has not given it."""
        path = self.notices / f"{name}.{language.catalogue.value}.txt" if self.notices else None
        return path.read_text(encoding="utf-8") if path is not None and path.is_file() else None
