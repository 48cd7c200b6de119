"""Which addresses are of the open internet. Imports nothing of ours: library clients ask too."""

from __future__ import annotations

import ipaddress

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether a numeric address is one of the open internet, in whatever wrapping."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if found in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
        # Both carry an address of the older kind, of whoever wrote them.
        if found.sixtofour is not None or found.teredo is not None:
            return False
        # Given up as a kind of its own, and in use in old networks all the same.
        if found.is_site_local:
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved
