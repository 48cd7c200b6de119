"""Clients that were not written here: tuspy, and tus-js-client on Node.js."""

from __future__ import annotations

import io
import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from tusclient.client import TusClient

from tests.webapp.uploads.web import ROOT, Web

CONTENT = random.Random(8).randbytes(300_000)
SEND = Path(__file__).with_name("send.mjs")
NODE = ROOT / ".venv" / "bin" / "node"


class TestTuspy:
    def client(self, web: Web) -> TusClient:
        return TusClient(
            f"http://127.0.0.1:{web.port}/uploads",
            headers={"Authorization": f"Bearer {web.token}"},
        )

    @pytest.mark.parametrize("checksum", [False, True])
    def test_it_sends_a_file_in_parts(self, web: Web, checksum: bool) -> None:
        uploader = self.client(web).uploader(
            file_stream=io.BytesIO(CONTENT),
            chunk_size=70_000,
            metadata={"filename": "bài.mp4"},
            upload_checksum=checksum,
        )
        uploader.upload()

        assert web.original(uploader.url) == CONTENT

    def test_it_goes_on_where_it_stopped(self, web: Web) -> None:
        first = self.client(web).uploader(file_stream=io.BytesIO(CONTENT), chunk_size=100_000)
        first.upload_chunk()
        second = self.client(web).uploader(file_stream=io.BytesIO(CONTENT), url=first.url)

        assert second.offset == 100_000
        second.upload()
        assert web.original(first.url) == CONTENT


class TestTusJs:
    """The client of the upload page, as its authors made it."""

    def send(self, web: Web, folder: Path, content: bytes, **options: object) -> str:
        """The URL of the finished upload."""
        node = NODE if NODE.exists() else shutil.which("node")
        if node is None or not (ROOT / "node_modules" / "tus-js-client").exists():
            pytest.skip("Node.js and the page assets are not installed")
        file = folder / "clip.mp4"
        file.write_bytes(content)
        asked = {
            "endpoint": f"http://127.0.0.1:{web.port}/uploads",
            "headers": {"Authorization": f"Bearer {web.token}"},
            "metadata": {"filename": "bài.mp4", "filetype": "video/mp4"},
            **options,
        }
        argv = [str(node), str(SEND), str(file), json.dumps(asked)]
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @pytest.mark.parametrize(
        "options",
        [
            {},
            {"chunkSize": 70_000},
            {"uploadDataDuringCreation": True},
            {"uploadDataDuringCreation": True, "chunkSize": 100_000},
            {"overridePatchMethod": True},
        ],
        ids=lambda options: "-".join(options) or "plain",
    )
    def test_it_sends_a_file(self, web: Web, tmp_path: Path, options: dict[str, object]) -> None:
        assert web.original(self.send(web, tmp_path, CONTENT, **options)) == CONTENT

    @pytest.mark.parametrize("parallel", [2, 5])
    def test_it_sends_pieces_at_once(self, web: Web, tmp_path: Path, parallel: int) -> None:
        url = self.send(web, tmp_path, CONTENT, parallelUploads=parallel)

        assert web.original(url) == CONTENT
        assert web.call("HEAD", "/uploads/" + url.rpartition("/")[2]).offset == len(CONTENT)

    def test_it_tells_the_length_last(self, web: Web, tmp_path: Path) -> None:
        more = {"uploadLengthDeferred": True, "chunkSize": 70_000, "stream": True}
        assert web.original(self.send(web, tmp_path, CONTENT, **more)) == CONTENT

    def test_it_goes_on_where_another_stopped(self, web: Web, tmp_path: Path) -> None:
        path = web.create(len(CONTENT))
        web.patch(path, 0, CONTENT[:123_457])
        there = f"http://127.0.0.1:{web.port}{path}"

        assert self.send(web, tmp_path, CONTENT, uploadUrl=there) == there
        assert web.original(path) == CONTENT

    def test_it_takes_an_upload_back(self, web: Web, tmp_path: Path) -> None:
        url = self.send(web, tmp_path, CONTENT, terminate=True)
        assert web.call("HEAD", "/uploads/" + url.rpartition("/")[2]).status == 404
