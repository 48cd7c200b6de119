"""tus 1.0.0: creation, creation-with-upload, expiration and termination."""

from webapp.uploads.views import blueprint

__all__ = ["blueprint"]
