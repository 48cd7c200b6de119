"""`lantoa submit`'s own sender, which counts what it sends: slow_client.py URL TOKEN FILE

Prints a line of JSON: bytes of bodies that were begun, seconds, and the upload's URL.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from tusclient.uploader.uploader import Uploader

from webapp.cli.client import Server, notice_dead_networks
from webapp.cli.resume import Places
from webapp.cli.tus import Sender


class Counting(Sender):
    begun = 0

    def _part(self, uploader: Uploader) -> None:
        self.begun += min(uploader.chunk_size, uploader.get_file_size() - uploader.offset)
        super()._part(uploader)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    url, token, file = sys.argv[1:]
    notice_dead_networks()
    with tempfile.TemporaryDirectory() as folder:
        places = Places(Path(folder), say=say)
        sender = Counting(Server(url, token), places, say=say, progress=lambda _: None)
        began = time.monotonic()
        there = sender.send(Path(file), "slow")
        spent = time.monotonic() - began
    print(json.dumps({"sent": sender.begun, "seconds": spent, "url": there}))


if __name__ == "__main__":
    main()
