"""``webapp.wsgi:app`` for any WSGI server; ``lantoa web`` starts ours."""

from storage_config.settings import load
from webapp.app import create_app

app = create_app(load())
