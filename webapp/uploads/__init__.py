"""tus 1.0.0 with the extensions that browsers use, and what is beside it: docs/uploads.md."""

from webapp.uploads import direct
from webapp.uploads.views import blueprint

__all__ = ["blueprint", "direct"]
