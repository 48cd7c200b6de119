"""The pages, one blueprint for each audience."""

from webapp.pages import (
    accounts,
    admin,
    batch,
    campaigns,
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
    batch.blueprint,
    desk.blueprint,
    library.blueprint,
    moderation.blueprint,
    redact.blueprint,
    faces.blueprint,
    admin.blueprint,
    quotas.blueprint,
    campaigns.blueprint,
)

__all__ = ["BLUEPRINTS"]
