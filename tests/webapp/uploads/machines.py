"""Two machines with web processes that share only a database and a bucket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from review.models import BucketUpload
from review.policy import Role
from storage_config.blobs import S3Blobs
from storage_config.database import Database
from tests.services.postgres import Postgres
from tests.services.s3 import BUCKET, KEYS, moto
from tests.webapp.uploads.web import Web
from tests.world import World

QUIET = KEYS | {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nonexistent"}


@dataclass
class Machines:
    """Web processes, each with a disk of its own; one database, one bucket."""

    webs: list[Web]
    world: World
    blobs: S3Blobs
    env: dict[str, str]

    def original(self, path: str) -> bytes:
        with self.blobs.open(f"originals/{path.rpartition('/')[2]}") as stream:
            return stream.read()

    def row(self, path: str) -> BucketUpload | None:
        with self.world.read() as session:
            return session.get(BucketUpload, path.rpartition("/")[2])

    def end_leases(self) -> None:
        """Time passes: as if the lease of a writer that was killed had ended."""
        with self.world.write() as session:
            session.execute(text("UPDATE bucket_uploads SET lease_until = NULL"))

    def pending(self) -> list[str]:
        return [p.multipart for p in self.blobs.multiparts.pending()]

    def stored(self) -> list[str]:
        return list(self.blobs.keys())

    def fresh(self) -> Machines:
        """Both run, the bucket is empty, and nothing is under way."""
        for web in self.webs:
            if web.process is None:
                web.start()
        for key in self.stored():
            self.blobs.delete(key)
        for pending in list(self.blobs.multiparts.pending()):
            self.blobs.multiparts.abort(pending.key, pending.multipart)
        with self.world.write() as session:
            session.execute(text("DELETE FROM bucket_uploads"))
            session.execute(text("UPDATE uploads SET expires_at = created_at"))
        return self


@contextmanager
def two_machines(folder: Path, postgres: Postgres) -> Iterator[Machines]:
    (folder / "moto").mkdir()
    with moto(folder / "moto") as address, pytest.MonkeyPatch.context() as patch:
        for name, value in QUIET.items():
            patch.setenv(name, value)
        url = postgres.create(template="template_of_tests")
        env = {
            "LANTOA_DATABASE_URL": url,
            "LANTOA_STORAGE_URL": f"s3://{BUCKET}/pre?endpoint={address}",
            "LANTOA_SECRET_KEY": "a secret of the tests that is long enough",
            "LANTOA_UPLOAD_DIRECT": "on",
            **QUIET,
        }
        database = Database(url)
        world = World(database)
        token = [world.token(Role.TEACHER)]
        webs = [Web(folder / name, world, env=env, _token=token) for name in ("one", "two")]
        try:
            yield Machines(webs, world, S3Blobs.from_url(env["LANTOA_STORAGE_URL"]), env)
        finally:
            for web in webs:
                web.kill()
            database.dispose()
