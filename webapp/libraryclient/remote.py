"""The feed and its files over HTTP: interrupted downloads go on where they stopped."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from review.internet import is_public
from webapp.cli.client import CONNECT, PASSING, READ, Api, Refused, Unreachable, refusal
from webapp.libraryclient import said
from webapp.libraryclient.files import BLOCK, LARGEST_PICTURE, File, sha256_of

PAGE = 500
REDIRECTS = 5
GONE = frozenset({404, 410})


class Gone(Exception):
    """The clip or the file is not there any more: the feed says why, sooner or later."""


class Damaged(Exception):
    """What arrives, twice, is not what the feed says."""


class _Interrupted(Exception):
    """Worth another try."""


class Remote(Api):
    """One library's view of the server."""

    def changes(self, cursor: str) -> dict[str, Any]:
        page = self._call("GET", "/feed/v1/changes", params={"cursor": cursor, "limit": PAGE})
        said.page(page)
        return page

    def snapshot(self) -> dict[str, Any]:
        snapshot = self._call("GET", "/feed/v1/snapshot")
        said.snapshot(snapshot)
        return snapshot

    def ack(self, seq: int) -> None:
        self._call("POST", "/feed/v1/ack", json={"seq": seq})

    def record(self, clip_id: str) -> dict[str, Any] | None:
        """What is true of the clip now; None once it is withdrawn."""
        try:
            record = self._call("GET", f"/feed/v1/clips/{clip_id}")
        except Refused as error:
            if error.status in GONE:
                return None
            raise
        said.record(record)
        return record

    def download(
        self, clip_id: str, file: File, part: Path, progress: Callable[[int], None]
    ) -> None:
        """Fill ``part``, from where it ends, until it is the whole file.

        Raises :class:`Gone`, :class:`Damaged`, or what every call raises.
        """
        url = f"{self.server.url}/media/{clip_id}/{file.what}"
        was_damaged = False
        pauses = list(self.pauses)
        while True:
            try:
                self._fill(url, file, part, progress)
            except (requests.RequestException, _Interrupted, ValueError) as error:
                if not pauses:
                    raise Unreachable(f"{url}: {error}") from None
                wait = pauses.pop(0)
                self.say(f"interrupted ({error}); going on in {wait:.0f} s")
                time.sleep(wait)
                continue
            if file.sha256 is None or sha256_of(part) == file.sha256:
                return
            part.unlink()
            if was_damaged:
                raise Damaged(f"{clip_id}/{file.what} is not what the feed says")
            was_damaged = True

    def _fill(self, url: str, file: File, part: Path, progress: Callable[[int], None]) -> None:
        if file.sha256 is None:
            part.unlink(missing_ok=True)  # nothing tells whether the two halves are of one file
        have = part.stat().st_size if part.exists() else 0
        if have and have == file.bytes:
            return
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
        with self._opened(url, file, headers) as answer:
            _check(answer, part, have)
            most = LARGEST_PICTURE if file.bytes is None else file.bytes
            with part.open("ab" if answer.status_code == 206 else "wb") as out:
                for block in answer.iter_content(BLOCK):
                    if out.tell() + len(block) > most:
                        return  # too long to be the right one: its digest will tell
                    out.write(block)
                    progress(len(block))

    def _opened(self, url: str, file: File, headers: dict[str, str]) -> requests.Response:
        """Redirects are followed (films and pictures lie in a bucket). What has no digest could be
        anything: it is not fetched from our own network for a server that stands outside it."""
        asked: dict[str, Any] = {"stream": True, "timeout": (CONNECT, READ)}
        if file.sha256 is not None:
            return self.session.get(url, headers=headers, **asked)
        ours = urlsplit(self.server.url)
        sent: dict[str, Any] = dict(headers)
        for _ in range(REDIRECTS):
            answer = self.session.get(url, headers=sent, allow_redirects=False, **asked)
            target = self.session.get_redirect_target(answer)
            if target is None:
                return answer
            url = urljoin(url, target)
            there = urlsplit(url)
            if (there.scheme, there.netloc) != (ours.scheme, ours.netloc):
                sent["Authorization"] = None  # our token goes to our server
                if _is_inside(there.hostname) and not _is_inside(ours.hostname):
                    raise Damaged(f"{file.what} leads into this network: {url}")
        raise Damaged(f"{file.what} leads on and on")


def _is_inside(host: str | None) -> bool:
    """Whether a name leads to an address that is none of the open internet. One that is not found
    leads nowhere, or only a proxy knows it."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return not all(is_public(str(address[0])) for *_, address in found)


def _check(answer: requests.Response, part: Path, have: int) -> None:
    status = answer.status_code
    if status in GONE:
        raise Gone(answer.url)
    if status == 416:
        part.unlink()
        raise _Interrupted("what lies here is longer than the file")
    if status in PASSING:
        raise _Interrupted(f"HTTP {status}")
    if status not in (200, 206):
        raise refusal(status, next(answer.iter_content(BLOCK), b""), answer.reason)
    begins = answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    if status == 206 and begins != str(have):
        part.unlink()
        raise _Interrupted("another part came than was asked for")
