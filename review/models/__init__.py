"""The rows. One module a subject; everything that other modules need is named here."""

from review.models.base import Base
from review.models.batches import Batch, BatchRow
from review.models.campaigns import Campaign, PolicyRow
from review.models.captions import Captions
from review.models.clips import Clip, ClipPerson, Consent, OutputFile, Rendition, Revision
from review.models.doors import ClipLink, Guesses
from review.models.faces import FaceProposals
from review.models.feed import (
    Confirmation,
    FeedAck,
    FeedEntry,
    FeedHead,
    Hook,
    HookDelivery,
    Library,
    Pulls,
)
from review.models.ledger import AuditRow, ChainHead, Decision, Note
from review.models.lookalikes import FrameBand, FrameHashes, LookAlikeRow
from review.models.notices import CaseEntry, Notice
from review.models.numbers import (
    PersonSpan,
    ReasonDay,
    ReviewDay,
    ReviewWeek,
    SchoolSpan,
    WaitingDay,
    WaitingSpan,
    WaitingWeek,
)
from review.models.people import (
    Account,
    ApiToken,
    LoginSession,
    School,
    SchoolClass,
)
from review.models.purges import Purge
from review.models.queue import QueuePlace, SavedFilter
from review.models.redactions import Redaction
from review.models.reports import Report
from review.models.reviewing import Coverage, NoteAnswer, NoteReason
from review.models.search import SearchRow
from review.models.work import BucketUpload, IdempotencyKey, Job, Upload, UploadGate

__all__ = [
    "Account",
    "ApiToken",
    "AuditRow",
    "Base",
    "Batch",
    "BatchRow",
    "BucketUpload",
    "Campaign",
    "Captions",
    "CaseEntry",
    "ChainHead",
    "Clip",
    "ClipLink",
    "ClipPerson",
    "Confirmation",
    "Consent",
    "Coverage",
    "Decision",
    "FaceProposals",
    "FeedAck",
    "FeedEntry",
    "FeedHead",
    "FrameBand",
    "FrameHashes",
    "Guesses",
    "Hook",
    "HookDelivery",
    "IdempotencyKey",
    "Job",
    "Library",
    "LoginSession",
    "LookAlikeRow",
    "Note",
    "NoteAnswer",
    "NoteReason",
    "Notice",
    "OutputFile",
    "PersonSpan",
    "PolicyRow",
    "Pulls",
    "Purge",
    "QueuePlace",
    "ReasonDay",
    "Redaction",
    "Rendition",
    "Report",
    "ReviewDay",
    "ReviewWeek",
    "Revision",
    "SavedFilter",
    "School",
    "SchoolClass",
    "SchoolSpan",
    "SearchRow",
    "Upload",
    "UploadGate",
    "WaitingDay",
    "WaitingSpan",
    "WaitingWeek",
]
