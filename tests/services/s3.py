"""Two S3 servers: moto, which knows much of S3, and nanio, which checks every signature."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3

from tests.services.ports import free_port
from tests.services.programs import running, wait_for_port

BUCKET = "clips"
ACCESS = "AKIATESTTESTTESTTEST"
SECRET = "secret-of-the-tests-and-of-nobody-else"
KEYS = {"AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET}


@contextmanager
def moto(folder: Path) -> Iterator[str]:
    """Address of moto's server with an empty bucket: many calls, no signature is checked."""
    port = free_port()
    program = str(Path(sys.executable).with_name("moto_server"))
    with _served([program, "-H", "127.0.0.1", "-p", str(port)], folder, port, {}) as address:
        yield address


@contextmanager
def nanio(folder: Path) -> Iterator[str]:
    """Address of nanio's server with an empty bucket: signatures, methods, expiry are checked."""
    port = free_port()
    program = str(Path(sys.executable).with_name("nanio"))
    argv = [program, "serve", "--host", "127.0.0.1", "--port", str(port), "--no-access-log"]
    argv += ["--data-dir", str(folder / "data")]
    env = {"NANIO_ACCESS_KEY": ACCESS, "NANIO_SECRET_KEY": SECRET}
    with _served(argv, folder, port, env) as address:
        yield address


@contextmanager
def _served(argv: list[str], folder: Path, port: int, env: dict[str, str]) -> Iterator[str]:
    log = folder / "log"
    # No keys or settings of the person who runs the tests reach the server.
    with running(argv, log=log, env={"PATH": os.environ["PATH"], **env}) as process:
        wait_for_port(port, process, log)
        address = f"http://127.0.0.1:{port}"
        boto3.session.Session(ACCESS, SECRET).client(
            "s3", endpoint_url=address, region_name="us-east-1"
        ).create_bucket(Bucket=BUCKET)
        yield address
