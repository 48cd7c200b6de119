"""Where a webhook may lead: never into our own network, but for hosts that the operator names."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from review.errors import InvalidInput
from review.internet import is_public

MAX_URL = 500
_PORTS = {"https": 443, "http": 80}
_NO_URL = "Cần địa chỉ dạng https://thu-vien.example.vn/duong-dan."
_PRIVATE = "Địa chỉ này ở trong mạng nội bộ. Người vận hành có thể cho phép tên máy ấy."
_PORT = "Chỉ dùng cổng 443, hoặc từ 1024 trở lên."


@dataclass(frozen=True, slots=True)
class Place:
    """An address, taken apart. ``named``: the operator lets webhooks go there, wherever it is."""

    scheme: str
    host: str
    port: int
    target: str  # path and query, as they are sent
    named: bool

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def read_url(url: str, allowed: Collection[str] = ()) -> Place:
    """Raises :class:`InvalidInput` for what can not be a webhook's address. Names are looked up
    when something is sent, and looked at again then: see :func:`review.internet.is_public`."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise InvalidInput(url=_NO_URL) from None
    wrong = len(url) > MAX_URL or not url.isascii() or not url.isprintable() or " " in url
    if wrong or not host or "@" in parts.netloc or parts.fragment or parts.scheme not in _PORTS:
        raise InvalidInput(url=_NO_URL)
    port = port or _PORTS[parts.scheme]
    named = host in allowed or f"{host}:{port}" in allowed
    if parts.scheme != "https" and not named:
        raise InvalidInput(url=_NO_URL)
    if port != 443 and port < 1024 and not named:
        raise InvalidInput(url=_PORT)
    if not named and _is_number_of_ours(host):
        raise InvalidInput(url=_PRIVATE)
    target = parts.path or "/"
    target += f"?{parts.query}" if parts.query else ""
    return Place(parts.scheme, host, port, target, named)


def _is_number_of_ours(host: str) -> bool:
    """An address that is written out; the odd forms (decimal, octal) are found when it is looked
    up."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".internal", ".local"))
    return not is_public(host)
