"""``/feed/v1``: what a library site pulls, with its token."""

from webapp.feed import oai, windows
from webapp.feed.views import blueprint

__all__ = ["blueprint", "oai", "windows"]
