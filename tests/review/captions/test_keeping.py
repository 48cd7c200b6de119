"""Captions in the life of a clip: who saves over whom, what reviewers and libraries are told."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from review import audit, decisions, feed, submission
from review.captions import reading
from review.captions.cues import parse, write
from review.captions.keeping import NOTHING, Seen
from review.captions.languages import name_of, parse_language
from review.decisions import Verdict
from review.errors import (
    InvalidInput,
    NoSuchClip,
    NoSuchThing,
    NotAllowed,
    StaleCaptions,
    StaleClip,
)
from review.models import AuditRow, Clip, Rendition
from review.policy import Role
from review.states import Action, State
from tests.captioning import CUES, MASTER, OTHER, Store, keep, kept, ladder, published, remove
from tests.world import World


def last_record(world: World, clip_id: str) -> tuple[str, dict[str, Any]]:
    with world.read() as session:
        entry = feed.current(session, clip_id)
    assert entry is not None
    assert entry.record is not None
    return entry.kind, entry.record


class TestTwoPeople:
    def test_the_second_is_told_what_the_first_saved(self, any_world: World) -> None:
        world = any_world
        clip_id = world.clip()
        first = keep(world, clip_id, cues=OTHER)
        for seen in (Seen(NOTHING), Seen(first + 1), Seen(first - 1)):
            with pytest.raises(StaleCaptions) as caught:
                keep(world, clip_id, Role.REVIEWER, seen=seen)
            assert dict(caught.value.detail) == {
                "version": first,
                "revision": 1,
                "text": write(OTHER),
            }
        assert kept(world, clip_id) == {"vi": write(OTHER)}
        keep(world, clip_id, Role.REVIEWER, seen=Seen(first, 1))
        assert kept(world, clip_id) == {"vi": write(CUES)}

    def test_a_version_never_comes_twice(self, world: World) -> None:
        """Removed and written again: who still has the first on the screen is told."""
        clip_id = world.clip()
        first = keep(world, clip_id)
        remove(world, clip_id, Role.TEACHER, first)
        assert kept(world, clip_id) == {}
        assert keep(world, clip_id, cues=OTHER) > first
        with pytest.raises(StaleCaptions):
            keep(world, clip_id, seen=Seen(first))

    def test_another_revision_is_another_clip(self, world: World) -> None:
        clip_id = world.clip()
        with pytest.raises(StaleCaptions):
            keep(world, clip_id, seen=Seen(NOTHING, 2))

    def test_saving_the_same_again_changes_nothing(self, world: World) -> None:
        clip_id = world.clip()
        first = keep(world, clip_id)
        before = world.get(clip_id).version
        assert keep(world, clip_id, Role.REVIEWER) == first
        assert world.get(clip_id).version == before


class TestTheReview:
    def test_who_decides_while_captions_change_is_told(self, world: World) -> None:
        clip_id = world.clip()
        seen = world.get(clip_id)
        keep(world, clip_id)
        verdict = Verdict(Action.APPROVE, 1, seen.version, watched=True)
        reviewer = world.actor(Role.REVIEWER)
        with pytest.raises(StaleClip) as caught, world.write() as session:
            decisions.decide(session, clip_id, reviewer, verdict)
        assert [(r["action"], r["by"]) for r in caught.value.since] == [("edit_captions", "owner")]

    def test_a_decision_says_which_captions_were_read(self, world: World) -> None:
        clip_id = world.clip()
        keep(world, clip_id)
        world.decide(clip_id, Action.APPROVE, Role.REVIEWER)
        with world.read() as session:
            rows = session.scalars(select(AuditRow).where(AuditRow.clip_id == clip_id))
            detail = {row.action: row.detail for row in rows}
            assert audit.verify(session)[1] is None
        digest = hashlib.sha256(write(CUES).encode()).hexdigest()
        assert detail["approve"]["captions"] == {"vi": digest}
        assert detail["edit_captions"] == {"language": "vi", "sha256": digest}

    def test_a_reviewer_who_corrects_captions_keeps_the_claim(self, world: World) -> None:
        clip_id = world.clip()
        reviewer = world.actor(Role.REVIEWER)
        with world.write() as session:
            decisions.claim(session, clip_id, reviewer)
        keep(world, clip_id, Role.REVIEWER)
        assert world.get(clip_id).claimed_by == world.person(Role.REVIEWER).id

    def test_after_the_approval_only_a_moderator(self, world: World) -> None:
        clip_id = world.clip(State.APPROVED)
        for role in (Role.TEACHER, Role.REVIEWER):
            with pytest.raises(NotAllowed):
                keep(world, clip_id, role)
        keep(world, clip_id, Role.MODERATOR)

    def test_a_hold_leaves_no_trace_in_what_others_are_told(self, world: World) -> None:
        owner = world.person(Role.TEACHER)
        clip_id = world.clip(owner=owner)
        seen = world.get(clip_id).version
        world.decide(clip_id, Action.ESCALATE, Role.REVIEWER)
        keep(world, clip_id)  # the owner knows of no hold
        with pytest.raises(NoSuchClip):
            keep(world, clip_id, Role.MODERATOR)
        version = world.get(clip_id).version
        officer, reviewer = world.actor(Role.SAFEGUARDING), world.actor(Role.REVIEWER)
        with world.write() as session:
            decisions.release_hold(session, clip_id, officer, version)
        verdict = Verdict(Action.APPROVE, 1, seen, watched=True)
        with pytest.raises(StaleClip) as caught, world.write() as session:
            decisions.decide(session, clip_id, reviewer, verdict)
        assert [(r["action"], r["from"], r["to"]) for r in caught.value.since] == [
            ("edit_captions", "in_review", "in_review")
        ]


class TestRevisions:
    def test_a_new_revision_begins_without_and_offers_the_last_ones(self, world: World) -> None:
        clip_id = world.clip()
        keep(world, clip_id, cues=OTHER)
        keep(world, clip_id, language="en")
        world.decide(clip_id, Action.REQUEST_CHANGES, Role.REVIEWER)
        keep(world, clip_id)
        upload, owner = world.upload(), world.actor(Role.TEACHER)
        with world.write() as session:
            submission.resubmit(session, clip_id, upload, owner)
        with pytest.raises(NotAllowed):
            keep(world, clip_id)  # there is no preview yet
        world.examine(clip_id)

        def offered() -> list[tuple[int, str, str]]:
            with world.read() as session:
                clip = session.get_one(Clip, clip_id)
                return [(n, r.language, r.vtt) for n, r in reading.of_earlier(session, clip)]

        assert kept(world, clip_id) == {}
        assert offered() == [(1, "en", write(CUES)), (1, "vi", write(CUES))]
        keep(world, clip_id)
        assert offered() == [(1, "en", write(CUES))]


class TestTheFeed:
    def test_captions_are_told_and_the_playlist_is_the_one_that_is_served(
        self, any_world: World
    ) -> None:
        world = any_world
        clip_id = world.clip()
        keep(world, clip_id)
        world.approve(clip_id, ladder=False)
        ladder(world, clip_id)
        kind, record = last_record(world, clip_id)
        vtt = write(CUES).encode()
        assert (kind, record["captions"]) == (
            "published",
            [
                {
                    "language": "vi",
                    "what": "captions/vi.vtt",
                    "bytes": len(vtt),
                    "sha256": hashlib.sha256(vtt).hexdigest(),
                    "mime": "text/vtt",
                    "source": "editor",
                }
            ],
        )
        with world.read() as session:
            clip = session.get_one(Clip, clip_id)
            master = reading.served(session, clip, "hls/master.m3u8")
            own = reading.served(session, clip, "captions/vi.m3u8")
        assert master is not None
        assert own is not None
        assert "../captions/vi.m3u8" in master.text
        (hls,) = record["renditions"]
        assert (hls["sha256"], hls["bytes"]) == (
            master.sha256,
            5000 + len(master.content) + len(own.content) + len(vtt),
        )

    def test_after_the_card_of_an_acted_scene_words_come_later(self, world: World) -> None:
        """The preview has no card: its captions stay as they were written."""
        clip_id = world.clip()
        keep(world, clip_id)
        world.approve(clip_id, ladder=False)
        ladder(world, clip_id, card_s=2.0)
        _, record = last_record(world, clip_id)
        assert [c["what"] for c in record["captions"]] == ["captions/vi.card.vtt"]
        with world.read() as session:
            clip = session.get_one(Clip, clip_id)
            texts = {
                what: found and found.text
                for what in ("vi.vtt", "vi.card.vtt", "vi.card.m3u8", "vi.m3u8", "vi.card.srt")
                for found in [reading.served(session, clip, f"captions/{what}")]
            }
            master = reading.served(session, clip, "hls/master.m3u8")
        assert texts["vi.vtt"] == write(CUES)
        assert texts["vi.card.vtt"] == write(
            [replace(cue, start_s=cue.start_s + 2, end_s=cue.end_s + 2) for cue in CUES]
        )
        assert "\nvi.card.vtt\n" in (texts["vi.card.m3u8"] or "")
        assert (texts["vi.m3u8"], texts["vi.card.srt"]) == (None, None)
        assert master is not None
        assert "../captions/vi.card.m3u8" in master.text

    def test_a_change_after_publishing_is_an_update(self, world: World) -> None:
        clip_id = published(world)
        assert last_record(world, clip_id)[1]["captions"] == []
        version = keep(world, clip_id, Role.MODERATOR)
        kind, record = last_record(world, clip_id)
        assert (kind, [c["language"] for c in record["captions"]]) == ("updated", ["vi"])
        remove(world, clip_id, Role.MODERATOR, version)
        kind, record = last_record(world, clip_id)
        assert (kind, record["captions"]) == ("updated", [])
        assert record["renditions"][0]["sha256"] == hashlib.sha256(MASTER.encode()).hexdigest()

    def test_a_ladder_of_before_is_read_from_its_file(self, world: World) -> None:
        clip_id = published(world, playlist=None)
        keep(world, clip_id, Role.MODERATOR, store=Store(MASTER.encode()))
        with world.read() as session:
            assert session.scalars(select(Rendition.playlist)).all() == [MASTER]
            clip = session.get_one(Clip, clip_id)
            master = reading.master(session, clip)
        assert master is not None
        assert last_record(world, clip_id)[1]["renditions"][0]["sha256"] == master.sha256

    def test_a_lost_file_loses_no_captions(self, world: World) -> None:
        clip_id = published(world, playlist=None)
        keep(world, clip_id, Role.MODERATOR)
        assert kept(world, clip_id) == {"vi": write(CUES)}
        with world.read() as session:
            assert reading.master(session, session.get_one(Clip, clip_id)) is None


def test_ten_languages_and_no_more(world: World) -> None:
    clip_id = world.clip()
    tags = ["vi", "en", "km", "tyz", "blt", "mtq", "hmn", "jra", "rad", "fr", "de"]
    for tag in tags[:10]:
        keep(world, clip_id, language=tag)
    with pytest.raises(InvalidInput) as caught:
        keep(world, clip_id, language=tags[10])
    assert list(caught.value.errors) == ["language"]


def test_what_is_not_there_can_not_be_removed(world: World) -> None:
    clip_id = world.clip()
    with pytest.raises(NoSuchThing):
        remove(world, clip_id, Role.TEACHER, NOTHING)


@pytest.mark.parametrize(
    ("tag", "written"),
    [
        ("vi", "vi"),
        ("VI", "vi"),
        ("en-gb", "en-GB"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
    ],
)
def test_language_tags(tag: str, written: str) -> None:
    assert parse_language(tag) == written


@pytest.mark.parametrize("tag", ["", "v", "viet", "vi_VN", "../x", 'vi"', "vi\n", "vi-VN-x-y"])
def test_what_is_no_language(tag: str) -> None:
    with pytest.raises(InvalidInput):
        parse_language(tag)


def test_languages_are_called_as_their_speakers_call_them() -> None:
    assert [name_of(t) for t in ("vi", "en-GB", "fr")] == ["Tiếng Việt", "English", "fr"]


def test_what_is_stored_can_be_read_again() -> None:
    assert parse(write(CUES)) == CUES
