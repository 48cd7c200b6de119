"""The desk's own parts as pages: coverage, checklist, reasons, answers, two revisions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from review import accounts, clock, decisions, queries
from review.decisions import NoteInput, Verdict
from review.models import Coverage
from review.policy import Role
from review.stages import Stage
from review.states import Action, Party, State
from storage_config.blobs import LocalBlobs
from tests.webapp.conftest import store_files
from tests.webapp.pages.conftest import Browser
from tests.world import FACTS, World

Visitor = Callable[..., Browser]
LENGTH = FACTS["duration_s"]
NOTE = {"notes-0-at": "3", "notes-0-code": "sound_low", "notes-0-text": "nhỏ quá"}


def long_ago(world: World) -> None:
    """The desk was opened some minutes before."""
    with world.write() as session:
        for row in session.query(Coverage):
            row.began_at = clock.now(session) - timedelta(minutes=5)


def sha256(world: World, clip_id: str) -> str:
    with world.read() as session:
        revision = queries.revision(session, world.get(clip_id))
    assert revision is not None
    return str(revision.watched_sha256)


def tell(person: Browser, clip_id: str, spans: list[list[float]], **more: Any) -> Any:
    """As the desk's script does; (status, answer)."""
    body = {"spans": spans, "length": LENGTH, **more}
    headers = {"X-CSRFToken": person.token(), "Accept": "application/json"}
    answer = person.client.post(f"/review/{clip_id}/coverage", json=body, headers=headers)
    return answer.status_code, answer.get_json()


# --- coverage ------------------------------------------------------------------------------------


def test_a_clip_that_was_played_to_the_end_can_be_approved(visitor: Visitor, world: World) -> None:
    clip_id, person = world.clip(), visitor(Role.REVIEWER)
    page = person.get(f"/review/{clip_id}")
    (desk,) = [a for _, a in page.tags if "data-desk" in a]
    assert (desk["data-sha256"], desk["data-played"]) == (sha256(world, clip_id), "[]")
    long_ago(world)
    told = tell(person, clip_id, [[0, 6]], sha256=sha256(world, clip_id))
    assert told == (200, {"spans": [[0, 6]], "unplayed": [[6, LENGTH]], "whole": False})
    refused = person.send(page, f"/review/{clip_id}", button="approve", measured="y", watched="y")
    assert refused.status == 422
    # Another day, or after a reload: what was played stays played.
    (desk,) = [a for _, a in person.get(f"/review/{clip_id}").tags if "data-desk" in a]
    assert json.loads(desk["data-played"] or "") == [[0, 6]]
    told = tell(person, clip_id, [[6, LENGTH]], sha256=sha256(world, clip_id))
    assert told == (200, {"spans": [[0, LENGTH]], "unplayed": [], "whole": True})
    done = person.send(refused, f"/review/{clip_id}", button="approve", measured="y")
    assert done.status == 302
    with world.read() as session:
        ((decision, _),) = queries.decisions(session, clip_id)
    assert decision.watched_how == "measured"


def test_what_is_no_span_is_refused_and_other_bytes_are_told(
    visitor: Visitor, world: World
) -> None:
    clip_id, person = world.clip(), visitor(Role.REVIEWER)
    ours = sha256(world, clip_id)
    for spans in (None, "0-12", [[0]], [[0, "12"]], [[True, 1]], [[0, 10**400]], [[0, 1]] * 501):
        assert tell(person, clip_id, spans, sha256=ours)[0] == 422  # type: ignore[arg-type]
    assert tell(person, clip_id, [[0, 1]], sha256=ours, length=10**400)[0] == 422
    deep = {"data": "[" * 50_000, "content_type": "application/json"}
    headers = {"X-CSRFToken": person.token(), "Accept": "application/json"}
    answer = person.client.post(f"/review/{clip_id}/coverage", headers=headers, **deep)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad_json")
    assert tell(person, clip_id, [[0, 1]], sha256="0" * 64)[0] == 409
    world.decide(clip_id, Action.REJECT, Role.REVIEWER)
    assert tell(person, clip_id, [[0, 1]], sha256=ours)[0] == 409


# --- the checklist -------------------------------------------------------------------------------


def test_the_checklist_comes_back_as_it_was_filled_in(visitor: Visitor, world: World) -> None:
    clip_id, person = world.clip(), visitor(Role.REVIEWER)
    page = person.get(f"/review/{clip_id}")
    assert "Nhạc được phép dùng" in page.text
    answers = {"checklist-sound": "no", "checklist-privacy": "unsure"}
    refused = person.send(page, f"/review/{clip_id}", button="request_changes", **answers)
    assert refused.status == 422
    fields = dict(refused.form(f"/review/{clip_id}").fields)
    assert {name: fields.get(name) for name in answers} == answers
    done = person.send(refused, f"/review/{clip_id}", button="request_changes", **NOTE)
    assert done.status == 302
    with world.read() as session:
        ((decision, _),) = queries.decisions(session, clip_id)
    assert decision.checklist == {"sound": "no", "privacy": "unsure"}


# --- reasons -------------------------------------------------------------------------------------


def test_the_offices_reason_reaches_the_desk_and_the_owner(visitor: Visitor, world: World) -> None:
    office, path = visitor(Role.MODERATOR), "/admin/reasons"
    page = office.get(path)
    after = office.follow(office.send(page, path, label="Không đội mũ bảo hiểm"))
    assert "Đã thêm lý do «Không đội mũ bảo hiểm»." in after.text
    code = "khong_doi_mu_bao_hiem"
    clip_id = world.clip(owner=world.person(Role.PUPIL))
    person = visitor(Role.REVIEWER)
    desk = person.get(f"/review/{clip_id}")
    assert f'value="{code}"' in desk.source
    note = {**NOTE, "notes-0-code": code}
    assert person.send(desk, f"/review/{clip_id}", button="reject", **note).status == 302
    owners = f"/clips/{clip_id}"
    assert "Không đội mũ bảo hiểm : nhỏ quá" in visitor(Role.PUPIL).get(owners).text

    # In other words, also what was noted before; then it is offered no more.
    office.send(office.get(path), f"{path}/{code}", label="Chưa đội mũ <b>bảo hiểm</b>")
    source = visitor(Role.PUPIL).get(owners).source
    assert "Chưa đội mũ &lt;b&gt;bảo hiểm&lt;/b&gt;" in source
    office.send(office.get(path), f"{path}/{code}", button="retire")
    assert f'value="{code}"' not in person.get(f"/review/{world.clip()}").source
    assert "Chưa đội mũ" in visitor(Role.PUPIL).get(owners).text
    office.send(office.get(path), f"{path}/{code}", button="restore")
    assert f'value="{code}"' in person.get(f"/review/{world.clip()}").source


def test_reasons_are_ordered_and_the_last_resort_stays(visitor: Visitor, world: World) -> None:
    office, path = visitor(Role.ADMIN), "/admin/reasons"

    def shown() -> list[str]:
        return re.findall(r'id="reason-(\w+)"', office.get(path).source)

    first, second = shown()[:2]
    office.send(office.get(path), f"{path}/{second}", button="up")
    assert shown()[:2] == [second, first]
    page = office.get(path)
    assert "retire" not in [value for _, value in page.form(f"{path}/other").buttons]
    office.post(f"{path}/other", {"deed": "retire"})
    assert "other" in shown()
    told = office.follow(office.send(page, path, label=" "))
    assert "Hãy ghi lý do." in told.text


# --- answers, and two revisions ------------------------------------------------------------------


def answered(visitor: Visitor, world: World) -> str:
    """A clip that was sent back, answered and handed in again."""
    owner = world.person(Role.PUPIL)
    clip_id = world.clip(State.CHANGES_REQUESTED, owner=owner)
    person = visitor(owner)
    page, path = person.get(f"/clips/{clip_id}"), f"/clips/{clip_id}/answers"
    (name,) = {n for n, _ in page.form(path).fields if n.startswith("text-")}
    given = {name.replace("text-", "answer-"): "kept", name: "đó là trang phục diễn"}
    after = person.follow(person.send(page, path, **given))
    assert "Đã lưu lời trả lời." in after.text
    assert dict(after.form(path).fields)[name].strip() == "đó là trang phục diễn"
    world.resubmit(clip_id, owner)
    return clip_id


def test_the_owners_answer_is_read_by_the_next_reviewer(visitor: Visitor, world: World) -> None:
    clip_id = answered(visitor, world)
    desk = visitor(Role.REVIEWER).get(f"/review/{clip_id}")
    assert "1 ghi chú của lần trước, 1 đã trả lời." in desk.text
    assert "Không sửa: đó là trang phục diễn" in desk.text
    assert f"/review/{clip_id}/compare" in desk.links
    page = visitor(Role.REVIEWER).get(f"/review/{clip_id}/compare")
    assert "Không sửa: đó là trang phục diễn" in page.text
    assert [v["src"] for v in page.all("video")] == [
        f"/media/{clip_id}/revisions/1/proxy.mp4",
        f"/media/{clip_id}/proxy.mp4",
    ]
    # The owner still reads both, and can change neither now.
    owners = visitor(Role.PUPIL).get(f"/clips/{clip_id}")
    assert "Không sửa: đó là trang phục diễn" in owners.text
    assert f"/clips/{clip_id}/answers" not in [form.action for form in owners.forms]


def test_beside_the_old_revision_stands_what_every_reviewer_noted(
    visitor: Visitor, world: World
) -> None:
    """Also a voice that the owner was never told: the one that was for approving."""
    owner = world.person(Role.PUPIL)
    campaign = world.campaign(Stage(Party.REVIEWER, 2))
    clip_id = world.clip(State.IN_REVIEW, owner=owner, campaign=campaign.slug)
    for action, words in ((Action.APPROVE, "hơi tối"), (Action.REQUEST_CHANGES, "nhỏ quá")):
        actor, clip = accounts.actor_of(world.account(Role.REVIEWER)), world.get(clip_id)
        notes = [NoteInput(1.5, "other", words)]
        verdict = Verdict(action, clip.revision, clip.version, notes, watched=True)
        with world.write() as session:
            decisions.decide(session, clip_id, actor, verdict)
    world.resubmit(clip_id, owner)
    page = visitor(Role.REVIEWER).get(f"/review/{clip_id}/compare")
    assert ("hơi tối" in page.text, "nhỏ quá" in page.text) == (True, True)
    assert "hơi tối" not in visitor(owner).get(f"/clips/{clip_id}").text


def test_the_replaced_preview_is_for_reviewers_alone(
    visitor: Visitor, world: World, blobs: LocalBlobs
) -> None:
    clip_id = world.clip(State.CHANGES_REQUESTED, owner=world.person(Role.PUPIL))
    content = store_files(world, blobs, clip_id)["proxy.mp4"]
    world.resubmit(clip_id, world.person(Role.PUPIL))
    path = f"/media/{clip_id}/revisions/1/proxy.mp4"
    people = (None, Role.PUPIL, Role.TEACHER, Role.REVIEWER, Role.MODERATOR, Role.ADMIN)
    got = {who: visitor(who).client.get(path, buffered=True) for who in people}
    assert {who: answer.status_code for who, answer in got.items()} == {
        None: 404,
        Role.PUPIL: 404,
        Role.TEACHER: 404,
        Role.REVIEWER: 200,
        Role.MODERATOR: 200,
        Role.ADMIN: 404,
    }
    assert got[Role.REVIEWER].data == content
    world.decide(clip_id, Action.ESCALATE, Role.REVIEWER)
    assert visitor(Role.REVIEWER).client.get(path, buffered=True).status_code == 404
