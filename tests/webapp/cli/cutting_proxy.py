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
    opened: list[socket.socket] = []
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        argv = (server, port, list(cuts), opened, threads)
        accepting = threading.Thread(target=_accept, args=argv)
        accepting.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        accepting.join()
    for end in opened:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join()
    for end in opened:
        end.close()


def _accept(
    server: socket.socket,
    port: int,
    cuts: list[int],
    opened: list[socket.socket],
    threads: list[threading.Thread],
) -> None:
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        upstream = socket.create_connection(("127.0.0.1", port))
        opened += [client, upstream]
        for target, args in ((_answers, (upstream, client)), (_requests, (client, upstream, cuts))):
            threads.append(threading.Thread(target=target, args=args))
            threads[-1].start()


def _requests(client: socket.socket, upstream: socket.socket, cuts: list[int]) -> None:
    passed = 0
    with suppress(OSError):
        while data := client.recv(16384):
            passed += len(data)
            if cuts and passed > cuts[0]:
                cuts.pop(0)
                for end in (client, upstream):
                    # Wakes the other thread: a socket that it still reads from is not closed yet.
                    end.shutdown(socket.SHUT_RD)
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
