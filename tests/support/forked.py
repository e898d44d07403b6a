"""The command line in a process of its own that need not load everything anew: a fork of this one.

A command of its own interpreter takes three seconds of a processor before it says a word. What is proved about the
start itself (what is loaded, how signals are taken) starts a true one.
"""

import asyncio
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

_PROGRAM = """#!{python} -IS
import json, os, socket, sys
line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
line.connect({address!r})
asked = json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()])
socket.send_fds(line, [asked.encode()], [0, 1, 2])
sys.exit(int(line.recv(8) or 70))
"""
_LONGEST = 2**20


def apuni_forked(
    arguments: Sequence[str], environment: Mapping[str, str], *, given: bytes = b"", seconds: float = 120.0
) -> subprocess.CompletedProcess[str]:
    """Run `apuni` with these arguments in exactly this environment; it reads what is given.

    Raises TimeoutExpired as `subprocess.run`.
    """
    with TemporaryDirectory() as folder:
        child = _forked_into(Path(folder), arguments, environment, given)
        return _completed(Path(folder), child, arguments, seconds)


async def apuni_forked_beside(
    arguments: Sequence[str], environment: Mapping[str, str], *, seconds: float = 120.0
) -> subprocess.CompletedProcess[str]:
    """The same while the loop of this process goes on, as where it serves the sandbox that the command asks."""
    with TemporaryDirectory() as folder:
        child = _forked_into(Path(folder), arguments, environment)
        return await asyncio.to_thread(_completed, Path(folder), child, arguments, seconds)


@contextmanager
def forking_program(folder: Path) -> Iterator[Path]:
    """A program `apuni` in a folder, for scripts: each call is a fork with its own streams, environment and folder."""
    program = folder / "apuni"
    with TemporaryDirectory() as place, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        address = f"{place}/line"
        program.write_text(_PROGRAM.format(python=sys.executable, address=address), encoding="utf-8")
        program.chmod(0o755)
        listening.bind(address)
        listening.listen()
        threading.Thread(target=_serve, args=(listening,), daemon=True).start()
        yield program
        listening.shutdown(socket.SHUT_RDWR)  # else it goes on to be waited for


def _serve(listening: socket.socket) -> None:
    with suppress(OSError):  # it was shut down
        while True:
            line, _ = listening.accept()
            threading.Thread(target=_answer, args=(line,), daemon=True).start()


def _answer(line: socket.socket) -> None:
    with line:
        asked, streams, _, _ = socket.recv_fds(line, _LONGEST, 3)
        arguments, environment, folder = json.loads(asked)
        child = _forked(arguments, environment, streams, folder)
        for stream in streams:
            os.close(stream)
        _, status = os.waitpid(child, 0)
        with suppress(OSError):  # the caller was killed
            line.send(str(os.waitstatus_to_exitcode(status)).encode())


def _forked_into(folder: Path, arguments: Sequence[str], environment: Mapping[str, str], given: bytes = b"") -> int:
    """The child, which writes what it says to files of the folder."""
    (folder / "in").write_bytes(given)
    streams = [os.open(folder / "in", os.O_RDONLY)]
    streams += [os.open(folder / name, os.O_WRONLY | os.O_CREAT, 0o600) for name in ("out", "err")]
    try:
        return _forked(arguments, environment, streams)
    finally:
        for stream in streams:
            os.close(stream)


def _forked(
    arguments: Sequence[str], environment: Mapping[str, str], streams: Sequence[int], folder: str | None = None
) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that threads are not forked: the child needs none
        child = os.fork()
    if child == 0:
        _be_apuni(arguments, environment, streams, folder)
    return child


def _completed(folder: Path, child: int, arguments: Sequence[str], seconds: float) -> subprocess.CompletedProcess[str]:
    code = _ended(child, arguments, seconds)
    out, err = ((folder / name).read_text(encoding="utf-8") for name in ("out", "err"))
    return subprocess.CompletedProcess(["apuni", *arguments], code, out, err)


def _be_apuni(
    arguments: Sequence[str], environment: Mapping[str, str], streams: Sequence[int], folder: str | None
) -> None:
    """What the child does; it never comes back."""
    code = 70
    try:
        _leave_the_test(environment, streams)
        if folder is not None:
            os.chdir(folder)
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


def _leave_the_test(environment: Mapping[str, str], streams: Sequence[int]) -> None:
    """Streams, environment and network as a new process has them."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
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
