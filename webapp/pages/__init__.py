"""The pages, one blueprint for each audience."""

from webapp.pages import (
    accounts,
    admin,
    answers,
    captions,
    classes,
    clips,
    compare,
    coverage,
    desk,
    faces,
    home,
    installed,
    library,
    links,
    manifest,
    moderation,
    quotas,
    reasons,
    redact,
    submit,
)

BLUEPRINTS = (
    home.blueprint,
    accounts.blueprint,
    submit.blueprint,
    installed.blueprint,
    clips.blueprint,
    answers.blueprint,
    links.blueprint,
    classes.blueprint,
    manifest.blueprint,
    captions.blueprint,
    desk.blueprint,
    coverage.blueprint,
    compare.blueprint,
    library.blueprint,
    moderation.blueprint,
    redact.blueprint,
    faces.blueprint,
    admin.blueprint,
    quotas.blueprint,
    reasons.blueprint,
)

__all__ = ["BLUEPRINTS"]
