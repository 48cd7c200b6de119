"""The API, call by call, as docs and clients know it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from review.policy import Role
from review.stages import Stage
from review.states import Action, Party, State
from tests.webapp.conftest import Caller, problem
from tests.world import TITLE, World, consented

Callers = Callable[..., Caller]
ID = re.compile(r"[0-9a-hjkmnp-tv-z]{26}")
CHILD = {"label": "bạn áo đỏ", "guardian_consent": {"scope": "library"}, "assent": True}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def submission(world: World, **more: Any) -> dict[str, Any]:
    return {"title": TITLE, "upload": f"http://127.0.0.1/uploads/{world.upload()}", **more}


class TestClips:
    def test_a_submission_is_201(self, world: World, caller: Callers) -> None:
        body = submission(
            world,
            summary="Ba điều cần nhớ",
            language="vi",
            topics=["safe_networks"],
            people=[CHILD],
            reenactment=True,
            music="own",
        )
        response = caller(Role.TEACHER)("POST", "/api/v1/clips", body)
        answer = response.get_json()

        assert response.status_code == 201
        assert ID.fullmatch(answer["id"])
        assert answer == {
            "id": answer["id"],
            "state": "processing",
            "revision": 1,
            "version": 2,
            "scope": "library",  # never wider than the child's consent
        }
        assert response.headers["Location"] == f"/api/v1/clips/{answer['id']}"

    def test_a_clip_under_way_has_no_files_yet(self, world: World, caller: Callers) -> None:
        clip_id = world.clip(State.PROCESSING)

        assert caller(Role.TEACHER)("GET", f"/api/v1/clips/{clip_id}").get_json() == {
            "id": clip_id,
            "state": "processing",
            "revision": 1,
            "version": 2,
            "title": TITLE,
            "summary": "",
            "language": "vi",
            "level": "lower_secondary",
            "topics": [],
            "scope": "public",
            "music": "unknown",
            "reenactment": False,
            "stage": None,
            "progress": None,
            "problem": None,
            "waiting_for": [],
            "published_at": None,
            "renditions": [],
            "audio": None,
            "view_bytes": None,
            "media": dict.fromkeys(
                ("proxy", "poster", "contact_sheet", "sprite", "hls", "mp4"), None
            )
            | {"captions": []},
        }

    def test_a_published_clip_has_all_of_them(self, world: World, caller: Callers) -> None:
        clip_id = world.clip(State.PUBLISHED)
        answer = caller(None)("GET", f"/api/v1/clips/{clip_id}").get_json()
        place = f"http://127.0.0.1:8000/media/{clip_id}"

        assert answer["media"] == {
            "proxy": f"{place}/proxy.mp4",
            "poster": f"{place}/poster.jpg",
            "contact_sheet": None,
            "sprite": None,
            "hls": f"{place}/hls/master.m3u8",
            "mp4": f"{place}/mp4/360p.mp4",
            "captions": [],
        }
        sha256 = answer["renditions"][0]["sha256"]
        assert answer["renditions"] == [
            {
                "kind": kind,
                "url": f"{place}/{what}",
                "width": 640,
                "height": 360,
                "bytes": 9,
                "sha256": sha256,
                "mime": mime,
            }
            for kind, what, mime in (
                ("hls", "hls/master.m3u8", "application/vnd.apple.mpegurl"),
                ("mp4", "mp4/360p.mp4", "video/mp4"),
            )
        ]
        assert (answer["state"], TIME.fullmatch(answer["published_at"]) is not None) == (
            "published",
            True,
        )

    def test_a_refusal_says_what_to_do(self, world: World, caller: Callers) -> None:
        clip_id = world.clip(State.REFUSED)
        answer = caller(Role.TEACHER)("GET", f"/api/v1/clips/{clip_id}").get_json()

        assert answer["problem"] == {
            "code": "not_a_video",
            "message": "Tệp này không phải là video. Hãy chọn một clip quay bằng điện thoại "
            "hoặc máy ảnh rồi gửi lại.",
        }

    def test_progress_is_a_step_and_a_percentage(self, world: World, caller: Callers) -> None:
        from review import jobs

        clip_id = world.clip(State.PROCESSING)
        claim = world.claim_job(clip_id, "examine")
        with world.write() as session:
            jobs.heartbeat(session, claim, "poster:40")

        answer = caller(Role.TEACHER)("GET", f"/api/v1/clips/{clip_id}").get_json()
        assert answer["progress"] == {"step": "poster", "percent": 40}

    def test_ones_own_clips_are_listed_newest_first(self, world: World, caller: Callers) -> None:
        first, second = world.clip(State.PROCESSING), world.clip(State.DRAFT)
        world.clip(owner=world.account(Role.TEACHER))
        teacher = caller(Role.TEACHER)
        page = teacher("GET", "/api/v1/clips?limit=1").get_json()
        rest = teacher("GET", f"/api/v1/clips?limit=1&cursor={page['next']}").get_json()

        assert ([c["id"] for c in page["items"]], [c["id"] for c in rest["items"]]) == (
            [second],
            [first],
        )
        assert rest["next"] is None
        assert page["items"] == [
            {"id": second, "state": "draft", "revision": 0, "version": 1, "title": TITLE}
        ]

    @pytest.mark.parametrize("state", [State.REFUSED, State.CHANGES_REQUESTED])
    def test_a_new_revision_is_201(self, world: World, caller: Callers, state: State) -> None:
        clip_id = world.clip(state)
        version = world.get(clip_id).version
        response = caller(Role.TEACHER)(
            "POST", f"/api/v1/clips/{clip_id}/revisions", {"upload": world.upload()}
        )

        assert (response.status_code, response.get_json()) == (
            201,
            {"id": clip_id, "state": "processing", "revision": 2, "version": version + 1},
        )

    def test_a_revision_that_nobody_asked_for_is_409(self, world: World, caller: Callers) -> None:
        clip_id = world.clip(State.IN_REVIEW)
        body = {"upload": world.upload()}
        refused = caller(Role.TEACHER)("POST", f"/api/v1/clips/{clip_id}/revisions", body)

        assert problem(refused) == (409, "wrong_state")

    def test_a_withdrawn_clip_is_200_and_a_second_time_too(
        self, world: World, caller: Callers
    ) -> None:
        clip_id = world.clip(State.PUBLISHED)
        path, version = f"/api/v1/clips/{clip_id}/withdraw", world.get(clip_id).version
        expected = {"id": clip_id, "state": "withdrawn", "revision": 1, "version": version + 1}
        teacher = caller(Role.TEACHER)

        first = teacher("POST", path, {"reason": "guardian", "version": version})
        second = teacher("POST", path, {"reason": "owner"})
        assert (first.status_code, first.get_json()) == (200, expected)
        assert (second.status_code, second.get_json()) == (200, expected)
        assert world.get(clip_id).withdrawn_reason == "guardian"

    def test_a_reason_that_is_not_ones_own_to_give_is_422(
        self, world: World, caller: Callers
    ) -> None:
        clip_id = world.clip(State.PUBLISHED)
        refused = caller(Role.TEACHER)(
            "POST", f"/api/v1/clips/{clip_id}/withdraw", {"reason": "office"}
        )

        assert problem(refused) == (422, "invalid")
        assert list(refused.get_json()["errors"]) == ["reason"]

    def test_a_stale_version_is_409_and_says_what_happened(
        self, world: World, caller: Callers
    ) -> None:
        clip_id = world.clip(State.IN_REVIEW)
        version = world.get(clip_id).version
        world.decide(clip_id, Action.APPROVE, Role.REVIEWER)
        refused = caller(Role.TEACHER)(
            "POST", f"/api/v1/clips/{clip_id}/withdraw", {"reason": "owner", "version": version}
        )

        assert problem(refused) == (409, "stale_clip")
        body = refused.get_json()
        assert body["version"] == version + 1
        assert [(s["action"], s["by"], s["to"]) for s in body["since"]] == [
            ("approve", "reviewer", "in_review")
        ]

    def test_a_failed_clip_is_processed_again(self, world: World, caller: Callers) -> None:
        clip_id = world.clip(State.FAILED)
        response = caller(Role.TEACHER)("POST", f"/api/v1/clips/{clip_id}/retry")

        assert (response.status_code, response.get_json()["state"]) == (200, "processing")

    def test_the_upload_must_be_complete_unused_and_ones_own(
        self, world: World, caller: Callers
    ) -> None:
        from review.uploads import register_upload

        teacher = caller(Role.TEACHER)
        with world.write() as session:
            open_one = register_upload(
                session, world.person(Role.TEACHER), 9, "clip.mp4", hours=1, clip_id=None
            ).id
        used = world.upload()
        assert teacher("POST", "/api/v1/clips", {"title": "a", "upload": used}).status_code == 201
        foreign = world.upload(world.account(Role.TEACHER))
        told = [
            problem(teacher("POST", "/api/v1/clips", {"title": "a", "upload": upload}))
            for upload in (open_one, used, foreign, "http://[", "nothing")
        ]

        assert told == [
            (409, "upload_incomplete"),
            (409, "upload_used"),
            (404, "not_found"),
            (422, "invalid"),
            (404, "not_found"),
        ]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("title", ""),
            ("title", 7),
            ("summary", ["a"]),
            ("language", "fr"),
            ("level", "university"),
            ("topics", "wellbeing"),
            ("topics", ["weather"]),
            ("campaign", "no-such-campaign"),
            ("licence", "all rights reserved"),
            ("music", "stolen"),
            ("scope", "galaxy"),
            ("reenactment", "yes"),
            ("people", {"label": "a"}),
            ("upload", None),
            ("upload", 12),
        ],
    )
    def test_a_wrong_field_is_named(
        self, world: World, caller: Callers, field: str, value: Any
    ) -> None:
        refused = caller(Role.TEACHER)("POST", "/api/v1/clips", submission(world) | {field: value})

        assert problem(refused) == (422, "invalid")
        assert list(refused.get_json()["errors"]) == [field]

    def test_what_the_rules_set_can_not_be_sent_along(self, world: World, caller: Callers) -> None:
        other = world.another_school()
        body = submission(
            world,
            state="published",
            stage=1,
            version=99,
            revision=7,
            id="01m000000000000000000000zz",
            owner_id=world.person(Role.MODERATOR).id,
            school_id=other.id,
            role="admin",
            published_at="2026-01-01",
            claimed_by=world.person(Role.REVIEWER).id,
        )
        clip_id = caller(Role.TEACHER)("POST", "/api/v1/clips", body).get_json()["id"]
        clip = world.get(clip_id)

        assert clip_id != body["id"]
        assert (clip.state, clip.stage, clip.version, clip.revision) == ("processing", 0, 2, 1)
        assert (clip.owner_id, clip.school_id) == (world.person(Role.TEACHER).id, world.school.id)
        assert (clip.published_at, clip.claimed_by) == (None, None)


class TestReview:
    def test_the_queue_is_the_contracts(self, world: World, caller: Callers) -> None:
        mine = world.clip()
        world.clip(State.PROCESSING)
        for_office = world.clip(stage=1)
        rows = caller(Role.REVIEWER)("GET", "/api/v1/review/queue").get_json()

        waiting = rows["items"][0]["waiting_since"]
        assert rows == {
            "items": [
                {
                    "id": mine,
                    "title": TITLE,
                    "state": "in_review",
                    "stage": "school",
                    "revision": 1,
                    "version": 3,
                    "school": world.school.name,
                    "class": "Lớp 7A",
                    "duration_s": 12.5,
                    "waiting_since": waiting,
                    "claimed": None,
                    "claimed_until": None,
                    "signs": ["gps"],
                }
            ],
            "next": None,
        }
        assert TIME.fullmatch(waiting)
        office = caller(Role.MODERATOR)("GET", "/api/v1/review/queue").get_json()["items"]
        assert [(row["id"], row["stage"]) for row in office] == [(for_office, "office")]

    def test_the_queue_is_filtered_as_on_the_page(self, world: World, caller: Callers) -> None:
        ours, at_office = world.clip(), world.clip(stage=1)
        office = caller(Role.MODERATOR)

        def listed(query: str) -> list[str]:
            items = office("GET", f"/api/v1/review/queue?{query}").get_json()["items"]
            return [row["id"] for row in items]

        assert listed("scope=all") == [ours, at_office]
        assert listed(f"scope=all&school={world.school.id}&sign=gps") == [ours, at_office]
        assert listed("sign=flashing") == []
        assert listed("days=1") == []
        wrong = office("GET", "/api/v1/review/queue?topic=all&days=2&school=x")
        assert problem(wrong) == (422, "invalid")
        assert sorted(wrong.get_json()["errors"]) == ["days", "school", "topic"]

    def test_the_next_one_is_claimed(self, world: World, caller: Callers) -> None:
        first, second = world.clip(), world.clip()
        taken = [
            caller(who)("POST", "/api/v1/review/next").get_json()
            for who in (Role.REVIEWER, world.account(Role.REVIEWER), world.account(Role.REVIEWER))
        ]

        assert [answer["id"] for answer in taken] == [first, second, None]
        assert TIME.fullmatch(taken[0]["claimed_until"])
        assert taken[2]["claimed_until"] is None
        mine = caller(Role.REVIEWER)("GET", "/api/v1/review/queue?scope=mine").get_json()["items"]
        assert [(row["id"], row["claimed_until"]) for row in mine] == [
            (first, taken[0]["claimed_until"])
        ]
        put_off = caller(Role.REVIEWER)("POST", f"/api/v1/review/next?after={first}")
        assert put_off.get_json()["id"] is None
        assert world.get(first).claimed_by is None

    def test_one_holds_the_claim(self, world: World, caller: Callers) -> None:
        clip_id = world.clip()
        reviewer, colleague = caller(Role.REVIEWER), caller(world.account(Role.REVIEWER))
        first = reviewer("POST", f"/api/v1/review/{clip_id}/claim")
        again = reviewer("POST", f"/api/v1/review/{clip_id}/claim")
        other = colleague("POST", f"/api/v1/review/{clip_id}/claim")

        assert (first.status_code, again.status_code) == (200, 200)
        assert list(first.get_json()) == ["id", "claimed_until"]
        assert TIME.fullmatch(first.get_json()["claimed_until"])
        assert problem(other) == (409, "claim_held")
        assert other.get_json()["until"] == again.get_json()["claimed_until"]
        queue = colleague("GET", "/api/v1/review/queue").get_json()["items"]
        assert [row["claimed"] for row in queue] == ["other"]

        assert reviewer("DELETE", f"/api/v1/review/{clip_id}/claim").status_code == 204
        assert colleague("POST", f"/api/v1/review/{clip_id}/claim").status_code == 200

    def test_a_decision_is_201_and_says_what_it_is_bound_to(
        self, world: World, caller: Callers
    ) -> None:
        clip_id = world.clip()
        clip = world.get(clip_id)
        body = {"action": "approve", "revision": 1, "version": clip.version, "watched": True}
        response = caller(Role.REVIEWER)("POST", f"/api/v1/review/{clip_id}/decisions", body)
        answer = response.get_json()

        assert response.status_code == 201
        with world.read() as session:
            from review import queries

            revision = queries.revision(session, world.get(clip_id))
        assert revision is not None
        assert answer == {
            "id": clip_id,
            "state": "in_review",
            "revision": 1,
            "version": clip.version + 1,
            "decision": {
                "id": answer["decision"]["id"],
                "action": "approve",
                "stage": "school",
                "revision": 1,
                "sha256": revision.watched_sha256,
                "at": answer["decision"]["at"],
            },
        }

    def test_notes_carry_their_time_and_reason(self, world: World, caller: Callers) -> None:
        from review import queries

        clip_id = world.clip()
        body = {
            "action": "request_changes",
            "revision": 1,
            "version": world.get(clip_id).version,
            "notes": [
                {"at": 12.4, "code": "name_visible", "text": "bảng tên"},
                {"code": "name_visible"},
            ],
        }
        response = caller(Role.REVIEWER)("POST", f"/api/v1/review/{clip_id}/decisions", body)

        assert (response.status_code, response.get_json()["state"]) == (201, "changes_requested")
        with world.read() as session:
            notes = [(n.at, n.code, n.text) for n in queries.notes(session, clip_id)]
        assert notes == [(12.4, "name_visible", "bảng tên"), (None, "name_visible", "")]

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"watched": False}, (422, "not_watched")),
            ({"watched": "yes"}, (422, "not_watched")),
            ({"action": "reject"}, (422, "notes_missing")),
            ({"action": "publish"}, (422, "invalid")),
            ({"action": None}, (422, "invalid")),
            ({"revision": 2}, (409, "stale_clip")),
            ({"version": 1}, (409, "stale_clip")),
            ({"version": "3"}, (422, "invalid")),
            ({"revision": True}, (422, "invalid")),
            ({"notes": {"at": 1}}, (422, "invalid")),
            ({"notes": [{"at": 1}]}, (422, "invalid")),
            ({"notes": [{"code": "ugly"}]}, (422, "invalid")),
            ({"notes": [{"code": "name_visible", "at": -1}]}, (422, "invalid")),
            ({"notes": [{"code": "name_visible", "at": 10**400}]}, (422, "invalid")),
            ({"notes": [{"code": "name_visible", "text": 5}]}, (422, "invalid")),
            ({"notes": [{"code": "name_visible"}] * 101}, (422, "invalid")),
        ],
    )
    def test_a_wrong_decision_changes_nothing(
        self, world: World, caller: Callers, change: dict[str, Any], expected: tuple[int, str]
    ) -> None:
        clip_id = world.clip()
        version = world.get(clip_id).version
        body = {"action": "approve", "revision": 1, "version": version, "watched": True} | change
        refused = caller(Role.REVIEWER)("POST", f"/api/v1/review/{clip_id}/decisions", body)

        assert problem(refused) == expected
        assert world.get(clip_id).version == version

    def test_rights_are_told_with_their_code(self, world: World, caller: Callers) -> None:
        clip_id = world.clip()
        body = {"action": "approve", "revision": 1, "version": 3, "watched": True}
        path = f"/api/v1/review/{clip_id}/decisions"

        assert problem(caller(Role.TEACHER)("POST", path, body)) == (403, "own_clip")
        assert problem(caller(Role.MODERATOR)("POST", path, body)) == (403, "not_allowed")

    def test_a_hold_shows_to_nobody_but_its_officer(self, world: World, caller: Callers) -> None:
        clip_id = world.clip(State.PUBLISHED)
        version = world.get(clip_id).version
        body = {"action": "escalate", "revision": 1, "version": version}
        response = caller(Role.REVIEWER)("POST", f"/api/v1/review/{clip_id}/decisions", body)
        owner = caller(Role.TEACHER)("GET", f"/api/v1/clips/{clip_id}").get_json()
        assert (response.status_code, response.get_json()["state"]) == (201, "in_review")
        assert (owner["state"], owner["stage"], owner["published_at"]) == (
            "in_review",
            "office",
            None,
        )
        for stranger in (Role.REVIEWER, Role.MODERATOR, Role.ADMIN, None):
            seen = caller(stranger)("GET", f"/api/v1/clips/{clip_id}")
            assert problem(seen) == (404, "no_such_clip")
        officer = caller(Role.SAFEGUARDING)("GET", f"/api/v1/clips/{clip_id}").get_json()
        assert officer["state"] == "held"
        # Nor does it make the page stale that the owner had open.
        withdrawn = caller(Role.TEACHER)(
            "POST", f"/api/v1/clips/{clip_id}/withdraw", {"reason": "owner", "version": version}
        )
        assert (withdrawn.status_code, withdrawn.get_json()["state"]) == (200, "withdrawn")


class TestPeople:
    def test_people_and_their_consents(self, world: World, caller: Callers) -> None:
        clip_id = world.clip()
        teacher = caller(Role.TEACHER)
        added = teacher("POST", f"/api/v1/clips/{clip_id}/people", {"label": "bạn áo đỏ"})
        person = added.get_json()
        consent = teacher(
            "POST",
            f"/api/v1/people/{person['id']}/consents",
            {"kind": "guardian", "scope": "public", "evidence": "tủ hồ sơ lớp"},
        )
        listed = teacher("GET", f"/api/v1/clips/{clip_id}/people").get_json()

        assert (added.status_code, person) == (
            201,
            {"id": person["id"], "label": "bạn áo đỏ", "under_seven": False, "consents": []},
        )
        given = consent.get_json()
        assert consent.status_code == 201
        assert given == {
            "id": given["id"],
            "kind": "guardian",
            "scope": "public",
            "text_version": given["text_version"],
            "evidence": "tủ hồ sơ lớp",
            "given_at": given["given_at"],
            "valid_until": given["valid_until"],
            "revoked_at": None,
        }
        assert listed == {"items": [{**person, "consents": [given]}]}

    def test_where_the_paper_lies_is_told_to_those_who_keep_it_and_are_not_blind(
        self, world: World, caller: Callers
    ) -> None:
        blind = world.campaign(Stage(Party.MODERATOR, blind=True))
        people = (consented(evidence="tủ hồ sơ lớp 7A"),)
        clip_id = world.clip(people=people)
        hidden = world.clip(people=people, campaign=blind.slug)

        def told(role: Role, clip_id: str) -> set[str]:
            listed = caller(role)("GET", f"/api/v1/clips/{clip_id}/people").get_json()
            return {c["evidence"] for row in listed["items"] for c in row["consents"]}

        expected = {Role.TEACHER: "tủ hồ sơ lớp 7A", Role.REVIEWER: ""}
        for role, evidence in expected.items():
            assert told(role, clip_id) == told(role, hidden) == {evidence}
        assert told(Role.MODERATOR, clip_id) == {"tủ hồ sơ lớp 7A"}
        assert told(Role.MODERATOR, hidden) == {""}
        moderator = caller(Role.MODERATOR)
        listed = moderator("GET", f"/api/v1/clips/{hidden}/people").get_json()["items"]
        assert [c["scope"] for c in listed[0]["consents"]] == ["public", "public"]

    def test_a_revoked_consent_withdraws_the_clip_at_once(
        self, world: World, caller: Callers
    ) -> None:
        clip_id = world.clip(State.PUBLISHED, people=(consented(),))
        teacher = caller(Role.TEACHER)
        person = teacher("GET", f"/api/v1/clips/{clip_id}/people").get_json()["items"][0]
        revoked = teacher("POST", f"/api/v1/consents/{person['consents'][0]['id']}/revoke")

        assert (revoked.status_code, revoked.get_json()["revoked_at"] is not None) == (200, True)
        assert problem(caller(None)("GET", f"/api/v1/clips/{clip_id}")) == (404, "no_such_clip")

    @pytest.mark.parametrize(
        "body",
        [
            {"kind": "grandmother"},
            {"kind": "guardian", "scope": "galaxy"},
            {"kind": "guardian", "valid_until": "soon"},
            {"kind": "guardian", "given_at": "2999-01-01"},
        ],
    )
    def test_a_wrong_consent_is_422(
        self, world: World, caller: Callers, body: dict[str, str]
    ) -> None:
        clip_id = world.clip(people=(consented(),))
        teacher = caller(Role.TEACHER)
        person = teacher("GET", f"/api/v1/clips/{clip_id}/people").get_json()["items"][0]
        refused = teacher("POST", f"/api/v1/people/{person['id']}/consents", body)

        assert problem(refused) == (422, "invalid")

    def test_a_stranger_learns_nothing_of_people_and_consents(
        self, world: World, caller: Callers
    ) -> None:
        clip_id = world.clip(people=(consented(),))
        items = caller(Role.TEACHER)("GET", f"/api/v1/clips/{clip_id}/people").get_json()["items"]
        stranger = caller(world.account(Role.TEACHER, school=world.another_school()))
        nothing = "01m00000000000000000000000"
        told = [
            problem(stranger("POST", f"/api/v1/people/{i}/consents", {"kind": "own"}))
            for i in (items[0]["id"], nothing)
        ] + [
            problem(stranger("POST", f"/api/v1/consents/{i}/revoke"))
            for i in (items[0]["consents"][0]["id"], nothing)
        ]

        assert told == [(404, "not_found")] * 4


class TestJobs:
    def test_jobs_are_the_operators(self, world: World, caller: Callers) -> None:
        clip_id = world.clip(State.FAILED)
        admin = caller(Role.ADMIN)
        (job,) = admin("GET", "/api/v1/jobs?state=failed").get_json()["items"]

        assert {k: job[k] for k in ("kind", "clip", "state", "attempts")} == {
            "kind": "examine",
            "clip": clip_id,
            "state": "failed",
            "attempts": 1,
        }
        assert job["problem"]["code"] == "tool_crashed"
        retried = admin("POST", f"/api/v1/jobs/{job['id']}/retry")
        assert (retried.status_code, retried.get_json()["state"]) == (200, "queued")
        assert world.get(clip_id).state == "processing"
        assert problem(admin("POST", f"/api/v1/jobs/{job['id']}/retry")) == (409, "wrong_state")
        assert problem(admin("POST", "/api/v1/jobs/nothing/retry")) == (404, "not_found")
        assert problem(caller(Role.MODERATOR)("GET", "/api/v1/jobs")) == (403, "not_your_role")


@pytest.mark.parametrize("limit", ["0", "-1", "101", "1e2", "٣", "", "9" * 5000, "ten"])
def test_a_wrong_limit_is_422(world: World, caller: Callers, limit: str) -> None:
    refused = caller(Role.TEACHER)("GET", f"/api/v1/clips?limit={limit}")
    assert problem(refused) == (422, "invalid")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%FF",
        "é",
        "MjAyNi0wMS0wMXwwfHg",  # a time without a zone
        "MDAwMS0wMS0wMVQwMDowMDowMCsxNDowMHwwfHg",  # before the year 1, in UTC
        "OTk5OS0xMi0zMVQyMzowMDowMC0xNDowMHwwfHg",
        "fHx8fHw",
        "A" * 3000,
    ],
)
def test_a_wrong_cursor_is_422(world: World, caller: Callers, cursor: str) -> None:
    refused = caller(Role.TEACHER)("GET", f"/api/v1/clips?cursor={cursor}")
    assert problem(refused) == (422, "invalid")
