"""The way to the chain that the configuration names, and who asks the relay on it."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from alphapulse.composition.signing import own_key_of
from alphapulse.config import Config
from alphapulse.config_sections.values import SecretSource
from alphapulse.connections.endpoint import HTTP, Endpoint, endpoint_of
from alphapulse.connections.node_pool import NodePool
from alphapulse.connections.node_transport import NodeTransport
from alphapulse.connections.routes.bundle import BundleRoute
from alphapulse.connections.routes.private import PrivateRoute
from alphapulse.connections.routes.relay import Relay
from alphapulse.connections.routes.route import PublicRoute, Route
from alphapulse.errors import ConfigError
from alphapulse.signing.opening import read_key
from alphapulse.signing.relay_identity import RelayIdentity

IDENTITY = "execution.relay_identity"


def identity_of(config: Config, environ: Mapping[str, str]) -> RelayIdentity | None:
    """Who signs requests to the relay; None if nobody has to. Blocking: a keystore is opened.

    Raises:
        ConfigError, KeystoreError: its key cannot be read.
    """
    section = config.execution.relay_identity
    if section is None:
        return None
    try:
        return RelayIdentity(read_key(own_key_of(IDENTITY, section, config), environ))
    except ConfigError as error:
        raise ConfigError(IDENTITY, str(error)) from None


def route_of(
    config: Config, nodes: NodePool, transport: NodeTransport, chain_id: int, identity: RelayIdentity | None
) -> Route:
    """The way that `[execution] send` names. Raises ConfigError: the relay's URL is none."""
    execution = config.execution
    if execution.send == "public" or execution.relay is None:
        return PublicRoute(nodes)
    endpoint = _endpoint(execution.relay, config)
    if identity is not None:
        endpoint = attrs.evolve(endpoint, signature=identity.signature)
    relay = Relay("relay", endpoint, transport, chain_id)
    return PrivateRoute(relay) if execution.send == "private" else BundleRoute(relay)


def _endpoint(source: str | SecretSource, config: Config) -> Endpoint:
    if isinstance(source, str):
        return endpoint_of("execution.relay", HTTP, url=source)
    file = None if source.file is None else config.resolve(source.file)
    return endpoint_of("execution.relay", HTTP, env=source.env, file=file)
