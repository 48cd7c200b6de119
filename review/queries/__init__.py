"""Every list and look-up that pages and the API show. Nothing here writes."""

from review.queries.clips import (
    class_clips,
    drafts,
    gallery,
    my_clips,
    public_count,
    public_ids,
)
from review.queries.covers import Cover, Face, covers, faces
from review.queries.paging import Page, decode_cursor, encode_cursor
from review.queries.queue import (
    QueueRow,
    next_in_queue,
    review_queue,
    safeguarding_queue,
    waiting_count,
)
from review.queries.records import (
    decisions,
    history,
    hold_notes,
    job_list,
    notes,
    output_file,
    output_files,
    people,
    renditions,
    revision,
    revisions,
)
from review.queries.visibility import can_see, get_clip, in_scope, was_taken_back

__all__ = [
    "Cover",
    "Face",
    "Page",
    "QueueRow",
    "can_see",
    "class_clips",
    "covers",
    "decisions",
    "decode_cursor",
    "drafts",
    "encode_cursor",
    "faces",
    "gallery",
    "get_clip",
    "history",
    "hold_notes",
    "in_scope",
    "job_list",
    "my_clips",
    "next_in_queue",
    "notes",
    "output_file",
    "output_files",
    "people",
    "public_count",
    "public_ids",
    "renditions",
    "review_queue",
    "revision",
    "revisions",
    "safeguarding_queue",
    "waiting_count",
    "was_taken_back",
]
