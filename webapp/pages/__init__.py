"""The pages, one blueprint for each audience."""

from webapp.pages import (
    accounts,
    admin,
    captions,
    classes,
    clips,
    desk,
    faces,
    home,
    installed,
    libraries,
    library,
    links,
    manifest,
    moderation,
    quotas,
    redact,
    submit,
    takedowns,
)

BLUEPRINTS = (
    home.blueprint,
    accounts.blueprint,
    submit.blueprint,
    installed.blueprint,
    clips.blueprint,
    links.blueprint,
    classes.blueprint,
    manifest.blueprint,
    captions.blueprint,
    desk.blueprint,
    library.blueprint,
    moderation.blueprint,
    redact.blueprint,
    faces.blueprint,
    admin.blueprint,
    quotas.blueprint,
    libraries.blueprint,
    takedowns.blueprint,
)

__all__ = ["BLUEPRINTS"]
