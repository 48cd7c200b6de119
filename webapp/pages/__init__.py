"""The pages, one blueprint for each audience."""

from webapp.pages import (
    accounts,
    admin,
    captions,
    clips,
    desk,
    faces,
    home,
    installed,
    library,
    moderation,
    redact,
    submit,
)

BLUEPRINTS = (
    home.blueprint,
    accounts.blueprint,
    submit.blueprint,
    installed.blueprint,
    clips.blueprint,
    captions.blueprint,
    desk.blueprint,
    library.blueprint,
    moderation.blueprint,
    redact.blueprint,
    faces.blueprint,
    admin.blueprint,
)

__all__ = ["BLUEPRINTS"]
