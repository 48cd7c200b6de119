"""A clip, its revisions, what was made of them, and the people who can be seen in it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from review import stages
from review.keys import new_id
from review.models.base import Base
from review.models.campaigns import PolicyRow
from review.stages import Policy


class Clip(Base):
    __tablename__ = "clips"
    __table_args__ = (
        Index("ix_clips_queue", "state", "stage", "school_id", "submitted_at", "id"),
        Index("ix_clips_owner", "owner_id", "id"),
        Index("ix_clips_class", "class_id", "created_at"),
        Index("ix_clips_published", "state", "scope", "published_at", "id"),
        Index("ix_clips_claims", "claimed_by", "claimed_until"),
        Index("ix_clips_withdrawn", "state", "withdrawn_at", "id"),
        Index("ix_clips_cases", "case_open", "submitted_at", "id"),
        Index("ix_clips_unannounced", "unannounced", "campaign_id", "id"),
        Index(
            "ix_clips_assigned",
            "assigned_to",
            "state",
            "submitted_at",
            sqlite_where=text("assigned_to IS NOT NULL"),
            postgresql_where=text("assigned_to IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    school_id: Mapped[str | None] = mapped_column(ForeignKey("schools.id"))
    class_id: Mapped[str | None] = mapped_column(ForeignKey("classes.id"))
    campaign_id: Mapped[str | None] = mapped_column(ForeignKey("campaigns.id"))

    title: Mapped[str]
    summary: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="vi")
    level: Mapped[str | None]
    topics: Mapped[list[str]] = mapped_column(default=list)
    credit: Mapped[str] = mapped_column(default="")
    licence: Mapped[str] = mapped_column(default="CC-BY-NC-4.0")
    music: Mapped[str] = mapped_column(default="unknown")  # own | free | unknown
    reenactment: Mapped[bool] = mapped_column(default=False)
    scope: Mapped[str] = mapped_column(default="public")  # review.consent.Scope

    state: Mapped[str] = mapped_column(default="draft")  # review.states.State
    policy_id: Mapped[str | None]  # under which the review began; None: the default policy
    stage: Mapped[int] = mapped_column(default=0)  # index into the policy's stages
    stage_party: Mapped[str] = mapped_column(default="reviewer", server_default="reviewer")
    # What was decided in this stage of this review: [{"decision", "by", "action"}].
    votes: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default="[]")
    # The review has ended, and only reviewers are told; a moderator's or the sweep's word ends it.
    unannounced: Mapped[bool] = mapped_column(default=False, server_default=false())
    undo_until: Mapped[datetime | None]  # not told before then, whatever the campaign says
    version: Mapped[int] = mapped_column(default=1)  # grows by one with every move
    revision: Mapped[int] = mapped_column(default=0)  # number of the current revision; 0: none
    problem: Mapped[str | None]  # code in review.problems, while refused or failed
    progress: Mapped[str | None]  # for people only: no rule reads it
    # From the escalation to the word of the safeguarding officer; outlives a withdrawal.
    case_open: Mapped[bool] = mapped_column(default=False, server_default=false())

    claimed_by: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"))
    claimed_until: Mapped[datetime | None]
    assigned_to: Mapped[str | None]  # account: shown in the queue, no rule reads it

    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str | None]

    policy: Mapped[PolicyRow | None] = relationship(
        primaryjoin=lambda: foreign(Clip.policy_id) == PolicyRow.id,
        lazy="selectin",
        viewonly=True,
    )

    @property
    def rules(self) -> Policy:
        return self.policy.rules if self.policy is not None else stages.DEFAULT


class Revision(Base):
    """One uploaded original. Decisions bind to a revision, not to a clip."""

    __tablename__ = "revisions"
    __table_args__ = (UniqueConstraint("clip_id", "number"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    clip_id: Mapped[str] = mapped_column(ForeignKey("clips.id"))
    number: Mapped[int]
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("revisions.id"))
    upload_id: Mapped[str] = mapped_column(ForeignKey("uploads.id"), unique=True)
    original_key: Mapped[str]
    original_sha256: Mapped[str] = mapped_column(index=True)
    original_bytes: Mapped[int] = mapped_column(BigInteger)
    original_purged_at: Mapped[datetime | None]  # what is known of it stays: see Purge
    facts: Mapped[dict[str, Any] | None]  # workers.media's MediaFacts, as JSON
    # What machines noticed (workers.media's Signals, as JSON): for reviewers, never a verdict.
    signals: Mapped[dict[str, Any] | None]
    poster: Mapped[str | None]  # which candidate the owner chose; none: the best of them
    # Which attempt's outputs are served. Set in the transaction that ends the job.
    examine_attempt: Mapped[str | None]
    ladder_attempt: Mapped[str | None]
    watched_sha256: Mapped[str | None]  # of proxy.mp4: the bytes that a reviewer watches
    created_at: Mapped[datetime]


class OutputFile(Base):
    """One file made from a revision: everything that ``/media`` may serve stands here."""

    __tablename__ = "output_files"
    __table_args__ = (UniqueConstraint("revision_id", "attempt", "what"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    revision_id: Mapped[str] = mapped_column(ForeignKey("revisions.id"))
    attempt: Mapped[str]
    what: Mapped[str]  # "poster.jpg", "hls/master.m3u8": the path below /media/<clip>/
    key: Mapped[str]
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    mime: Mapped[str]


class Rendition(Base):
    """What a library can play: the HLS presentation, progressive MP4 files, the sound alone."""

    __tablename__ = "renditions"
    __table_args__ = (UniqueConstraint("revision_id", "attempt", "what"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    revision_id: Mapped[str] = mapped_column(ForeignKey("revisions.id"))
    attempt: Mapped[str]
    kind: Mapped[str]  # hls | mp4 | audio
    what: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    mime: Mapped[str]
    # The text of an HLS master playlist: captions are added to it when it is served.
    playlist: Mapped[str | None] = mapped_column(Text)


class ClipPerson(Base):
    """A child who can be recognised in the clip. The label is the submitter's, never a name
    that leaves the school: "bạn áo đỏ"."""

    __tablename__ = "clip_people"
    __table_args__ = (UniqueConstraint("clip_id", "label"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    clip_id: Mapped[str] = mapped_column(ForeignKey("clips.id"))
    label: Mapped[str]
    under_seven: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class Consent(Base):
    """One consent of one person. Never changed but for its end: a new one is a new row."""

    __tablename__ = "consents"
    __table_args__ = (Index("ix_consents_person", "person_id", "kind"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("clip_people.id"))
    kind: Mapped[str]  # guardian | own
    scope: Mapped[str]
    text_version: Mapped[str]
    evidence: Mapped[str]
    given_at: Mapped[datetime]
    valid_until: Mapped[datetime] = mapped_column(index=True)
    recorded_by: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    recorded_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
