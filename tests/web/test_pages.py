"""The dashboard's files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.web.web_client import Desk


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A built dashboard, beside a file that is none of its own."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text('<meta nonce="{{csp_nonce}}"><script nonce="{{csp_nonce}}"></script>')
    (folder / "assets" / "index-1a2b.js").write_text("let a = 1")
    (folder / "favicon.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    return folder


@pytest.mark.parametrize("path", ["/", "/opportunities", "/a/b/c", "/login"])
async def test_every_other_path_is_the_page(dist: Path, path: str) -> None:
    response = await Desk(dist).ask("GET", path)
    assert response.content_type == "text/html; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"


async def test_the_page_and_its_policy_share_a_fresh_nonce(dist: Path) -> None:
    desk = Desk(dist)
    nonces = set()
    for _ in range(2):
        response = await desk.ask("GET", "/")
        found = re.findall(r'nonce="([^"]+)"', (await response.get_data(as_text=False)).decode())
        assert found[0] == found[1]
        assert f"style-src 'self' 'nonce-{found[0]}'" in response.headers["Content-Security-Policy"]
        assert "unsafe" not in response.headers["Content-Security-Policy"]
        nonces.add(found[0])
    assert len(nonces) == 2


async def test_hashed_files_are_kept_for_a_year_and_others_asked_for(dist: Path) -> None:
    desk = Desk(dist)
    hashed = await desk.ask("GET", "/assets/index-1a2b.js")
    assert hashed.content_type == "text/javascript; charset=utf-8"
    assert hashed.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    icon = await desk.ask("GET", "/favicon.svg")
    assert icon.headers["Cache-Control"] == "no-cache"
    again = await desk.ask("GET", "/favicon.svg", headers={"If-None-Match": icon.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt", "/..%2fsecret.txt", "/link.txt"]
)
async def test_nothing_outside_the_folder_is_served(dist: Path, path: str) -> None:
    response = await Desk(dist).ask("GET", path)
    assert b"secret" not in await response.get_data(as_text=False)


async def test_a_missing_asset_is_not_the_page(dist: Path) -> None:
    """A page of an older build would run HTML as script."""
    assert (await Desk(dist).ask("GET", "/assets/index-0000.js")).status_code == 404


async def test_without_a_build_a_plain_page_says_what_to_do(tmp_path: Path) -> None:
    response = await Desk(tmp_path).ask("GET", "/")
    text = await response.get_data(as_text=False)
    assert response.status_code == 200
    assert b"not built" in text
    assert b"npm run build" in text
