"""Every kind of notice with its sentence: the line in the page and the subject of the mail.

No sentence names a person, a clip or a school. The English stands here too, since mail is written
where the pages' translations are not.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """``for_teacher``: of a pupil's clip, the teachers of the class are told as well. ``case``:
    the safeguarding officer's alone, at once whatever was chosen, and with no trace for others."""

    vi: str
    en: str
    for_teacher: bool = False
    case: bool = False

    def sentence(self, language: str) -> str:
        return self.en if language == "en" else self.vi


KINDS: dict[str, Kind] = {
    "ready": Kind(
        "Một clip đã kiểm tra xong và đang chờ duyệt",
        "A clip was prepared and waits for its review",
    ),
    "refused": Kind(
        "Tệp của một clip chưa dùng được",
        "The file of a clip cannot be used",
        for_teacher=True,
    ),
    "failed": Kind(
        "Một clip xử lý chưa xong, cần thử lại",
        "A clip could not be prepared and has to be tried again",
        for_teacher=True,
    ),
    "changes_requested": Kind(
        "Một clip cần sửa rồi nộp lại",
        "A clip needs changes before it is sent again",
        for_teacher=True,
    ),
    "rejected": Kind("Một clip không được duyệt", "A clip was not approved", for_teacher=True),
    "approved": Kind(
        "Một clip đã được duyệt, còn chờ để đăng",
        "A clip was approved and waits to be published",
        for_teacher=True,
    ),
    "published": Kind("Một clip đã được đăng", "A clip was published", for_teacher=True),
    "withdrawn": Kind("Một clip đã được gỡ", "A clip was withdrawn", for_teacher=True),
    "suspended": Kind(
        "Một clip đã đăng tạm ẩn, chờ Phòng Giáo dục xem lại",
        "A published clip is hidden until the office has looked at it",
        for_teacher=True,
    ),
    "kept": Kind(
        "Một clip tạm ẩn đã hiện lại trong thư viện",
        "A clip that was hidden is back in the library",
        for_teacher=True,
    ),
    "report": Kind("Có người báo về một clip đã đăng", "Somebody reported a published clip"),
    "restored": Kind(
        "Một clip đã gỡ được đưa lại vào hàng chờ duyệt",
        "A clip that was withdrawn is being reviewed again",
        for_teacher=True,
    ),
    "claim_ended": Kind(
        "Clip bạn đang duyệt vừa được người khác xử lý",
        "Somebody else dealt with the clip that you were reviewing",
    ),
    "assigned": Kind("Một clip được giao cho bạn duyệt", "A clip was given to you to review"),
    "digest": Kind("Có clip đang chờ bạn duyệt", "Clips are waiting for your review"),
    "daily": Kind("Tin trong ngày của bạn", "Your news of the day"),
    "case": Kind("Có một việc mới chờ bạn", "Something new is waiting for you", case=True),
    "case_changed": Kind(
        "Có thay đổi trong một việc của bạn",
        "Something has changed in a matter of yours",
        case=True,
    ),
}
CASES = tuple(name for name, kind in KINDS.items() if kind.case)
# Summaries of other notices: the page has those themselves.
MAIL_ONLY = ("daily",)
CHOICES = ("each", "daily", "none")
