"""How other sites find public clips: oEmbed, the sitemap, schema.org. Nothing else shows."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

import pytest
from flask.testing import FlaskClient
from lxml import etree

from review.consent import Scope
from review.policy import Role
from review.states import Action, State
from tests.webapp.conftest import problem
from tests.webapp.pages.reading import page_of
from tests.world import World

SITE = "http://127.0.0.1:8000"
MAP = {"m": "http://www.sitemaps.org/schemas/sitemap/0.9"}


def public(world: World, title: str = "Mật khẩu") -> str:
    return world.clip(State.PUBLISHED, title=title, scope=Scope.PUBLIC)


def hidden(world: World) -> list[str]:
    """Clips that are not everybody's."""
    narrow = [world.clip(State.PUBLISHED, scope=s) for s in (Scope.LIBRARY, Scope.SCHOOL)]
    gone, held = public(world), public(world)
    world.withdraw(gone)
    world.decide(held, Action.ESCALATE, Role.REVIEWER)
    return [*narrow, gone, held, world.clip(State.APPROVED), "0" * 26]


def embed(client: FlaskClient, clip_id: str, **more: str) -> Any:
    query = {"url": f"{SITE}/library/{clip_id}", **more}
    return client.get("/oembed", query_string=query)


class TestOembed:
    def test_a_public_clip_is_a_player(self, world: World, client: FlaskClient) -> None:
        clip_id = public(world, '"Mật" <khẩu>')
        answer = embed(client, clip_id)
        place = f"{SITE}/media/{clip_id}"

        assert answer.get_json() == {
            "type": "video",
            "version": "1.0",
            "title": '"Mật" <khẩu>',
            "author_name": "Lớp 7A",
            "provider_name": "Lan Tỏa",
            "provider_url": SITE,
            "html": f'<iframe src="{SITE}/embed/{clip_id}" width="640" height="360" '
            'title="&#34;Mật&#34; &lt;khẩu&gt;" style="border:0;max-width:100%" '
            'loading="lazy" allowfullscreen></iframe>',
            "width": 640,
            "height": 360,
            "thumbnail_url": f"{place}/poster.jpg",
            "thumbnail_width": 640,
            "thumbnail_height": 360,
        }
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        etag = answer.headers["ETag"]
        query = {"url": f"{SITE}/library/{clip_id}"}
        again = client.get("/oembed", query_string=query, headers={"If-None-Match": etag})
        assert again.status_code == 304

    def test_as_xml_it_says_the_same(self, world: World, client: FlaskClient) -> None:
        clip_id = public(world, "a & b")
        told = embed(client, clip_id).get_json()
        xml = etree.fromstring(embed(client, clip_id, format="xml").data)

        assert {e.tag: e.text for e in xml} == {k: str(v) for k, v in told.items()}

    @pytest.mark.parametrize(
        ("wanted", "size"),
        [
            ({"maxwidth": "320"}, (320, 180)),
            ({"maxheight": "90"}, (160, 90)),
            ({"maxwidth": "9999", "maxheight": "180"}, (320, 180)),
            ({"maxwidth": "x"}, (640, 360)),
        ],
    )
    def test_it_fits_where_it_is_shown(
        self,
        world: World,
        client: FlaskClient,
        wanted: dict[str, str],
        size: tuple[int, int],
    ) -> None:
        told = embed(client, public(world), **wanted).get_json()
        assert (told["width"], told["height"]) == size

    def test_nothing_else_is_there(self, world: World, client: FlaskClient) -> None:
        answers = {embed(client, clip_id).data for clip_id in hidden(world)}
        assert len(answers) == 1
        assert problem(embed(client, "0" * 26)) == (404, "not_found")

    def test_other_addresses_are_not_ours(self, world: World, client: FlaskClient) -> None:
        clip_id = public(world)
        for url in (
            "",
            f"https://evil.example/library/{clip_id}",
            f"{SITE}/clips/{clip_id}",
            f"ftp://127.0.0.1:8000/library/{clip_id}",
            f"{SITE}/library/{clip_id}/x",
            "http://[",
        ):
            assert problem(client.get("/oembed", query_string={"url": url})) == (404, "not_found")

    def test_a_form_that_there_is_not(self, world: World, client: FlaskClient) -> None:
        assert problem(embed(client, public(world), format="php")) == (501, "oembed_format")


class TestSitemap:
    def locations(self, client: FlaskClient, path: str) -> tuple[str, list[str]]:
        tree = etree.fromstring(client.get(path).data)
        return etree.QName(tree).localname, [e.text for e in tree.iterfind(".//m:loc", MAP)]

    def test_it_has_the_public_pages_and_no_others(self, world: World, client: FlaskClient) -> None:
        assert self.locations(client, "/sitemap.xml") == ("urlset", [])
        ids = [public(world) for _ in range(2)]
        hidden(world)
        urls = [f"{SITE}/library/{i}" for i in ids]

        assert self.locations(client, "/sitemap.xml") == ("urlset", urls)
        for url in urls:
            assert client.get(urlsplit(url).path).status_code == 200

    def test_beyond_a_files_worth_it_is_an_index(
        self, world: World, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("webapp.discovery.MAX_URLS", 2)
        ids = [public(world) for _ in range(3)]
        kind, parts = self.locations(client, "/sitemap.xml")

        assert (kind, parts) == ("sitemapindex", [f"{SITE}/sitemap-{n}.xml" for n in (1, 2)])
        found = [self.locations(client, urlsplit(p).path) for p in parts]
        assert found == [
            ("urlset", [f"{SITE}/library/{i}" for i in ids[:2]]),
            ("urlset", [f"{SITE}/library/{ids[2]}"]),
        ]
        assert [client.get(f"/sitemap-{n}.xml").status_code for n in (0, 3, 10**9)] == [404] * 3


class TestRobots:
    def test_a_search_engine_may_read_what_is_public(
        self, world: World, client: FlaskClient
    ) -> None:
        clip_id = public(world)
        told = client.get("/robots.txt")
        rules = RobotFileParser()
        rules.parse(told.text.splitlines())
        closed = ("/clips", f"/clips/{clip_id}", "/review", "/admin", "/submit", "/feed/v1/changes")
        opened = ("/library", f"/library/{clip_id}", f"/media/{clip_id}/poster.jpg", "/sitemap.xml")

        assert told.mimetype == "text/plain"
        assert [p for p in (*opened, *closed) if rules.can_fetch("any", p)] == list(opened)
        (place,) = rules.site_maps() or []
        assert client.get(urlsplit(place).path).mimetype == "application/xml"


class TestVideoObject:
    def test_a_public_page_says_what_it_shows(self, world: World, client: FlaskClient) -> None:
        clip_id = public(world, "</script><!-- & 'x'")
        page = page_of(client.get(f"/library/{clip_id}"))
        source = page.source.partition('<script type="application/ld+json">')[2]
        told = json.loads(source.partition("</script>")[0])
        place = f"{SITE}/media/{clip_id}"

        assert told == {
            "@context": "https://schema.org",
            "@type": "VideoObject",
            "@id": f"urn:lantoa:clip:{clip_id}",
            "url": f"{SITE}/library/{clip_id}",
            "name": "</script><!-- & 'x'",
            "description": "</script><!-- & 'x'",
            "thumbnailUrl": [f"{place}/poster.jpg"],
            "uploadDate": told["uploadDate"],
            "dateModified": told["dateModified"],
            "duration": "PT12.5S",
            "embedUrl": f"{SITE}/embed/{clip_id}",
            "contentUrl": f"{place}/mp4/360p.mp4",
            "inLanguage": "vi",
            "license": "https://creativecommons.org/licenses/by-nc/4.0/",
            "creditText": "Lớp 7A",
            "isFamilyFriendly": True,
            "isAccessibleForFree": True,
            "publisher": {"@type": "Organization", "name": "Lan Tỏa"},
        }

    def test_its_link_leads_to_the_player(self, world: World, client: FlaskClient) -> None:
        clip_id = public(world)
        page = page_of(client.get(f"/library/{clip_id}"))
        (link,) = (a for a in page.all("link") if a.get("type") == "application/json+oembed")
        found = urlsplit(link["href"] or "")

        assert client.get(f"{found.path}?{found.query}").get_json()["title"] == "Mật khẩu"
