"""What is agreed with a provider, and what is known of its chain."""

from __future__ import annotations

import attrs
from attrs.validators import ge, in_, matches_re

from alphapulse.connections.endpoint import Endpoint


@attrs.frozen(kw_only=True)
class NodeTerms:
    """One node. Its label is all of it that logs, records and pages ever show.

    Raises:
        ValueError: a value is out of its range.
    """

    label: str = attrs.field(validator=matches_re("[A-Za-z0-9_.-]{1,40}"))
    http: Endpoint
    ws: Endpoint | None = None
    """None: it is asked, but nothing is subscribed to."""
    requests_per_s: int = attrs.field(default=10, validator=in_(range(1, 100_001)))
    """Below the provider's published rate. Each call of a batch counts."""
    batch_size: int = attrs.field(default=20, validator=in_(range(1, 1_001)))
    """Calls in one request; 1: the provider takes no batches."""
    max_block_range: int = attrs.field(default=500, validator=ge(1))
    """Blocks in one query of logs."""
    max_in_flight: int = attrs.field(default=8, validator=in_(range(1, 257)))
    """Requests under way at once; more wait."""


@attrs.frozen(kw_only=True)
class ChainTerms:
    """One chain.

    Raises:
        ValueError: a value is out of its range.
    """

    name: str
    chain_id: int = attrs.field(validator=ge(1))
    block_time_ms: int = attrs.field(validator=in_(range(10, 600_001)))
    """The usual time from a block to the next. Silence is measured in it."""
    genesis_hash: bytes | None = None
    """Of block 0. None: the first node that answers says it, and all others must agree."""
