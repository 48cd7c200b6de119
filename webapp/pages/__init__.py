"""The pages, one blueprint for each audience."""

from webapp.pages import (
    accounts,
    admin,
    captions,
    clips,
    desk,
    faces,
    home,
    library,
    moderation,
    quotas,
    redact,
    submit,
)

BLUEPRINTS = (
    home.blueprint,
    accounts.blueprint,
    submit.blueprint,
    clips.blueprint,
    captions.blueprint,
    desk.blueprint,
    library.blueprint,
    moderation.blueprint,
    redact.blueprint,
    faces.blueprint,
    admin.blueprint,
    quotas.blueprint,
)

__all__ = ["BLUEPRINTS"]
