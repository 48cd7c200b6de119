"""Where a webhook may lead: the open internet, and what the operator names."""

from __future__ import annotations

import pytest

from review.errors import InvalidInput
from review.hooks import read_url
from review.internet import is_public

PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1%eth0",
    "fc00::1",
    "fec0::1",
    "feff::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "not an address",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_in_every_wrapping(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "thu-vien.example.vn",
        "http://thu-vien.example.vn/",
        "ftp://thu-vien.example.vn/",
        "https://",
        "https://a:b@thu-vien.example.vn/",
        "https://thu-vien.example.vn/#x",
        "https://thu-vien.example.vn:22/",
        "https://thu-vien.example.vn:99999/",
        "https://127.0.0.1/",
        "https://[::ffff:10.0.0.1]/",
        "https://localhost/",
        "https://db.internal/",
        "https://thu-vien.example.vn/\r\nX: y",
        "https://thư-viện.example.vn/",
        "https://thu-vien.example.vn/" + "x" * 500,
    ],
)
def test_what_is_no_address_for_a_webhook(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_url(url)
    assert list(caught.value.errors) == ["url"]


def test_an_address_is_taken_apart() -> None:
    place = read_url("https://thu-vien.example.vn:8443/lan-toa?x=1")
    assert (place.host, place.port, place.target, place.named) == (
        "thu-vien.example.vn",
        8443,
        "/lan-toa?x=1",
        False,
    )
    assert place.host_header == "thu-vien.example.vn:8443"


@pytest.mark.parametrize("allowed", ["127.0.0.1", "127.0.0.1:8080"])
def test_a_host_that_the_operator_names(allowed: str) -> None:
    assert read_url("http://127.0.0.1:8080/x", [allowed]).named
    with pytest.raises(InvalidInput):
        read_url("http://127.0.0.2:8080/x", [allowed])
