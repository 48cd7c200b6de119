"""Licences in the words of who never heard of them; their usual names stand behind."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

WORDS = {
    "CC-BY-4.0": _("Ai cũng được dùng lại, kể cả để bán, nếu ghi nguồn (CC BY 4.0)"),
    "CC-BY-SA-4.0": _("Được dùng lại nếu ghi nguồn và giữ giấy phép này (CC BY-SA 4.0)"),
    "CC-BY-NC-4.0": _("Được dùng lại nếu ghi nguồn và không bán (CC BY-NC 4.0)"),
    "CC-BY-NC-ND-4.0": _("Được dùng lại nếu ghi nguồn, không bán, không sửa (CC BY-NC-ND 4.0)"),
}
