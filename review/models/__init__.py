"""The rows. One module a subject; everything that other modules need is named here."""

from review.models.base import Base
from review.models.captions import Captions
from review.models.clips import Clip, ClipPerson, Consent, OutputFile, Rendition, Revision
from review.models.doors import ClipLink, Guesses
from review.models.faces import FaceProposals
from review.models.ledger import AuditRow, ChainHead, Decision, FeedAck, FeedEntry, FeedHead, Note
from review.models.lookalikes import FrameBand, FrameHashes, LookAlikeRow
from review.models.numbers import ReasonDay, ReviewDay, ReviewWeek, WaitingDay, WaitingWeek
from review.models.people import (
    Account,
    ApiToken,
    Campaign,
    Library,
    LoginSession,
    School,
    SchoolClass,
)
from review.models.queue import QueuePlace, SavedFilter
from review.models.redactions import Redaction
from review.models.work import BucketUpload, IdempotencyKey, Job, Upload, UploadGate

__all__ = [
    "Account",
    "ApiToken",
    "AuditRow",
    "Base",
    "BucketUpload",
    "Campaign",
    "Captions",
    "ChainHead",
    "Clip",
    "ClipLink",
    "ClipPerson",
    "Consent",
    "Decision",
    "FaceProposals",
    "FeedAck",
    "FeedEntry",
    "FeedHead",
    "FrameBand",
    "FrameHashes",
    "Guesses",
    "IdempotencyKey",
    "Job",
    "Library",
    "LoginSession",
    "LookAlikeRow",
    "Note",
    "OutputFile",
    "QueuePlace",
    "ReasonDay",
    "Redaction",
    "Rendition",
    "ReviewDay",
    "ReviewWeek",
    "Revision",
    "SavedFilter",
    "School",
    "SchoolClass",
    "Upload",
    "UploadGate",
    "WaitingDay",
    "WaitingWeek",
]
