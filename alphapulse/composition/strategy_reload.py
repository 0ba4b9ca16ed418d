"""One strategy with a new configuration, while all others run on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from alphapulse.composition.environment import Environment
from alphapulse.composition.limits import limit_book
from alphapulse.composition.strategies import Strategies
from alphapulse.config import Config, load_config
from alphapulse.config_reading import read_document
from alphapulse.config_sections.strategies import FlashArbitrageSection
from alphapulse.data.pools import Pool
from alphapulse.data.services import ConfigUpdate, SettingChange
from alphapulse.data.wire import SENTENCE
from alphapulse.errors import ConfigError
from alphapulse.journal.journal import Journal
from alphapulse.nursery.supervisor import Supervisor
from alphapulse.rules.limits.limit_book import LimitBook
from alphapulse.safety.clipped import clipped

SERVICE = "alphapulsed"


class StrategyReload:
    """Validates first, then writes down what changes, then changes it: the strategy's terms, its limits, a fresh life.

    A strategy that is halted or stopped stays so, and has the new configuration when it starts.
    """

    def __init__(
        self,
        config: Config,
        pools: Sequence[Pool],
        strategies: Strategies,
        limits: LimitBook,
        decisions: Supervisor,
        journal: Journal,
        environment: Environment,
    ) -> None:
        self.config = config
        """As it is now, with every reload so far."""
        self._pools = pools
        self._strategies = strategies
        self._limits = limits
        self._decisions = decisions
        self._journal = journal
        self._environment = environment

    async def reload(self, name: str, settings: Mapping[str, Any] | None, *, actor: str, reason: str) -> ConfigUpdate:
        """Give the strategy `name` its settings: those in `settings`, or its section of the file as it is now.

        Raises:
            ConfigError: there is no such strategy here, or what it is given cannot be; nothing has changed.
            JournalError: it could not be written down; nothing has changed.
        """
        if name not in self._strategies.running:
            raise ConfigError(f"strategies.{name}", f"expected one of {', '.join(self._strategies.running)}")
        fresh = await self._from_file() if settings is None else self._posted(settings)
        section = fresh.strategies.flash_arbitrage
        if section is None or not section.enabled:
            raise ConfigError(f"strategies.{name}.enabled", "expected true: stop the strategy to have it stand still")
        self._strategies.check(section)
        limits = limit_book(fresh, self._pools)
        changes = tuple(_changes(name, self.config.strategies.flash_arbitrage, section))
        if not changes:
            raise ConfigError(f"strategies.{name}", "expected a setting that differs, found them as they are")
        update = ConfigUpdate(
            SERVICE,
            self.config.digest,
            fresh.digest,
            changes,
            actor,
            clipped(reason, SENTENCE.limit),
            self._environment.now_ns(),
        )
        await self._journal.append([update], sync=True)
        self.config = fresh
        self._strategies.take(section)
        self._limits.adopt(name, limits)
        self._decisions.renew(name, f"its configuration was changed: {reason}")
        return update

    async def _from_file(self) -> Config:
        if not self.config.read_from:
            raise ConfigError("", "expected a configuration that was read from a file, found one without")
        read = await self._environment.run_blocking(load_config, Path(self.config.read_from))
        return msgspec.structs.replace(self.config, strategies=read.strategies, digest=read.digest)

    def _posted(self, settings: Mapping[str, Any]) -> Config:
        section = read_document(dict(settings), FlashArbitrageSection)
        before = self.config
        text = before.digest.encode() + msgspec.json.encode(section)
        strategies = msgspec.structs.replace(before.strategies, flash_arbitrage=section)
        return msgspec.structs.replace(before, strategies=strategies, digest=hashlib.sha256(text).hexdigest())


def _changes(name: str, before: FlashArbitrageSection | None, after: FlashArbitrageSection) -> Iterator[SettingChange]:
    """Every key whose value differs."""
    for key in after.__struct_fields__:
        old, new = getattr(before, key, None), getattr(after, key)
        if old != new:
            yield SettingChange(f"strategies.{name}.{key}", _text(old), _text(new))


def _text(value: Any) -> str:
    return "" if value is None else clipped(msgspec.json.encode(value).decode(), SENTENCE.limit)
