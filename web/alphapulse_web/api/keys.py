"""Who holds keys. They are made on the machine itself, with `alphapulse keys add`: no reply ever holds one."""

from __future__ import annotations

import msgspec
from quart import Blueprint, Response

from alphapulse.errors import ConfigError
from alphapulse_web.api.once import once
from alphapulse_web.api.replies import answer, body
from alphapulse_web.api.requests import RevokeRequest
from alphapulse_web.api.routes import PREFIX
from alphapulse_web.api.session_shapes import Keys, KeyView
from alphapulse_web.errors import ApiError
from alphapulse_web.idempotency import Reply
from alphapulse_web.instants import instant
from alphapulse_web.keys import Key, KeyRing
from alphapulse_web.permissions import role_word
from alphapulse_web.upkeep import Upkeep


def key_routes(ring: KeyRing, upkeep: Upkeep) -> Blueprint:
    """Routes of the keys."""
    routes = Blueprint("keys", __name__, url_prefix=f"{PREFIX}/keys")

    @routes.get("")
    async def keys() -> Response:
        return answer(_view(ring))

    @routes.post("/revoke")
    async def revoke() -> Response:
        wish = await body(RevokeRequest)

        async def act() -> Reply:
            try:
                await upkeep.revoke(wish.name)
            except ConfigError as error:
                raise ApiError(404, "no_such_key", str(error)) from error
            return Reply(200, msgspec.json.encode(_view(ring)))

        return await once(act)

    return routes


def _view(ring: KeyRing) -> Keys:
    return Keys(keys=[_key_view(key) for key in ring.named()])


def _key_view(key: Key) -> KeyView:
    made = instant(key.made_ns) if key.made_ns else None
    return KeyView(name=key.name, role=role_word(key.role), key=key.id, made=made)
