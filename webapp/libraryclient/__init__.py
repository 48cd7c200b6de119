"""The client of a library site: a folder that mirrors the feed and its files, and offline packs.

Needs ``requests`` and nothing of the server's. ``docs/library.md`` says how to use and how to
replace it::

    with Shelf(Path("mirror"), "https://lantoa.example.edu.vn") as shelf:
        result = Sync(shelf, Remote(Server(shelf.server, token), say=print)).run()
"""

from webapp.libraryclient.remote import Remote
from webapp.libraryclient.shelf import InUse, Shelf
from webapp.libraryclient.sync import Result, Sync

__all__ = ["InUse", "Remote", "Result", "Shelf", "Sync"]
