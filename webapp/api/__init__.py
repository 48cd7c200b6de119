"""``/api/v1``: for programs with a bearer token (and for our own pages)."""

from webapp.api import captions, clips, consents, drafts, openapi, operators, redactions, review
from webapp.api.blueprint import blueprint

__all__ = [
    "blueprint",
    "captions",
    "clips",
    "consents",
    "drafts",
    "openapi",
    "operators",
    "redactions",
    "review",
]
