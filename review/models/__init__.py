"""The rows. One module a subject; everything that other modules need is named here."""

from review.models.base import Base
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
from review.models.people import (
    Account,
    ApiToken,
    Campaign,
    LoginSession,
    School,
    SchoolClass,
)
from review.models.purges import Purge
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
    "Confirmation",
    "Consent",
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
    "OutputFile",
    "Pulls",
    "Purge",
    "Redaction",
    "Rendition",
    "Revision",
    "School",
    "SchoolClass",
    "Upload",
    "UploadGate",
]
