"""The state that tests serve where they name no other; the import of this module installs it."""

from domain.kernel.messages import install_state
from states import packages
from states.packages import read_package

PACKAGE = read_package()
STATE, LAW = PACKAGE.state, PACKAGE.law
install_state(STATE)


def form_files() -> dict[str, bytes]:
    """The files of its forms."""
    return packages.form_files(PACKAGE.folder / "forms")
