"""Campaigns, and the policies that their clips are reviewed under."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from review import stages
from review.keys import new_id
from review.models.base import Base
from review.stages import Policy


class Campaign(Base):
    __tablename__ = "campaigns"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    policy_id: Mapped[str | None]  # of new reviews; None: the default policy
    topics: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    # [{"code", "label"}]; None: the usual ones (review.checklist.DEFAULT).
    checklist: Mapped[list[dict[str, Any]] | None]
    # Until then nobody but reviewers is told what was decided.
    announce_at: Mapped[datetime | None]
    holds_changes: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime]


class PolicyRow(Base):
    """One version of a campaign's policy. Never changed: a new one is a new row."""

    __tablename__ = "policies"
    __table_args__ = (UniqueConstraint("campaign_id", "number"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    campaign_id: Mapped[str]
    number: Mapped[int]
    name: Mapped[str]  # "an-toan/2": what audit rows call it
    stages: Mapped[list[dict[str, Any]]]
    made_by: Mapped[str]
    made_at: Mapped[datetime]

    @cached_property
    def rules(self) -> Policy:
        return Policy(self.name, stages.parse(self.stages))
