"""Programs of Debian's packages for the proof of deploy/; installed where they are missing and this process may."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
_NO_SERVICES = Path("/usr/sbin/policy-rc.d")
_SECONDS = 900


def program(name: str, package: str) -> str:
    """The path of a program. Without it a test is left out, and fails in CI."""
    found = find_or_install(name, package)
    if found:
        return found
    reason = f"{name} is missing, and this process may not install it (Debian: apt-get install {package})"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def find_or_install(name: str, packages: str) -> str | None:
    """The path of a program, installed where it is missing; None where this process may not."""
    return shutil.which(name, path=_PATH) or _install(name, packages)


def _install(name: str, package: str) -> str | None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    with (Path(tempfile.gettempdir()) / "apuni-tests-install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        starts_services = not _NO_SERVICES.exists()
        if starts_services:  # what is installed must not begin to listen
            _NO_SERVICES.write_text("#!/bin/sh\nexit 101\n")
            _NO_SERVICES.chmod(0o755)
        try:
            options = ["-o", "DPkg::Lock::Timeout=600", "-qq"]
            install = ["apt-get", *options, "install", "-y", "--no-install-recommends", *package.split()]
            for command in (["apt-get", *options, "update"], install):
                environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
                subprocess.run(command, check=False, capture_output=True, timeout=_SECONDS, env=environment)
        finally:
            if starts_services:
                _NO_SERVICES.unlink()
    return shutil.which(name, path=_PATH)
