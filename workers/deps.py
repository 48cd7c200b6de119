"""What a worker works with: settings, rows, blobs, doorbell and the media tool, joined once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from review.ports import BlobStore, Doorbell, Mailer, Transcriber
from storage_config import broker
from storage_config.blobs import blob_store
from storage_config.database import Database
from storage_config.mail import mailer
from storage_config.settings import Settings
from workers.media import MediaLimits, Sandbox, choose_sandbox
from workers.media.centerface import CenterFace
from workers.media.faces import Detect
from workers.transcribe import Whisper


@dataclass(frozen=True, slots=True)
class Deps:
    settings: Settings
    database: Database
    blobs: BlobStore
    doorbell: Doorbell
    sandbox: Sandbox
    limits: MediaLimits
    mailer: Mailer
    transcriber: Transcriber | None = None  # none: this worker does not listen
    find_faces: Detect | None = None  # none: this worker does not look for faces

    @property
    def scratch(self) -> Path:
        """Where attempts keep their files while they run; each has a folder of its own."""
        return self.settings.data / "scratch"

    @property
    def part_files(self) -> Path:
        """Where the web process keeps uploads that are not complete."""
        return self.settings.data / "uploads"


def build(settings: Settings) -> Deps:
    """Join the parts; raises when the sandbox that the settings require can not be had."""
    doorbell = broker.Doorbell(settings)

    def ring_after_commit(info: dict[Any, Any]) -> None:
        for job_id, kind in info.pop("rings", []):
            doorbell.ring(job_id, kind)

    return Deps(
        settings=settings,
        database=Database(settings.database_url, after_commit=ring_after_commit, create=False),
        blobs=blob_store(settings.storage_url),
        doorbell=doorbell,
        sandbox=choose_sandbox(settings.media_sandbox),
        limits=MediaLimits(max_bytes=settings.max_bytes, max_seconds=float(settings.max_seconds)),
        mailer=mailer(settings),
        transcriber=Whisper(Path(settings.asr_model)) if settings.asr_model else None,
        find_faces=CenterFace(Path(settings.face_model)) if settings.face_model else None,
    )
