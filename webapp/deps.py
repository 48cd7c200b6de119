"""What a request works with: settings, rows, blobs and the doorbell, joined once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from flask import Flask, current_app

from review.ports import BlobStore, Doorbell
from storage_config import broker
from storage_config.blobs import blob_store
from storage_config.database import Database
from storage_config.settings import Settings

_KEY = "lantoa"


@dataclass(frozen=True, slots=True)
class Deps:
    settings: Settings
    database: Database
    blobs: BlobStore
    doorbell: Doorbell

    @property
    def part_files(self) -> Path:
        """Uploads that are not complete lie here; workers sweep the abandoned ones."""
        return self.settings.data / "uploads"


def build(
    settings: Settings,
    *,
    database: Database | None = None,
    blobs: BlobStore | None = None,
    doorbell: Doorbell | None = None,
) -> Deps:
    """Join the parts; tests hand over their own."""
    bell = doorbell or broker.Doorbell(settings)

    def ring_after_commit(info: dict[Any, Any]) -> None:
        for job_id, kind in info.pop("rings", []):
            bell.ring(job_id, kind)

    return Deps(
        settings,
        database or Database(settings.database_url, after_commit=ring_after_commit),
        blobs or blob_store(settings.storage_url),
        bell,
    )


def attach(app: Flask, parts: Deps) -> None:
    app.extensions[_KEY] = parts


def deps() -> Deps:
    """The parts of the application that answers this request."""
    return cast(Deps, current_app.extensions[_KEY])
