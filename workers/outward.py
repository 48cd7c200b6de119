"""The one function that sends to the outside: to an address that was looked at, and no further.

The name is resolved once, every answer is checked, and the connection goes to the very address
that was checked; TLS and the Host header name the host. Nothing follows a redirect, no proxy of
the environment is asked, and of the answer only the status is read.
"""

from __future__ import annotations

import http.client
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from review.errors import InvalidInput
from review.hooks import Place, read_url
from review.internet import is_public

CONNECT = 5.0  # seconds, for each step
WHOLE = 15.0  # seconds for all of it: a server that sends a letter a second holds nobody up

Resolve = Callable[[str, int], list[str]]
Poster = Callable[..., int]


class NotSent(Exception):
    """``code``: address | name | refused | timeout | tls | protocol."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code


def resolve(host: str, port: int) -> list[str]:
    """Numeric addresses; decimal, octal and other forms of numbers become what they mean."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotSent("name", str(error)) from None
    return [str(address[0]) for *_, address in found]


def checked_address(place: Place, look_up: Resolve = resolve) -> str:
    """The address to connect to. One private answer among public ones refuses them all."""
    addresses = look_up(place.host, place.port)
    if not addresses:
        raise NotSent("name", "no address")
    if not place.named and not all(is_public(address) for address in addresses):
        raise NotSent("address", "leads into a private network")
    return addresses[0]


class _Pinned(http.client.HTTPConnection):
    """A connection to a fixed address, under the name of the host."""

    def __init__(self, place: Place, address: str, context: ssl.SSLContext | None) -> None:
        super().__init__(place.host, place.port, timeout=CONNECT)
        self._address = address
        self._context = context

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), CONNECT)
        if self._context is not None:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=self.host)


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allowed: Collection[str] = (),
    look_up: Resolve = resolve,
    context: ssl.SSLContext | None = None,
) -> int:
    """The status of the answer; raises :class:`NotSent`. ``allowed``: hosts of our own network."""
    try:
        place = read_url(url, allowed)
    except InvalidInput as error:
        raise NotSent("address", str(error)) from None
    ends = time.monotonic() + WHOLE
    address = checked_address(place, lambda *asked: _in_time(look_up, WHOLE, *asked))
    tls = (context or ssl.create_default_context()) if place.scheme == "https" else None
    connection = _Pinned(place, address, tls)
    clock = threading.Timer(max(0.0, ends - time.monotonic()), _cut, (connection,))
    clock.daemon = True
    clock.start()
    try:
        connection.putrequest("POST", place.target, skip_host=True, skip_accept_encoding=True)
        sent: dict[str, Any] = {"Host": place.host_header, "Content-Length": len(body), **headers}
        for name, value in sent.items():
            connection.putheader(name, str(value))
        connection.endheaders(body)
        return connection.getresponse().status
    except TimeoutError as error:
        raise NotSent("timeout", str(error)) from None
    except ssl.SSLError as error:
        raise NotSent("tls", str(error)) from None
    except http.client.HTTPException as error:
        raise NotSent("protocol", repr(error)) from None
    except OSError as error:
        raise NotSent("refused", str(error)) from None
    finally:
        clock.cancel()
        connection.close()


def _in_time(look_up: Resolve, seconds: float, host: str, port: int) -> list[str]:
    """A look-up can not be stopped: it is left to itself, and ends when the resolver gives up."""
    answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(look_up(host, port))
        except Exception as error:
            answers.put(error)

    threading.Thread(target=ask, name="look-up", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise NotSent("timeout", f"{host} is not looked up in time") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _cut(connection: http.client.HTTPConnection) -> None:
    """Whoever reads from it is woken."""
    if connection.sock is not None:
        try:
            connection.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return
