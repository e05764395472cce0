"""A proxy that writes down every command sent to a server, and may act before one is passed on.

It takes several connections at once, unlike the one of `scripted_socket`.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

HOST = "127.0.0.1"


@dataclass
class CommandLog:
    """Where the proxy listens, and the lines that came in, without their tags.

    What answers an AUTHENTICATE is no command and is kept as ``(credentials)``. A test may clear
    `commands` to look at what comes next; `all` is for who judges them in the end.
    """

    port: int = 0
    commands: list[str] = field(default_factory=list)
    all: list[str] = field(default_factory=list)
    #: Called with each command before it is passed on.
    before: Callable[[str], None] | None = None


@contextmanager
def logged_commands(port: int) -> Iterator[CommandLog]:
    """Pass everything on to the server at `port` for the block and keep what we said."""
    log, open_now = CommandLog(), list[socket.socket]()
    with socket.create_server((HOST, 0)) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    open_now.append(client)
                    threading.Thread(target=_serve, args=(log, client, port), daemon=True).start()

        log.port = listener.getsockname()[1]
        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield log
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for client in open_now:
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)


def _serve(log: CommandLog, client: socket.socket, port: int) -> None:
    with (
        client,
        contextlib.suppress(OSError),
        socket.create_connection((HOST, port)) as server,
    ):
        for end in (client, server):  # else a line waits until the one before it is acknowledged
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        back = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
        back.start()
        is_answer = False
        with client.makefile("rb") as lines:
            for line in lines:
                tag, _, rest = line.decode("latin-1").rstrip("\r\n").partition(" ")
                command = rest or tag  # DONE has no tag
                shown = "(credentials)" if is_answer else command
                log.commands.append(shown)
                log.all.append(shown)
                if log.before and not is_answer:
                    log.before(command)
                is_answer = command.upper().startswith("AUTHENTICATE ")
                server.sendall(line)
        server.shutdown(socket.SHUT_WR)
        back.join()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
