"""`python -m tools.reference`: writes what is made from the code, or tells which of it is not what the code says."""

import asyncio
import logging
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from domain.kernel.messages import install_state
from gateway.runtime.logs import configure_logging
from states.packages import read_package
from tools.reference import commission_samples, etaal_samples, sample_files, umang_samples
from tools.reference.documents import documents, outdated_documents

DOCS = Path(__file__).resolve().parents[2] / "docs"

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="The documents and partners' samples that are made from the code.",
)


@app.callback()
def _quietly() -> None:
    """Serve the default state, and leave out of the output what the gateway's parts log while they make samples."""
    configure_logging(level=logging.CRITICAL, for_good=False)
    install_state(read_package().state)


class Partner(StrEnum):
    """Whose samples."""

    COMMISSION = "commission"
    ETAAL = "etaal"
    UMANG = "umang"

    @property
    def pages(self) -> Path:
        """The folder of the partner's pages."""
        return DOCS / "partners" / self.value


@app.command("print")
def print_documents() -> None:
    """Write the reference documents of docs/."""
    for name, text in documents().items():
        (DOCS / name).parent.mkdir(parents=True, exist_ok=True)
        (DOCS / name).write_text(text, encoding="utf-8")


@app.command("check")
def check_documents() -> None:
    """Fail where a reference document of docs/ is not what the code says."""
    _refuse([f"docs/{name}" for name in outdated_documents(DOCS)], "print")


@app.command()
def samples(
    partner: Partner,
    check: Annotated[bool, typer.Option("--check", help="write nothing; fail where a file differs")] = False,
) -> None:
    """Write the sample calls of docs/partners/PARTNER, with the octets that the gateway answers."""
    if partner is Partner.COMMISSION:
        if not check:
            commission_samples.write(partner.pages)
        elif commission_samples.is_outdated(partner.pages):
            _refuse(["docs/partners/commission"], "samples commission")
        return
    files = asyncio.run(etaal_samples.make_samples() if partner is Partner.ETAAL else umang_samples.make_samples())
    if not check:
        sample_files.write(partner.pages, files)
        return
    _refuse(sample_files.outdated_files(partner.pages, files), f"samples {partner}")


def _refuse(names: list[str], command: str) -> None:
    for name in names:
        typer.echo(f"{name} is not what the code says; run `python -m tools.reference {command}`", err=True)
    if names:
        raise typer.Exit(1)


if __name__ == "__main__":
    app(prog_name="python -m tools.reference")
