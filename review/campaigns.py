"""Campaigns: when they are open, how their clips are reviewed, and when that is announced."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from review import audit, checklist, clock, stages
from review.details import TOPICS
from review.errors import InvalidInput, NoSuchThing, NotAllowed, StaleCampaign
from review.keys import is_id
from review.models import Campaign, PolicyRow
from review.policy import Actor, Role
from review.search import code_of
from review.stages import Stage
from review.text import Sentence, clean, one_of

KEEPERS = frozenset({Role.ADMIN, Role.MODERATOR})
OF_A_CAMPAIGN = ("add_campaign", "change_campaign", "announce_campaign")  # in the audit
MAX_CHECKS = 20
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is said of a campaign. ``stages`` and ``checklist`` empty: the usual ones."""

    title: str
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    topics: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()
    checklist: tuple[str, ...] = ()
    announce_at: datetime | None = None
    holds_changes: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """A campaign as its audit row knows it; ``revision``: the number of its policy."""

    id: str
    version: int
    revision: int
    state: str = field(default="campaign")


def add(session: Session, slug: str, plan: Plan, actor: Actor) -> Campaign:
    """A new campaign under a short name that never changes: feeds and manifests use it."""
    _require_keeper(actor)
    slug = clean(slug, limit=80).lower()
    if not _SLUG.fullmatch(slug):
        raise InvalidInput(slug="Mã gồm chữ thường không dấu, số và dấu gạch, ví dụ «an-toan».")
    if session.scalar(select(Campaign.id).where(Campaign.slug == slug)):
        raise InvalidInput(slug="Mã này đã có.")
    columns = _columns(plan, None)
    row = Campaign(slug=slug, version=1, created_at=clock.now(session), **columns)
    session.add(row)
    session.flush()
    row.policy_id = _keep_policy(session, row, plan.stages, actor)
    session.flush()
    _record(session, row, "add_campaign", actor, {**columns, "slug": slug})
    return row


def change(session: Session, campaign_id: str, plan: Plan, actor: Actor, version: int) -> Campaign:
    """Reviews that have begun go on under the policy that they began with; the date of the
    announcement holds for what waits already. Raises :class:`StaleCampaign`."""
    _require_keeper(actor)
    row = get(session, campaign_id, lock=True)
    if row.version != version:
        raise StaleCampaign(f"campaign {row.slug} has changed")
    wanted = _columns(plan, row)
    if (plan.stages or stages.DEFAULT.stages) != stages_of(session, row):
        wanted["policy_id"] = _keep_policy(session, row, plan.stages, actor)
    changed = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    if changed:
        _write(session, row, "change_campaign", actor, changed)
    return row


def announce_now(session: Session, campaign_id: str, actor: Actor) -> Campaign:
    """What was decided is due from now on, and what will be is told at once. Idempotent: who is
    cut short after this leaves the rest to the sweep."""
    if actor.role is not Role.MODERATOR:
        raise NotAllowed("a moderator announces what was decided")
    row = get(session, campaign_id, lock=True)
    now = clock.now(session)
    if row.announce_at is not None and row.announce_at > now:
        _write(session, row, "announce_campaign", actor, {"announce_at": now})
    return row


def get(session: Session, campaign_id: str, *, lock: bool = False) -> Campaign:
    query = select(Campaign).where(Campaign.id == campaign_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    row = session.scalar(query) if is_id(campaign_id) else None
    if row is None:
        raise NoSuchThing("there is no such campaign")
    return row


def stages_of(session: Session, campaign: Campaign) -> tuple[Stage, ...]:
    """How new clips of the campaign are reviewed."""
    row = session.get(PolicyRow, campaign.policy_id) if campaign.policy_id else None
    return row.rules.stages if row is not None else stages.DEFAULT.stages


def is_open(campaign: Campaign, now: datetime) -> bool:
    """Whether clips may be sent for it; :func:`opened` asks the same of rows."""
    return (campaign.opens_at or now) <= now <= (campaign.closes_at or now)


def opened(now: datetime) -> ColumnElement[bool]:
    begun = or_(Campaign.opens_at.is_(None), Campaign.opens_at <= now)
    runs = or_(Campaign.closes_at.is_(None), Campaign.closes_at >= now)
    return and_(begun, runs)


def of_slug(session: Session, slug: str, kept: str | None = None) -> str:
    """The id of an open campaign; ``kept``: the one that a draft has already may have closed."""
    row = session.scalar(select(Campaign).where(Campaign.slug == slug))
    if row is None:
        raise InvalidInput(campaign="Không có cuộc vận động này.")
    if not is_open(row, clock.now(session)) and row.id != kept:
        raise InvalidInput(campaign="Cuộc vận động này chưa mở hoặc đã kết thúc.")
    return row.id


def _require_keeper(actor: Actor) -> None:
    if actor.role not in KEEPERS:
        raise NotAllowed(f"a {actor.role} does not keep campaigns")


def _columns(plan: Plan, row: Campaign | None) -> dict[str, Any]:
    title = clean(plan.title, limit=120)
    if not title:
        raise InvalidInput(title="Hãy ghi tên của cuộc vận động.")
    if plan.opens_at and plan.closes_at and plan.closes_at <= plan.opens_at:
        raise InvalidInput(closes_at="Ngày kết thúc phải sau ngày bắt đầu.")
    if not set(plan.topics) <= set(TOPICS):
        raise InvalidInput(topics=one_of(TOPICS))
    if plan.stages:
        stages.parse(stages.to_json(plan.stages))
    return {
        "title": title,
        "opens_at": plan.opens_at,
        "closes_at": plan.closes_at,
        "topics": list(plan.topics),
        "checklist": _checklist(plan.checklist, row.checklist if row else None),
        "announce_at": plan.announce_at,
        "holds_changes": plan.holds_changes,
    }


def _checklist(
    labels: Sequence[str], before: Sequence[Mapping[str, Any]] | None
) -> list[dict[str, Any]] | None:
    """A usual label keeps its code, and so does one that the campaign had ``before``: answers are
    kept under it. The others get one of their letters."""
    usual = {check["label"]: check["code"] for check in checklist.DEFAULT}
    own = {check["label"]: check["code"] for check in before or ()}
    codes = {label: code for label, code in own.items() if code not in ("", *usual.values())}
    codes |= usual
    wanted = list(dict.fromkeys(filter(None, (clean(text, limit=120) for text in labels))))
    if len(wanted) > MAX_CHECKS:
        raise InvalidInput(checklist=Sentence("Nhiều nhất {count} mục.", count=MAX_CHECKS))
    for label in wanted:
        if label not in codes:
            codes[label] = code_of(label, codes.values(), nameless="check")
    found = [{"code": codes[label], "label": label} for label in wanted]
    return None if not found or found == list(checklist.DEFAULT) else found


def _keep_policy(
    session: Session, campaign: Campaign, rules: tuple[Stage, ...], actor: Actor
) -> str | None:
    """The id of a new version of the policy; None for the default one."""
    if not rules or rules == stages.DEFAULT.stages:
        return None
    last = select(func.max(PolicyRow.number)).where(PolicyRow.campaign_id == campaign.id)
    number = (session.scalar(last) or 0) + 1
    assert actor.id is not None
    row = PolicyRow(
        campaign_id=campaign.id,
        number=number,
        name=f"{campaign.slug}/{number}",
        stages=stages.to_json(rules),
        made_by=actor.id,
        made_at=clock.now(session),
    )
    session.add(row)
    session.flush()
    return row.id


def _write(
    session: Session, row: Campaign, action: str, actor: Actor, changed: dict[str, Any]
) -> None:
    done = session.execute(
        update(Campaign)
        .where(Campaign.id == row.id, Campaign.version == row.version)
        .values(**changed, version=row.version + 1)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise StaleCampaign(f"campaign {row.slug} has changed")
    session.refresh(row)
    _record(session, row, action, actor, changed)


def _record(
    session: Session, row: Campaign, action: str, actor: Actor, changed: dict[str, Any]
) -> None:
    policy = session.get(PolicyRow, row.policy_id) if row.policy_id else None
    audit.append(
        session,
        Changed(row.id, row.version, policy.number if policy else 0),
        action=action,
        actor_id=actor.id,
        party=str(actor.role),
        from_state="campaign" if row.version > 1 else None,
        detail={name: _plain(value) for name, value in changed.items()},
    )


def _plain(value: Any) -> Any:
    return clock.iso(value) if isinstance(value, datetime) else value
