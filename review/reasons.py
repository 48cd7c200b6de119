"""The fixed reasons for a reviewer's notes: code and Vietnamese sentence."""

from __future__ import annotations

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
