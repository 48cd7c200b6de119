"""A TCP proxy that loses its first connections after some bytes, as a train in a tunnel does."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with RST


@contextmanager
def cutting_proxy(port: int, cuts: list[int]) -> Iterator[int]:
    """The port of a proxy before ``port``. The n-th connection that sends a body of more than
    ``cuts[n]`` bytes is reset there; when the list is used up, nothing is cut any more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server, port, list(cuts)), daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def _accept(server: socket.socket, port: int, cuts: list[int]) -> None:
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        upstream = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=_answers, args=(upstream, client), daemon=True).start()
        threading.Thread(target=_requests, args=(client, upstream, cuts), daemon=True).start()


def _requests(client: socket.socket, upstream: socket.socket, cuts: list[int]) -> None:
    passed = 0
    with suppress(OSError):
        while data := client.recv(16384):
            passed += len(data)
            if cuts and passed > cuts[0]:
                cuts.pop(0)
                for end in (client, upstream):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    end.close()
                return
            upstream.sendall(data)
        upstream.shutdown(socket.SHUT_WR)


def _answers(upstream: socket.socket, client: socket.socket) -> None:
    with suppress(OSError):
        while data := upstream.recv(16384):
            client.sendall(data)
        client.shutdown(socket.SHUT_WR)
