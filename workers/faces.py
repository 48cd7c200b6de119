"""The job `faces`: the original to a detector of faces, and what it found as proposals.

Off unless the operator set a model, as with `workers.transcribe`. Nothing is ever fetched.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from pathlib import Path

import structlog
from sqlalchemy.orm import Session

from review import faces
from review.jobs import Claim
from review.models import Revision
from review.redaction import Box
from workers.deps import Deps
from workers.heartbeat import Heartbeat
from workers.media import MediaFacts, Refused
from workers.media.centerface import DetectorFailed, without_sizes
from workers.media.faces import FaceBox, Seen, find_faces

log = structlog.get_logger(__name__)
PACKAGE = "onnxruntime"
_VARIABLE = "LANTOA_FACE_MODEL"
_FINE = 10_000  # a place is kept in hundredths of a percent, as the editor shows it


class NoDetector(Exception):
    """What is missing, and how to mend it: one line."""


class NotSearched(Exception):
    """This worker can not look for faces, or the detector failed: why."""


def check(model: str) -> None:
    """Raise :class:`NoDetector` unless a model that is set can be used here."""
    if not model:
        return
    try:
        without_sizes(Path(model).read_bytes())
    except OSError as error:
        raise NoDetector(
            f"{_VARIABLE}={model}: {error.strerror}; accepted: the file centerface.onnx"
        ) from None
    except DetectorFailed as error:
        raise NoDetector(f"{_VARIABLE}={model}: {error}") from None
    if importlib.util.find_spec(PACKAGE) is None:
        raise NoDetector(
            f"{_VARIABLE} is set, but onnxruntime is not installed: "
            "pip install 'onnxruntime>=1.20', or unset it"
        )


def step(deps: Deps, claim: Claim, folder: Path, beat: Heartbeat) -> Callable[[Session], None]:
    """The write that tells what was found. Raises :class:`NotSearched`, and what the media tool
    and the store raise; never `Refused`, which would be said of the clip."""
    if deps.find_faces is None:
        raise NotSearched(f"{_VARIABLE} is not set for this worker")
    with deps.database.read() as session:
        revision = session.get_one(Revision, claim.revision_id)
    source, out = folder / "original", folder / "out"
    out.mkdir()
    try:
        deps.blobs.fetch(revision.original_key, source)
    except FileNotFoundError as error:
        raise NotSearched(f"the store has no {revision.original_key}") from error
    try:
        seen = find_faces(
            source,
            out,
            facts=MediaFacts.from_dict(revision.facts or {}),
            limits=deps.limits,
            sandbox=deps.sandbox,
            detect=deps.find_faces,
            progress=beat.progress,
        )
    except DetectorFailed as error:
        raise NotSearched(str(error)) from error
    except Refused as error:
        log.info("search_refused", job=claim.job_id, code=error.code, detail=error.detail)
        return lambda session: faces.failed(session, claim, "faces_not_searched")
    return _written(claim, seen)


def _written(claim: Claim, seen: Seen) -> Callable[[Session], None]:
    boxes = [as_box(box) for box in seen.boxes]
    return lambda session: faces.found(session, claim, boxes, seen.left_out)


def as_box(box: FaceBox) -> Box:
    """A box of a plan, at places that the editor can show: outwards, and not out of the picture."""
    left, top = (math.floor(side * _FINE) for side in (box.x, box.y))
    right = min(_FINE, math.ceil((box.x + box.width) * _FINE))
    bottom = min(_FINE, math.ceil((box.y + box.height) * _FINE))
    return Box(
        *(left / _FINE, top / _FINE, (right - left) / _FINE, (bottom - top) / _FINE),
        start_s=math.floor(box.start_s * 100) / 100,
        end_s=math.ceil(box.end_s * 100) / 100,
    )
