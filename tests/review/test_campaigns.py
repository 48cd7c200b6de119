"""Campaigns: who keeps them, what is refused, when they are open, what their audit rows say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from review import audit, campaigns, checklist, queries, submission
from review.campaigns import Plan
from review.details import Details
from review.errors import InvalidInput, NoSuchThing, NotAllowed, StaleCampaign
from review.keys import new_id
from review.models import AuditRow, Campaign, PolicyRow
from review.policy import Role
from review.stages import DEFAULT, Stage
from review.states import Party
from tests.world import World

PAST, FUTURE = datetime(2020, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)


def test_only_the_office_and_administrators_keep_campaigns(world: World) -> None:
    for role in (Role.TEACHER, Role.REVIEWER, Role.SAFEGUARDING, Role.PUPIL):
        actor = world.actor(role)
        with world.write() as session, pytest.raises(NotAllowed):
            campaigns.add(session, "an-toan", Plan("Tuần lễ"), actor)
    campaign, admin = world.campaign(), world.actor(Role.ADMIN)
    with world.write() as session, pytest.raises(NotAllowed):
        campaigns.announce_now(session, campaign.id, admin)
    with world.read() as session, pytest.raises(NoSuchThing):
        campaigns.get(session, new_id())


@pytest.mark.parametrize(
    ("slug", "plan", "field"),
    [
        ("", Plan("Tuần lễ"), "slug"),
        ("An toàn", Plan("Tuần lễ"), "slug"),
        ("an-toan", Plan(" "), "title"),
        ("an-toan", Plan("Tuần lễ", FUTURE, PAST), "closes_at"),
        ("an-toan", Plan("Tuần lễ", topics=("no-such",)), "topics"),
        ("an-toan", Plan("Tuần lễ", stages=(Stage(Party.OWNER),)), "stages.0.party"),
        ("an-toan", Plan("Tuần lễ", checklist=tuple(f"mục {i}" for i in range(21))), "checklist"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    world: World, slug: str, plan: Plan, field: str
) -> None:
    admin = world.actor(Role.ADMIN)
    with world.write() as session, pytest.raises(InvalidInput) as caught:
        campaigns.add(session, slug, plan, admin)
    assert list(caught.value.errors) == [field]


def test_a_short_name_is_taken_once(world: World) -> None:
    admin = world.actor(Role.ADMIN)
    with world.write() as session:
        made = campaigns.add(session, " An-Toan", Plan(" Tuần  lễ "), admin)
        assert (made.slug, made.title) == ("an-toan", "Tuần lễ")
        with pytest.raises(InvalidInput) as caught:
            campaigns.add(session, "AN-TOAN", Plan("x"), admin)
    assert list(caught.value.errors) == ["slug"]


def test_a_change_is_guarded_and_names_what_changed(world: World) -> None:
    admin = world.actor(Role.ADMIN)
    campaign = world.campaign(Stage(Party.MODERATOR))
    same = Plan(campaign.title, stages=(Stage(Party.MODERATOR),))
    later = Plan(campaign.title, stages=(Stage(Party.MODERATOR),), announce_at=FUTURE)
    two = Plan(campaign.title, stages=(Stage(Party.MODERATOR, 2),), announce_at=FUTURE)
    with world.write() as session:
        assert campaigns.change(session, campaign.id, same, admin, 1).version == 1
        assert campaigns.change(session, campaign.id, later, admin, 1).version == 2
        assert campaigns.change(session, campaign.id, two, admin, 2).version == 3
        with pytest.raises(StaleCampaign):
            campaigns.change(session, campaign.id, same, admin, 2)
    with world.read() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.clip_id == campaign.id)).all()
        policies = session.scalars(select(PolicyRow).order_by(PolicyRow.number)).all()
        assert audit.verify(session)[1] is None
    assert [(r.action, r.party, r.version, r.revision) for r in rows] == [
        ("add_campaign", "moderator", 1, 1),
        ("change_campaign", "admin", 2, 1),
        ("change_campaign", "admin", 3, 2),
    ]
    assert rows[1].detail == {"announce_at": "2099-01-01T00:00:00.000Z"}
    assert list(rows[2].detail) == ["policy_id"]
    assert [p.name for p in policies] == [f"{campaign.slug}/{n}" for n in (1, 2)]


def test_without_stages_and_checklist_a_campaign_has_the_usual_ones(world: World) -> None:
    admin = world.actor(Role.ADMIN)
    usual = world.campaign()
    own = world.campaign(checklist=("Dễ hiểu với học sinh", "", "Đúng chủ đề năm nay"))
    with world.read() as session:
        assert campaigns.stages_of(session, usual) == DEFAULT.stages
    assert checklist.of_campaign(None) == checklist.of_campaign(usual)
    assert [c["code"] for c in checklist.of_campaign(usual)] == [
        c["code"] for c in checklist.DEFAULT
    ]
    assert checklist.of_campaign(own) == [
        {"code": "easy", "label": "Dễ hiểu với học sinh"},
        {"code": "dung_chu_de_nam_nay", "label": "Đúng chủ đề năm nay"},
    ]
    with world.write() as session:
        back = Plan(own.title, checklist=tuple(c["label"] for c in checklist.DEFAULT))
        assert campaigns.change(session, own.id, back, admin, 1).checklist is None


def test_every_label_has_a_code_of_its_own_and_keeps_it(world: World) -> None:
    """Answers are kept under it: no label is lost, and none takes another's."""
    admin = world.actor(Role.ADMIN)
    labels = ("Có vui", "Cỡ vui?", "???", "Easy", "Dễ hiểu với học sinh", "Có vui", "!!!")
    made = world.campaign(checklist=labels)
    expected = [
        {"code": "co_vui", "label": "Có vui"},
        {"code": "co_vui_2", "label": "Cỡ vui?"},
        {"code": "check", "label": "???"},
        {"code": "easy_2", "label": "Easy"},
        {"code": "easy", "label": "Dễ hiểu với học sinh"},
        {"code": "check_2", "label": "!!!"},
    ]
    assert checklist.of_campaign(made) == expected
    with world.write() as session:
        plan = Plan(made.title, checklist=("Cờ vui", *labels[1:5]))
        assert campaigns.change(session, made.id, plan, admin, 1).checklist == [
            {"code": "co_vui_3", "label": "Cờ vui"},
            *expected[1:5],
        ]


def test_what_an_older_program_called_by_no_code_or_anothers_gets_its_own(world: World) -> None:
    admin, made = world.actor(Role.ADMIN), world.campaign(checklist=("Có vui",))
    labels = ("Có vui", "???", "Easy")
    with world.write() as session:
        row = session.get_one(Campaign, made.id)
        row.checklist = [
            {"code": code, "label": label}
            for code, label in zip(("co_vui", "", "easy"), labels, strict=True)
        ]
    with world.write() as session:
        row = campaigns.change(session, made.id, Plan(made.title, checklist=labels), admin, 1)
        assert [c["code"] for c in checklist.of_campaign(row)] == ["co_vui", "check", "easy_2"]


@pytest.mark.parametrize(
    ("dates", "is_open"),
    [
        ({}, True),
        ({"opens_at": PAST, "closes_at": FUTURE}, True),
        ({"opens_at": FUTURE}, False),
        ({"closes_at": PAST}, False),
    ],
)
def test_clips_are_taken_only_while_a_campaign_is_open(
    world: World, dates: dict[str, Any], is_open: bool
) -> None:
    campaign = world.campaign(**dates, topics=("conduct",))
    with world.read() as session:
        assert [c.id for c in queries.open_campaigns(session)] == [campaign.id] * is_open
    details, owner = Details(title="Clip", campaign=campaign.slug), world.person(Role.TEACHER)
    if not is_open:
        with world.write() as session, pytest.raises(InvalidInput) as caught:
            submission.create_draft(session, owner, details)
        assert list(caught.value.errors) == ["campaign"]
        return
    with world.write() as session:
        draft = submission.create_draft(session, owner, details)
        assert (draft.campaign_id, draft.topics) == (campaign.id, ["conduct"])
        # Closed meanwhile: what was begun in it stays in it.
        session.merge(campaign).closes_at = PAST
        session.flush()
        actor = world.actor(Role.TEACHER)
        kept = submission.update_draft(session, draft.id, actor, details)
        assert kept.campaign_id == campaign.id
