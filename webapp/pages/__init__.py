"""The pages, one blueprint for each audience."""

from webapp.pages import (
    accounts,
    admin,
    audit,
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
    notices,
    quotas,
    redact,
    safeguarding,
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
    library.blueprint,
    moderation.blueprint,
    redact.blueprint,
    faces.blueprint,
    admin.blueprint,
    quotas.blueprint,
    audit.blueprint,
    notices.blueprint,
    safeguarding.blueprint,
)

__all__ = ["BLUEPRINTS"]
