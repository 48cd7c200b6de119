"""The fixed reasons for a reviewer's notes: code and Vietnamese sentence.

The office adds its own, says them in other words, orders them, and retires what it does not want
to be offered any more. Codes are for ever: what was noted under one is always read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from review import clock
from review.errors import InvalidInput, NoSuchThing, NotAllowed, WrongState
from review.models import NoteReason
from review.policy import Actor, Role
from review.search import code_of
from review.text import clean
from review.upserts import upsert

REASONS: dict[str, str] = {
    "name_visible": "Thấy rõ tên, bảng tên hoặc phù hiệu của học sinh",
    "face_without_consent": "Có người nhận ra được mà chưa có sự đồng ý",
    "phone_shown": "Lộ số điện thoại, địa chỉ hoặc tài khoản",
    "music_rights": "Nhạc chưa có quyền sử dụng",
    "sound_low": "Tiếng quá nhỏ hoặc khó nghe",
    "picture_unclear": "Hình mờ, tối hoặc rung",
    "unkind_words": "Lời nói chưa tử tế",
    "inaccurate": "Nội dung chưa chính xác",
    "hard_to_follow": "Khó hiểu, cần nói rõ hơn",
    "off_topic": "Không đúng chủ đề của cuộc vận động",
    "dangerous_act": "Có hành động nguy hiểm dễ bắt chước",
    "duplicate": "Trùng với một clip đã gửi trước",
    "other": "Lý do khác (ghi rõ)",
}
OTHER = "other"  # pages write under it what has no reason of its own
EDITORS = frozenset({Role.MODERATOR, Role.ADMIN})
MAX_REASONS, MAX_LABEL = 60, 120


@dataclass(frozen=True, slots=True)
class Reason:
    """``label``: what people read; ``renamed``: not as :data:`REASONS` says it."""

    code: str
    label: str
    retired: bool = False
    renamed: bool = False


def every(session: Session) -> list[Reason]:
    """All that there ever were, in the office's order; what is new in :data:`REASONS` is last."""
    rows = list(session.scalars(select(NoteReason).order_by(NoteReason.position, NoteReason.code)))
    known = {row.code for row in rows}
    added = [Reason(code, label) for code, label in REASONS.items() if code not in known]
    return [*(_told(row) for row in rows), *added]


def _told(row: NoteReason) -> Reason:
    usual = REASONS.get(row.code)
    label = row.label or usual or row.code
    return Reason(row.code, label, row.retired_at is not None, usual not in (None, label))


def is_known(session: Session, code: str) -> bool:
    """Retired ones too: a desk that was open before, or a program, may still name them."""
    return code in REASONS or session.get(NoteReason, code) is not None


def add(session: Session, actor: Actor, label: str) -> Reason:
    """A new one, the last but for :data:`OTHER` where that is last; its code is made of the words
    and stays."""
    rows = _for_editing(session, actor)
    label = _label(rows, label)
    if len(rows) >= MAX_REASONS:
        raise InvalidInput(label="Danh sách lý do đã đầy.")
    code = code_of(label, {row.code for row in rows}, nameless="reason")
    row = NoteReason(code=code, label=label, position=len(rows))
    _sign(session, actor, row)
    offered = [other for other in rows if other.retired_at is None]
    if offered and offered[-1].code == OTHER:
        row.position = offered[-1].position
        for other in rows[row.position :]:
            other.position += 1
    session.add(row)
    session.flush()
    return _told(row)


def rename(session: Session, actor: Actor, code: str, label: str) -> Reason:
    """Old notes read in the new words, too: the code is what was noted. A built-in reason without
    a label has its own sentence back."""
    rows = _for_editing(session, actor)
    row = _one(rows, code)
    if not clean(label, limit=MAX_LABEL) and code in REASONS:
        row.label = None
    else:
        label = _label([other for other in rows if other is not row], label)
        row.label = None if label == REASONS.get(code) else label
    _sign(session, actor, row)
    session.flush()
    return _told(row)


def move(session: Session, actor: Actor, code: str, *, up: bool) -> None:
    """One place up or down, among those that are offered."""
    rows = _for_editing(session, actor)
    row = _one(rows, code)
    others = [other for other in rows if other.retired_at is None]
    if row not in others:
        raise WrongState("a retired reason has no place in the list")
    place = others.index(row) + (-1 if up else 1)
    if 0 <= place < len(others):
        other = others[place]
        row.position, other.position = other.position, row.position
        _sign(session, actor, row)
    session.flush()


def retire(session: Session, actor: Actor, code: str) -> Reason:
    """Offered no more. Nothing is deleted: notes that have it are still read."""
    row = _one(_for_editing(session, actor), code)
    if code == OTHER:
        raise WrongState("there is always a reason for what has no other")
    row.retired_at = row.retired_at or clock.now(session)
    _sign(session, actor, row)
    session.flush()
    return _told(row)


def restore(session: Session, actor: Actor, code: str) -> Reason:
    row = _one(_for_editing(session, actor), code)
    row.retired_at = None
    _sign(session, actor, row)
    session.flush()
    return _told(row)


def _for_editing(session: Session, actor: Actor) -> list[NoteReason]:
    """Every reason as a row, in order, locked: two people who edit at once come one by one."""
    if actor.role not in EDITORS or actor.id is None:
        raise NotAllowed(f"a {actor.role} does not edit the reasons")
    signed = {"changed_by": actor.id, "changed_at": clock.now(session)}
    values = [
        {"code": reason.code, "position": position, **signed}
        for position, reason in enumerate(every(session))
    ]
    session.execute(upsert(session, NoteReason).values(values).on_conflict_do_nothing())
    query = select(NoteReason).order_by(NoteReason.position, NoteReason.code).with_for_update()
    rows = list(session.scalars(query.execution_options(populate_existing=True)))
    for position, row in enumerate(rows):
        row.position = position
    return rows


def _one(rows: Sequence[NoteReason], code: str) -> NoteReason:
    for row in rows:
        if row.code == code:
            return row
    raise NoSuchThing("there is no such reason")


def _label(others: Sequence[NoteReason], label: str) -> str:
    label = clean(label, limit=MAX_LABEL)
    if not label:
        raise InvalidInput(label="Hãy ghi lý do.")
    if label.casefold() in (_told(row).label.casefold() for row in others):
        raise InvalidInput(label="Đã có lý do này.")
    return label


def _sign(session: Session, actor: Actor, row: NoteReason) -> None:
    assert actor.id is not None
    row.changed_by, row.changed_at = actor.id, clock.now(session)
