"""Every code that a person may meet, with a sentence that says what to do.

The source language is Vietnamese; pages and the API translate it.
"""

from __future__ import annotations

# Found in the uploaded file: the clip goes back to its owner.
REFUSALS: dict[str, str] = {
    "empty_file": "Tệp em gửi không có dữ liệu. Hãy chọn lại clip trong máy rồi gửi lại.",
    "not_a_video": "Tệp này không phải là video. Hãy chọn một clip quay bằng điện thoại hoặc máy ảnh rồi gửi lại.",
    "playlist_not_video": "Tệp này chỉ là danh sách trỏ đến video khác. Hãy gửi chính tệp video.",
    "no_video_track": "Tệp này chỉ có tiếng, không có hình. Hãy gửi một clip có hình.",
    "too_long": "Clip dài quá mức cho phép. Hãy cắt ngắn lại rồi gửi lại.",
    "too_short": "Clip quá ngắn, chưa xem được gì. Hãy quay lại clip dài hơn một giây.",
    "too_large": "Tệp lớn quá mức cho phép. Hãy quay ở độ phân giải thấp hơn hoặc cắt ngắn lại rồi gửi lại.",
    "truncated": "Tệp bị thiếu một phần, có thể do sao chép hoặc quay chưa xong. Hãy mở thử clip trong máy rồi gửi lại bản đầy đủ.",
    "unreadable": "Máy chủ không đọc được tệp này. Hãy mở thử clip trong máy; nếu xem được, hãy lưu lại thành tệp MP4 rồi gửi lại.",
    "too_many_streams": "Tệp chứa quá nhiều luồng hình và tiếng. Hãy lưu lại thành một tệp MP4 thông thường rồi gửi lại.",
    "picture_too_small": "Hình quá nhỏ, không xem rõ được. Hãy gửi bản quay gốc có hình lớn hơn.",
    "picture_too_large": "Khung hình lớn quá mức xử lý được. Hãy quay ở độ phân giải tối đa 4K rồi gửi lại.",
    "codec_not_supported": "Kiểu nén của video này chưa được hỗ trợ. Hãy lưu lại thành tệp MP4 (H.264) rồi gửi lại.",
    "sound_broken": "Tiếng trong tệp này bị hỏng nên không chuyển được. Hãy mở clip trong ứng dụng sửa video, lưu lại thành tệp MP4 rồi gửi lại.",
    "sound_too_long": "Tiếng của clip kéo dài hơn hình. Hãy mở clip trong ứng dụng sửa video, cắt cho tiếng và hình dài bằng nhau rồi gửi lại.",
    "too_many_pictures": "Clip có quá nhiều hình mỗi giây ở khung hình lớn nên máy chủ không xử lý nổi. Hãy quay ở 1080p, 30 hình mỗi giây rồi gửi lại.",
    "encrypted": "Tệp bị khóa bản quyền nên không xử lý được. Hãy gửi clip do chính mình quay.",
}

# Our side's trouble: the clip waits, staff can start it again.
FAILURES: dict[str, str] = {
    "tool_crashed": "Bộ xử lý video dừng giữa chừng. Clip vẫn còn nguyên; hãy bấm «Thử lại».",
    "tool_timeout": "Xử lý clip lâu quá mức cho phép. Clip vẫn còn nguyên; hãy bấm «Thử lại» hoặc gửi bản ngắn hơn.",
    "tool_stalled": "Bộ xử lý video bị đứng. Clip vẫn còn nguyên; hãy bấm «Thử lại».",
    "bad_output": "Bản đã xử lý không đạt kiểm tra. Clip vẫn còn nguyên; hãy bấm «Thử lại».",
    "no_space": "Máy chủ sắp hết chỗ chứa. Clip vẫn còn nguyên và sẽ được xử lý tiếp khi có chỗ.",
    "storage": "Kho lưu trữ tạm thời không trả lời. Clip vẫn còn nguyên và sẽ được xử lý tiếp.",
    "original_missing": "Không tìm thấy bản gốc của clip trong kho. Hãy báo cho người vận hành.",
    "not_transcribed": "Máy chưa nghe được clip để gợi ý phụ đề. Clip vẫn còn nguyên; hãy thử lại hoặc tự viết phụ đề.",
    "faces_not_searched": "Máy chưa tìm được khuôn mặt trong clip. Clip vẫn còn nguyên; hãy thử lại hoặc tự vẽ hộp che.",
    "mail_refused": "Máy chủ thư không nhận thư này. Tin báo vẫn còn trên trang; hãy xem lại địa chỉ của người nhận rồi thử lại.",
    "mail_delayed": "Máy chủ thư chưa nhận thư này suốt hai ngày. Tin báo vẫn còn trên trang; hãy xem lại máy chủ thư rồi thử lại.",
    "worker_lost": "Máy xử lý bị ngắt nhiều lần. Clip vẫn còn nguyên; hãy bấm «Thử lại».",
}

# What the rules refuse.
RULES: dict[str, str] = {
    "no_such_clip": "Không có clip này, hoặc bạn không có quyền xem.",
    "not_found": "Không tìm thấy mục này.",
    "not_allowed": "Bạn không được làm việc này với clip này.",
    "wrong_state": "Clip đang ở trạng thái không làm được việc này. Hãy tải lại trang.",
    "own_clip": "Không ai tự quyết định về clip của chính mình.",
    "own_school": "Người cùng trường không quyết định ở bước cuối.",
    "same_person": "Mỗi bước duyệt cần một người khác. Bạn đã duyệt ở bước trước, hoặc chính bạn đã che hình hay tiếng của bản này.",
    "stale_clip": "Clip vừa được thay đổi trong lúc bạn xem. Hãy xem điều gì đã xảy ra rồi quyết định lại.",
    "stale_captions": "Phụ đề vừa được người khác lưu trong lúc bạn sửa. Bản của bạn vẫn còn; hãy xem bản kia rồi chọn.",
    "stale_campaign": "Cuộc vận động vừa được người khác sửa. Những gì bạn ghi vẫn còn; hãy xem lại rồi lưu.",
    "claim_held": "Một người khác đang duyệt clip này.",
    "not_same": "Clip này không giống clip được giữ lại, nên không bỏ cùng nhau được.",
    "not_watched": "Hãy xem hết clip rồi mới duyệt.",
    "notes_missing": "Hãy ghi ít nhất một lý do để người gửi biết cần sửa gì.",
    "consent_missing": "Còn thiếu sự đồng ý của người có mặt trong clip.",
    "scope_too_wide": "Phạm vi chỉ có thể thu hẹp, không mở rộng được.",
    "invalid": "Có thông tin chưa đúng. Hãy xem lại các ô được đánh dấu.",
    "upload_incomplete": "Tệp chưa tải lên xong. Hãy tải tiếp cho đủ rồi gửi lại.",
    "upload_used": "Tệp đã tải lên này thuộc về một lần gửi khác. Hãy tải lên lại.",
    "bytes_gone": "Các tệp của clip này đã bị xóa vì hết hạn lưu, nên không dùng lại được. Hãy gửi một clip mới.",
    "lease_lost": "Việc này đã được giao cho máy khác.",
    "wrong_password": "Tên đăng nhập hoặc mật khẩu chưa đúng.",
    "quota_account_bytes": "Tài khoản này chỉ còn chỗ cho {left}. Hãy gửi clip ngắn hơn, gỡ clip cũ không cần nữa, hoặc nhờ người quản trị cho thêm chỗ.",
    "quota_class_bytes": "Lớp chỉ còn chỗ cho {left}. Hãy gửi clip ngắn hơn, hoặc nhờ thầy cô gỡ clip cũ hay xin thêm chỗ.",
    "quota_school_bytes": "Trường chỉ còn chỗ cho {left}. Hãy gửi clip ngắn hơn, hoặc nhờ thầy cô xin phòng giáo dục thêm chỗ.",
    "quota_account_clips": "Tài khoản này đã gửi đủ số clip cho phép. Hãy gỡ clip cũ không cần nữa, hoặc nhờ người quản trị cho thêm.",
    "quota_class_clips": "Lớp đã gửi đủ số clip cho phép. Hãy nhờ thầy cô gỡ clip cũ hay xin thêm.",
    "quota_school_clips": "Trường đã gửi đủ số clip cho phép. Hãy nhờ thầy cô xin phòng giáo dục cho thêm.",
    "wrong_class_code": "Mã lớp chưa đúng, hoặc thầy cô đã đổi mã. Hãy xem lại từng chữ, hoặc hỏi thầy cô mã mới.",
    "class_code_ended": "Mã lớp này đã hết hạn. Hãy hỏi thầy cô mã mới.",
    "class_code_stopped": "Thầy cô đã dừng mã lớp này. Hãy hỏi thầy cô mã mới.",
    "class_code_full": "Lớp đã đủ số học sinh được vào bằng mã này. Hãy nhờ thầy cô tăng giới hạn hoặc đưa mã mới.",
    "class_clips_full": "Lớp đã gửi đủ số clip mà thầy cô cho phép. Hãy nhờ thầy cô tăng giới hạn.",
    "wrong_link": "Đường dẫn riêng chưa đúng. Hãy xem lại từng chữ, hoặc xin thầy cô đường dẫn mới.",
    "link_revoked": "Đường dẫn riêng này đã được đổi hoặc thu hồi. Hãy xin thầy cô đường dẫn mới.",
    "too_many_reports": "Hôm nay mạng này đã báo rất nhiều clip. Ngày mai hãy báo tiếp; lo cho một bạn nhỏ thì vẫn báo được ngay.",
    "too_many_guesses": "Mạng này vừa gõ sai quá nhiều lần. Hãy đợi 15 phút rồi thử lại, hoặc dùng mạng khác, ví dụ 4G.",
}

PROBLEMS: dict[str, str] = {**REFUSALS, **FAILURES, **RULES}
UNKNOWN = "Có trục trặc chưa rõ. Hãy thử lại, hoặc báo cho người vận hành."


def message(code: str) -> str:
    """The Vietnamese sentence for ``code``."""
    return PROBLEMS.get(code, UNKNOWN)
