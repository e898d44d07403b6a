"""The command line in a process of its own that need not load everything anew: a fork of this one.

A command of its own interpreter takes three seconds of a processor before it says a word. What is proved about the
start itself (what is loaded, how signals are taken) starts a true one.
"""

import asyncio
import os
import select
import signal
import socket
import subprocess
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory


def apuni_forked(
    arguments: Sequence[str], environment: Mapping[str, str], *, seconds: float = 120.0
) -> subprocess.CompletedProcess[str]:
    """Run `apuni` with these arguments in exactly this environment. Raises TimeoutExpired as `subprocess.run`."""
    with TemporaryDirectory() as folder:
        return _completed(*_forked(arguments, environment, Path(folder)), arguments, seconds)


async def apuni_forked_beside(
    arguments: Sequence[str], environment: Mapping[str, str], *, seconds: float = 120.0
) -> subprocess.CompletedProcess[str]:
    """The same while the loop of this process goes on, as where it serves the sandbox that the command asks."""
    with TemporaryDirectory() as folder:
        child, said = _forked(arguments, environment, Path(folder))
        return await asyncio.to_thread(_completed, child, said, arguments, seconds)


def _forked(arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> tuple[int, Sequence[Path]]:
    """The child, and the files of what it says."""
    said = [folder / name for name in ("out", "err")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that threads are not forked: the child needs none
        child = os.fork()
    if child == 0:
        _be_apuni(arguments, environment, said)
    return child, said


def _completed(
    child: int, said: Sequence[Path], arguments: Sequence[str], seconds: float
) -> subprocess.CompletedProcess[str]:
    code = _ended(child, arguments, seconds)
    out, err = (file.read_text(encoding="utf-8") for file in said)
    return subprocess.CompletedProcess(["apuni", *arguments], code, out, err)


def _be_apuni(arguments: Sequence[str], environment: Mapping[str, str], said: Sequence[Path]) -> None:
    """What the child does; it never comes back."""
    code = 70
    try:
        _leave_the_test(environment, said)
        sys.argv = ["apuni", *arguments]
        from gateway import cli

        try:
            cli.main()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException as error:  # noqa: BLE001 - as an interpreter does with what nobody caught
        sys.__excepthook__(type(error), error, error.__traceback__)
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _leave_the_test(environment: Mapping[str, str], said: Sequence[Path]) -> None:
    """Streams, environment and network as a new process has them."""
    for number, file in enumerate(said, start=1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(number, mode, encoding="utf-8") for number, mode in ((0, "r"), (1, "w"), (2, "w"))
    )
    own = dict(environment)  # it may be that of this process
    os.environ.clear()
    os.environ.update(own)
    if "connect" in vars(socket.socket):  # tests/conftest.py stands there
        del socket.socket.connect
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


def _ended(child: int, arguments: Sequence[str], seconds: float) -> int:
    watched, in_time = os.pidfd_open(child), False
    try:
        in_time = bool(select.select([watched], [], [], seconds)[0])
    finally:  # nothing is left running, also where the test is broken off
        os.close(watched)
        if not in_time:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    if not in_time:
        raise subprocess.TimeoutExpired(["apuni", *arguments], seconds)
    return os.waitstatus_to_exitcode(status)
