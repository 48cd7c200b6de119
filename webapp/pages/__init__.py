"""The pages, one blueprint for each audience."""

from webapp.pages import (
    accounts,
    admin,
    audit,
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
    notices,
    numbers,
    queue,  # its routes are on the desk's blueprint
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
    batch.blueprint,
    desk.blueprint,
    numbers.blueprint,
    library.blueprint,
    moderation.blueprint,
    redact.blueprint,
    faces.blueprint,
    admin.blueprint,
    quotas.blueprint,
    audit.blueprint,
    notices.blueprint,
    safeguarding.blueprint,
    campaigns.blueprint,
)

__all__ = ["BLUEPRINTS", "queue"]
