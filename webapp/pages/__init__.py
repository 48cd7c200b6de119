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
    library,
    links,
    manifest,
    moderation,
    numbers,
    queue,  # its routes are on the desk's blueprint
    quotas,
    redact,
    submit,
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
    numbers.blueprint,
    library.blueprint,
    moderation.blueprint,
    redact.blueprint,
    faces.blueprint,
    admin.blueprint,
    quotas.blueprint,
)

__all__ = ["BLUEPRINTS", "queue"]
