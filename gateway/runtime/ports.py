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
    """A socket at this address that does not listen yet: until its server does, a balancer is refused at once.

    Whoever it accepted during a start would wait for the whole of it, and a balancer would send others too. Raises
    PortTaken, which names the setting that chooses another port.
    """
    check_port(host, port, setting)
    return _bind(host, port, setting)


def handles_of(place: socket.socket) -> list[socket.socket]:
    """The socket under several handles, from each of which libuv accepts one connection in a turn of the event loop.

    Under load a turn takes ten milliseconds: by one handle, who comes in a rush would wait for seconds to be read.
    """
    return [place, *(place.dup() for _ in range(1, ACCEPTED_AT_ONCE))]


def check_port(host: str, port: int, setting: str) -> None:
    """Raise PortTaken with one line where the port is taken."""
    with _bind(host, port, setting) as trial:
        try:
            trial.listen(1)  # two may be bound to one port, but only one listens
        except OSError as error:
            raise _port_taken(host, port, setting, error) from None


def _bind(host: str, port: int, setting: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    place = socket.socket(family, socket.SOCK_STREAM)
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # each accepted connection has it too
        place.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STUCK_MILLISECONDS)
    try:
        place.bind((host, port))
    except OSError as error:
        place.close()
        raise _port_taken(host, port, setting, error) from None
    return place


def _port_taken(host: str, port: int, setting: str, error: OSError) -> PortTaken:
    return PortTaken(f"port {port} on {host}: {error.strerror or 'cannot be used'}; choose another with {setting}")
