"""Our own address as people reach it, and the network that a request comes from."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from typing import Any

from flask import request, url_for

from webapp.deps import deps


def own_url(endpoint: str, **values: Any) -> str:
    """The whole address of a page: below the public address where one is set, else below the one
    that the request came to."""
    settings = deps().settings
    path = url_for(endpoint, **values)
    if settings.sources.get("PUBLIC_URL", "default") == "default":
        return request.host_url.rstrip("/") + path
    return settings.public_url + path.removeprefix(request.script_root)


def spoken(url: str) -> str:
    """An address as one types it."""
    return url.partition("://")[2]


def network() -> str:
    """Whoever shares an address, as a hash under the server's key: guesses, reports and requests
    are counted by it. Of IPv6 the first 56 bits: a home gets 256 networks of 64 bits and more
    (RIPE-690, 4.2), and whoever lives there sends from any of them."""
    text = request.remote_addr or ""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        pass
    else:
        if isinstance(address, ipaddress.IPv6Address):
            # A server that listens on both sees IPv4 as ::ffff:203.0.113.9: it is one address.
            mapped = address.ipv4_mapped
            text = str(mapped or ipaddress.ip_network((address, 56), strict=False))
    key = deps().settings.secret_key.encode()
    return hmac.new(key, b"network " + text.encode(), hashlib.sha256).hexdigest()[:32]
