"""The Flask application: made from settings, or from the parts that a test hands over."""

from __future__ import annotations

from flask import Flask

from review.ports import BlobStore, Doorbell
from storage_config.database import Database
from storage_config.settings import Settings
from webapp import (
    api,
    assets,
    auth,
    deps,
    discovery,
    errors,
    feed,
    health,
    i18n,
    media,
    security,
    uploads,
)
from webapp.pages import BLUEPRINTS
from webapp.uploads.override import MethodOverride


def create_app(
    settings: Settings,
    *,
    database: Database | None = None,
    blobs: BlobStore | None = None,
    doorbell: Doorbell | None = None,
) -> Flask:
    """Join everything; touches neither the database nor the broker before the first request."""
    app = Flask("webapp")
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    deps.attach(app, deps.build(settings, database=database, blobs=blobs, doorbell=doorbell))
    security.init(app, settings)
    i18n.init(app)
    auth.init(app)
    assets.init(app)
    errors.init(app)
    health.init(app)
    parts = (uploads.blueprint, media.blueprint, api.blueprint, feed.blueprint, health.blueprint)
    for blueprint in (*parts, discovery.blueprint, *BLUEPRINTS):
        app.register_blueprint(blueprint)
    app.wsgi_app = MethodOverride(app.wsgi_app)  # type: ignore[method-assign]  # Flask's own way
    return app
