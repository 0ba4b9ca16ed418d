"""The dashboard's files, read once at start: no path of a request ever reaches the file system."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path, PurePosixPath

import attrs
from quart import Blueprint, Response, request

from alphapulse_web.api.routes import methods_of
from alphapulse_web.errors import ApiError

DIST = Path(__file__).parent / "dist"
NONCE = b"{{csp_nonce}}"
MAX_SITE_BYTES = 32 * 1024 * 1024
NOT_PAGES = ("api", "ws", "livez", "readyz")
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
}
NOT_BUILT = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>AlphaPulse</title></head><body>
<h1>The dashboard is not built</h1>
<p>The daemon runs and its API answers under <code>/api/v1</code>.</p>
<p>To build the dashboard, run <code>npm ci</code> and <code>npm run build</code> in <code>frontend/</code>,
then restart the daemon.</p>
<p>To stop trading without it: <code>alphapulse kill --reason "..."</code></p>
</body></html>
"""


def is_built() -> bool:
    """True if the dashboard is part of this installation."""
    return (DIST / "index.html").is_file()


@attrs.frozen
class File:
    """A file as it is served. `hashed` says that its name changes with its content."""

    content: bytes = attrs.field(repr=False)
    content_type: str
    etag: str
    hashed: bool


class Site:
    """The built files by path, and the page that answers to every other path."""

    def __init__(self, folder: Path) -> None:
        """Blocking. Raises ValueError if the folder holds more than 32 MiB."""
        self.files: dict[str, File] = {}
        self.index = NOT_BUILT
        index = folder / "index.html"
        if not index.is_file():
            return
        self.index = index.read_bytes()
        total = 0
        for path in sorted(folder.rglob("*")):
            if path == index or path.is_symlink() or not path.is_file():
                continue
            name = path.relative_to(folder).as_posix()
            self.files[name] = _file(name, path.read_bytes())
            total += len(self.files[name].content)
            if total > MAX_SITE_BYTES:
                raise ValueError(f"{folder}: expected at most {MAX_SITE_BYTES} bytes of dashboard; rebuild it")


def _file(name: str, content: bytes) -> File:
    suffix = PurePosixPath(name).suffix
    digest = hashlib.sha256(content).hexdigest()[:16]
    return File(content, TYPES.get(suffix, "application/octet-stream"), digest, name.startswith("assets/"))


def page_policy(nonce: str) -> str:
    """The content security policy of the page."""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; font-src 'self'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def no_such_operation() -> ApiError:
    """405 on a path that knows other methods, else 404."""
    if known := methods_of(request.path):
        found = f"expected one of {', '.join(sorted(known))} on this path, found {request.method}"
        return ApiError(405, "method_not_allowed", found)
    return ApiError(404, "not_found", "expected a known path, found another; see /api/v1/openapi.json")


def page_routes(site: Site) -> Blueprint:
    """Routes of the dashboard: a file if there is one of that name, the page if not."""
    routes = Blueprint("pages", __name__)

    @routes.get("/")
    async def index() -> Response:
        nonce = secrets.token_urlsafe(16)
        response = Response(site.index.replace(NONCE, nonce.encode()), content_type=TYPES[".html"])
        response.headers["Content-Security-Policy"] = page_policy(nonce)
        return response

    @routes.get("/<path:path>")
    async def page(path: str) -> Response:
        if path.partition("/")[0] in NOT_PAGES:
            raise no_such_operation()
        file = site.files.get(path)
        if file is None:
            if path.startswith("assets/"):
                raise ApiError(404, "not_found", "expected a file of this build, found another; reload the page")
            return await index()
        response = Response(file.content, content_type=file.content_type)
        response.set_etag(file.etag)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if file.hashed else "no-cache"
        return await response.make_conditional(request, accept_ranges=False)

    @routes.route("/api/<path:path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    async def unknown(path: str) -> Response:
        raise no_such_operation()

    return routes
