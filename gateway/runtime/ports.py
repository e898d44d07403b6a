"""Opens listening sockets, with one clear error line for each port that is not available."""

import socket

from domain.kernel import CommandFailed

STUCK_MILLISECONDS = 30_000
"""How long the other side may take nothing of what was sent. Then the connection ends, and with it what was kept for
it: a server can say good-bye to a reader that takes nothing, but cannot send it."""

ACCEPTED_AT_ONCE = 16
"""Connections that are accepted in one turn of the event loop."""


class PortTaken(CommandFailed):
    """A port cannot be listened on; the text is one line for a person."""


def bind_socket(host: str, port: int, setting: str) -> socket.socket:
    """A socket at this address. Raises PortTaken, which names the setting that chooses another port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    place = socket.socket(family, socket.SOCK_STREAM)
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # each accepted connection has it too
        place.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STUCK_MILLISECONDS)
    try:
        place.bind((host, port))
        place.listen(1)  # the port is ours from now on; connections during start-up are accepted afterwards
    except OSError as error:
        place.close()
        reason = error.strerror or "cannot be used"
        raise PortTaken(f"port {port} on {host}: {reason}; choose another with {setting}") from None
    return place


def handles_of(place: socket.socket) -> list[socket.socket]:
    """The socket under several handles, from each of which libuv accepts one connection in a turn of the event loop.

    Under load a turn takes ten milliseconds: by one handle, who comes in a rush would wait for seconds to be read.
    """
    return [place, *(place.dup() for _ in range(1, ACCEPTED_AT_ONCE))]


def check_port(host: str, port: int, setting: str) -> None:
    """Raise PortTaken with one line where the port is taken."""
    bind_socket(host, port, setting).close()
