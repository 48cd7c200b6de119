"""Every list and look-up that pages and the API show. Nothing here writes."""

from review.queries.campaigns import (
    campaigns,
    held_back_clips,
    held_back_counts,
    open_campaigns,
)
from review.queries.clips import (
    class_clips,
    drafts,
    gallery,
    my_clips,
    of_kind,
    public_count,
    public_ids,
    shown_campaigns,
)
from review.queries.covers import Cover, Face, covers, faces
from review.queries.filters import Filters
from review.queries.finding import Found, find, suggest
from review.queries.paging import Page, decode_cursor, encode_cursor
from review.queries.queue import (
    Count,
    count,
    next_in_queue,
    place_of,
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
    revisions,
)
from review.queries.reported import Reported, reported, reported_count, worries
from review.queries.rows import QueueRow
from review.queries.visibility import can_see, get_clip, in_scope, was_taken_back
from review.revisions import find as revision
from review.undone import taken_back

__all__ = [
    "Count",
    "Cover",
    "Face",
    "Filters",
    "Found",
    "Page",
    "QueueRow",
    "Reported",
    "campaigns",
    "can_see",
    "class_clips",
    "count",
    "covers",
    "decisions",
    "decode_cursor",
    "drafts",
    "encode_cursor",
    "faces",
    "find",
    "gallery",
    "get_clip",
    "held_back_clips",
    "held_back_counts",
    "history",
    "hold_notes",
    "in_scope",
    "job_list",
    "my_clips",
    "next_in_queue",
    "notes",
    "of_kind",
    "open_campaigns",
    "output_file",
    "output_files",
    "people",
    "place_of",
    "public_count",
    "public_ids",
    "renditions",
    "reported",
    "reported_count",
    "review_queue",
    "revision",
    "revisions",
    "safeguarding_queue",
    "shown_campaigns",
    "suggest",
    "taken_back",
    "waiting_count",
    "was_taken_back",
    "worries",
]
