"""tus 1.0.0 with all extensions that a browser uses: docs/uploads.md."""

from webapp.uploads.views import blueprint

__all__ = ["blueprint"]
