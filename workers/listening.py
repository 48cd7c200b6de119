"""The job `transcribe`: the preview's sound to the recogniser, and what it says as a draft."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from review import queries
from review.captions.cues import Cue
from review.jobs import Claim
from review.models import Clip, Revision
from workers.deps import Deps
from workers.heartbeat import Heartbeat
from workers.media import MediaFacts
from workers.media.speech import extract
from workers.transcribe import NoRecogniser

PREVIEW = "proxy.mp4"
_EXTRACTED = 0.05  # of the work: taking out the sound is quick


class NotHeard(Exception):
    """This worker can not listen, or the recogniser failed: why."""


def draft(deps: Deps, claim: Claim, folder: Path, beat: Heartbeat) -> tuple[str, list[Cue]]:
    """(language, cues). Raises :class:`NotHeard`, and what the media tool and the store raise."""
    if deps.transcriber is None:
        raise NotHeard("LANTOA_ASR_MODEL is not set for this worker")
    with deps.database.read() as session:
        clip = session.get_one(Clip, claim.clip_id)
        revision = session.get_one(Revision, claim.revision_id)
        found = queries.output_file(session, clip, PREVIEW)
    if found is None or found.revision_id != revision.id:
        raise NotHeard("the clip has another revision by now")
    facts = MediaFacts.from_dict(revision.facts or {})
    preview = folder / PREVIEW
    try:
        deps.blobs.fetch(found.key, preview)
    except FileNotFoundError as error:
        raise NotHeard(f"the store has no {found.key}") from error
    out = folder / "out"
    out.mkdir()
    audio = extract(preview, out, facts=facts, limits=deps.limits, sandbox=deps.sandbox)
    beat.progress(_EXTRACTED)
    return clip.language, _listen(deps, audio, clip.language, facts.duration_s, beat)


def _listen(
    deps: Deps, audio: Path, language: str, duration_s: float, beat: Heartbeat
) -> list[Cue]:
    assert deps.transcriber is not None
    cues = []
    try:
        for heard_s, cue in deps.transcriber.transcribe(audio, language):
            # A recogniser hears in windows of half a minute, whatever the length of the sound.
            if cue.start_s < duration_s:
                cues.append(replace(cue, end_s=min(cue.end_s, round(duration_s, 3))))
            beat.progress(max(_EXTRACTED, min(1.0, heard_s / duration_s)))
    except (NoRecogniser, RuntimeError, ValueError) as error:
        # What CTranslate2 raises for a broken model, a wrong language, a lack of memory.
        raise NotHeard(str(error)) from error
    return cues
