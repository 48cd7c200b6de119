"""From what a detector says of each look to boxes that a person can take; and the frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.clips import Clips, film
from tests.faces import MODEL, needs_model
from tests.workers.conftest import Works
from workers.media import MediaFacts, MediaLimits, Sandbox
from workers.media.centerface import (
    CenterFace,
    DetectorFailed,
    Found,
    Frame,
    decode,
    overlap,
    without_sizes,
)
from workers.media.faces import (
    MAX_BOXES,
    MAX_FRAMES,
    FaceBox,
    find_faces,
    propose,
    rate_for,
    size_for,
)
from workers.media.probe import probe

FACE = Found(0.4, 0.4, 0.1, 0.2, 0.9)
STEP = 0.5


def grids(*faces: tuple[int, int, float, float, float]) -> tuple[np.ndarray, ...]:
    """Heat, scale and offset of 16 by 32 cells: (row, column, score, height, width) of each."""
    heat = np.zeros((16, 32), np.float32)
    scale, offset = np.zeros((2, 16, 32), np.float32), np.zeros((2, 16, 32), np.float32)
    for row, column, score, height, width in faces:
        heat[row, column] = score
        scale[:, row, column] = np.log([height, width])
        offset[:, row, column] = (0.25, -0.25)
    return heat, scale, offset


def place(found: Found | FaceBox) -> tuple[float, ...]:
    return found.x, found.y, found.width, found.height


def span(box: FaceBox) -> tuple[float, float]:
    return box.start_s, box.end_s


class TestDecoding:
    def test_a_cell_becomes_a_box_around_its_middle(self) -> None:
        (found,) = decode(*grids((8, 16, 0.9, 4, 8)))
        # The middle is at row 8 + 0.25 + 0.5, column 16 - 0.25 + 0.5.
        assert place(found) == pytest.approx(
            ((16.25 - 4) / 32, (8.75 - 2) / 16, 8 / 32, 4 / 16), abs=1e-6
        )
        assert found.score == pytest.approx(0.9)

    def test_of_boxes_over_each_other_the_surest_stays(self) -> None:
        found = decode(*grids((8, 16, 0.6, 4, 4), (8, 17, 0.9, 4, 4), (3, 4, 0.5, 4, 4)))
        assert [round(f.score, 2) for f in found] == [0.9, 0.5]

    def test_what_is_unsure_or_outside_is_none(self) -> None:
        assert decode(*grids((8, 16, 0.3, 4, 4))) == []
        (cut,) = decode(*grids((0, 0, 0.9, 4, 4)))
        assert (cut.x, cut.y) == (0, 0)
        assert place(cut)[2:] == pytest.approx((2.25 / 32, 2.75 / 16))

    def test_nonsense_of_a_broken_model_makes_no_box_outside(self) -> None:
        heat, scale, offset = grids((8, 16, 0.9, 4, 4), (9, 20, 0.9, 4, 4))
        scale[:, 8, 16] = 1e9
        offset[:, 9, 20] = np.nan
        for found in decode(heat, scale, offset):
            assert place(found) == (0, 0, 1, 1)

    def test_overlap_is_shared_over_both(self) -> None:
        moved = replace(FACE, x=FACE.x + FACE.width / 2)
        assert overlap(FACE, FACE) == pytest.approx(1)
        assert overlap(FACE, moved) == pytest.approx(1 / 3)
        assert overlap(FACE, replace(FACE, x=0.0)) == 0


class TestJoining:
    def test_a_still_face_is_one_box_larger_and_longer_than_it(self) -> None:
        (box,) = propose([[], [], [FACE], [FACE], [FACE], [], []], STEP, 20.0).boxes
        assert place(box) == pytest.approx((0.38, 0.36, 0.14, 0.28))
        assert span(box) == (0.5, 2.5)

    def test_it_stays_inside_the_clip_and_the_picture(self) -> None:
        corner = replace(FACE, x=0.0, y=0.8)
        (box,) = propose([[corner]] * 4, STEP, 1.7).boxes
        assert place(box) == pytest.approx((0.0, 0.76, 0.12, 0.24))
        assert span(box) == (0.0, 1.7)

    def test_turned_away_for_a_moment_it_is_the_same_face(self) -> None:
        assert len(propose([[FACE], [], [], [FACE]], STEP, 20.0).boxes) == 1
        assert len(propose([[FACE], [], [], [], [FACE]], STEP, 20.0).boxes) == 2

    def test_two_faces_stay_two(self) -> None:
        other = replace(FACE, x=0.1)
        looks = [[FACE, other], [other, FACE], [FACE, other]]
        boxes = propose(looks, STEP, 20.0).boxes
        assert [round(b.x, 2) for b in boxes] == [0.08, 0.38]

    def test_a_face_that_walks_is_hidden_in_every_look(self) -> None:
        looks = [[replace(FACE, x=0.05 * i)] for i in range(16)]
        boxes = propose(looks, STEP, 20.0).boxes
        assert 1 < len(boxes) < 16
        for number, (face,) in enumerate(looks):
            at = number * STEP
            assert any(
                b.start_s <= at <= b.end_s
                and b.x <= face.x
                and b.x + b.width >= face.x + face.width
                for b in boxes
            )
        # Never much larger than the face.
        assert max(b.width for b in boxes) < 3.5 * FACE.width

    def test_more_than_a_plan_takes_the_shortest_are_left_out_and_told(self) -> None:
        places = [Found(x / 10, y / 8, 0.05, 0.05, 0.9) for x in range(10) for y in range(8)]
        looks: list[Sequence[Found]] = [places, places[:40]]
        seen = propose(looks, STEP, 20.0)
        assert (len(seen.boxes), seen.left_out) == (MAX_BOXES, 30)
        lasting = [b for b in seen.boxes if b.end_s == pytest.approx(2 * STEP)]
        assert len(lasting) == 40

    def test_a_restless_face_gets_fewer_and_larger_boxes(self) -> None:
        looks = [[replace(FACE, x=0.06 * (i % 14))] for i in range(400)]
        seen = propose(looks, STEP, 200.0)
        assert len(seen.boxes) <= MAX_BOXES

    def test_nothing_found_is_nothing_proposed(self) -> None:
        assert propose([[], []], STEP, 1.0).boxes == ()
        assert propose([], STEP, 1.0).boxes == ()


def facts(width: int, height: int, duration_s: float = 10.0) -> MediaFacts:
    known = {"width": width, "height": height, "duration_s": duration_s}
    return MediaFacts.from_dict({**SMALL, **known})


SMALL: dict[str, object] = {}


@pytest.fixture(autouse=True, scope="module")
def small(clips: Clips, sandbox: Sandbox) -> None:
    SMALL.update(probe(clips.small(), limits=MediaLimits(), sandbox=sandbox).to_dict())


@pytest.mark.parametrize(
    ("picture", "looked_at"),
    [
        ((1920, 1080), (640, 352)),
        ((1080, 1920), (352, 640)),
        ((3000, 3000), (544, 544)),
        ((176, 144), (192, 160)),
        ((4000, 20), (640, 32)),
    ],
)
def test_the_size_is_what_the_network_takes(
    picture: tuple[int, int], looked_at: tuple[int, int]
) -> None:
    assert size_for(facts(*picture)) == looked_at


def test_a_long_clip_is_looked_at_more_rarely() -> None:
    assert [float(rate_for(s)) for s in (10.0, 300.0, 600.0)] == [3.0, 3.0, 1.5]
    assert float(rate_for(6 * 3600.0)) * 6 * 3600 == pytest.approx(MAX_FRAMES, rel=0.01)


def test_what_is_no_model_is_told() -> None:
    for content in (b"", b"hello", b"\x80" * 100, b"\x3a\xff\xff\xff\xff\x0f"):
        with pytest.raises(DetectorFailed):
            without_sizes(content)


@pytest.mark.slow
def test_frames_are_upright_and_followed(works: Works, tmp_path: Path) -> None:
    """A telephone's film, stored lying: the detector gets it standing, and people the progress."""
    source = works.clips.portrait()
    examined = works.examined("portrait")
    shapes, told = [], []

    def detect(frame: Frame) -> list[Found]:
        shapes.append(frame.shape)
        assert frame.std() > 10  # a picture, not a flat field
        return [FACE]

    seen = find_faces(
        source,
        tmp_path,
        facts=examined.facts,
        limits=MediaLimits(),
        sandbox=works.sandbox,
        detect=detect,
        progress=told.append,
    )
    assert set(shapes) == {(640, 352, 3)}
    assert len(shapes) == pytest.approx(3 * examined.facts.duration_s, abs=1.1)
    assert told == sorted(told)
    assert told[-1] == 1.0
    (box,) = seen.boxes
    assert span(box) == pytest.approx((0.0, examined.facts.duration_s), abs=0.35)


@needs_model
@pytest.mark.slow
@pytest.mark.parametrize(("name", "least"), [("carphone_pristine", 0.9), ("bikes", 0.1)])
def test_the_real_model_finds_the_filmed_faces(
    name: str, least: float, sandbox: Sandbox, tmp_path: Path
) -> None:
    source = film(name)
    model, looks = CenterFace(Path(MODEL)), []

    def detect(frame: Frame) -> list[Found]:
        looks.append(model(frame))
        return looks[-1]

    seen = find_faces(
        source,
        tmp_path,
        facts=probe(source, limits=MediaLimits(), sandbox=sandbox),
        limits=MediaLimits(),
        sandbox=sandbox,
        detect=detect,
    )
    assert sum(map(bool, looks)) >= least * len(looks)
    assert max(map(len, looks)) == 1
    for number, found in enumerate(looks):
        assert all(any(_hides(box, number / 3, face) for box in seen.boxes) for face in found)
    if name == "carphone_pristine":
        # The man at the wheel: his face is left of the middle, and he never leaves.
        assert all(0.05 < box.x < 0.4 and box.width < 0.7 for box in seen.boxes)
        assert (seen.boxes[0].start_s, max(b.end_s for b in seen.boxes)) == (
            0.0,
            pytest.approx(4.0, abs=0.3),
        )


def _hides(box: FaceBox, at: float, face: Found) -> bool:
    return (
        box.start_s <= at <= box.end_s + 1e-6
        and box.x <= face.x
        and box.y <= face.y
        and box.x + box.width >= face.x + face.width - 1e-6
        and box.y + box.height >= face.y + face.height - 1e-6
    )


@needs_model
def test_a_spoiled_model_fails_in_words(tmp_path: Path) -> None:
    spoiled = tmp_path / "spoiled.onnx"
    spoiled.write_bytes(Path(MODEL).read_bytes()[:3_000_000])
    with pytest.raises(DetectorFailed, match="no ONNX model"):
        CenterFace(spoiled)(np.zeros((32, 32, 3), np.uint8))
