"""The gate runs every check of the list, in its order: without any one of them a scenario comes out otherwise."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.execution import Check, Mode
from alphapulse.data.halts import Level
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.execution.gate import Gate
from alphapulse.rules.limits.checks import ORDER
from alphapulse.rules.limits.facts import Permit
from alphapulse.rules.limits.limit_table import ROWS, Place
from tests.execution.execution_fakes import evolved
from tests.execution.gate_bench import MANY, Chains, GateBench, flash
from tests.execution.test_gate import reverted
from tests.journal.journal_samples import DAY_NS

NS_PER_S = 10**9
STRANGE_POOL = InstrumentId.from_pool_address(bytes(19) + b"\7", Venue.UNISWAP_V3)


@attrs.define
class Scene:
    """A gate with every limit set, but far away, and the signal that it will judge."""

    bench: GateBench = attrs.field(factory=lambda: GateBench(limits={(row.place, row.key): MANY for row in ROWS}))
    signal: ArbitrageSignal = attrs.field(factory=lambda: flash(7))
    before: list[Callable[[Gate], object]] = attrs.field(factory=list)

    def limit(self, key: str, value: int, place: Place = Place.LIMITS) -> None:
        self.bench.limits[place, key] = value

    def judged(self, *without: Check) -> Check | None:
        """What the gate refuses the signal for, if some checks are not in its list."""
        gate = self.bench.gate([row for row in ORDER if row.check not in without])
        for act in self.before:
            act(gate)
        return gate.check(self.signal).failed


def one_in_flight(scene: Scene) -> None:
    scene.before.append(lambda gate: gate.check(flash(1)))


def one_reverted(scene: Scene) -> None:
    one_in_flight(scene)
    scene.before.append(lambda gate: gate.settle([reverted(1)]))


def old_epoch(scene: Scene) -> None:
    scene.signal = evolved(scene.signal, halt_epoch=0)


def other_build(scene: Scene) -> None:
    scene.bench.approved_builds = frozenset({"9.9.9"})


def halted(scene: Scene) -> None:
    scene.bench.halts.levels["flash"] = Level.HALTED


def probe_taken(scene: Scene) -> None:
    scene.bench.breakers.answer = Permit.TAKEN


def strange_pool(scene: Scene) -> None:
    first, second = scene.signal.legs
    scene.signal = evolved(scene.signal, legs=(evolved(first, pool=STRANGE_POOL), second))


def quarantined_pool(scene: Scene) -> None:
    scene.bench.chains = Chains(distrusted="a pool is in quarantine: its price is not the chain's")


def orphaned_block(scene: Scene) -> None:
    scene.bench.chains = Chains(orphaned={scene.signal.block_number: scene.signal.block_number - 1})


def old_event(scene: Scene) -> None:
    scene.signal = evolved(scene.signal, received_ns=DAY_NS - 10 * NS_PER_S - 1)


def same_number(scene: Scene) -> None:
    scene.before.append(lambda gate: gate.check(evolved(flash(7), episode=99)))


def broken_cycle(scene: Scene) -> None:
    scene.signal = evolved(scene.signal, profit=701)


def wide_gap(scene: Scene) -> None:
    scene.limit("max_gap_ppm", 1_000)


def stream_gone(scene: Scene) -> None:
    scene.bench.chains = Chains("the stream is stale")


def unvalued_gas(scene: Scene) -> None:
    scene.signal = evolved(scene.signal, gas_cost=None)


def large(scene: Scene) -> None:
    scene.limit("max_trade_value", 10**9 - 1, Place.STRATEGY)


def busy_hour(scene: Scene) -> None:
    one_in_flight(scene)
    scene.limit("max_hourly_volume", 2 * 10**9 - 1, Place.STRATEGY)


def crowded(key: str) -> Callable[[Scene], None]:
    def set_up(scene: Scene) -> None:
        one_in_flight(scene)
        scene.limit(key, 2 * 10**9 - 1)

    return set_up


def capital_used(scene: Scene) -> None:
    one_in_flight(scene)
    scene.limit("capital", 2 * 10**9 - 1, Place.STRATEGY)


def lost(key: str, limit: int) -> Callable[[Scene], None]:
    def set_up(scene: Scene) -> None:
        one_reverted(scene)
        scene.limit(key, limit, Place.STRATEGY)

    return set_up


def dear_gas(scene: Scene) -> None:
    scene.limit("max_gas_price_wei", 20 * 10**9 - 1)


def gas_used(scene: Scene) -> None:
    one_in_flight(scene)
    scene.limit("max_hourly_gas_wei", 8 * 10**15 - 1)


def failed_before(key: str) -> Callable[[Scene], None]:
    def set_up(scene: Scene) -> None:
        one_reverted(scene)
        scene.limit(key, 1)

    return set_up


def paced(key: str) -> Callable[[Scene], None]:
    def set_up(scene: Scene) -> None:
        one_in_flight(scene)
        scene.limit(key, 1)

    return set_up


def tried_before(scene: Scene) -> None:
    one_in_flight(scene)
    scene.limit("max_unfilled_repeats", 1, Place.STRATEGY)


def traded_before(scene: Scene) -> None:
    scene.before.append(lambda gate: gate.check(flash(1, episode=7)))


def journal_gone(scene: Scene) -> None:
    scene.bench.journal_failure = "the journal could not write"


SCENES: dict[Check, Callable[[Scene], None]] = {
    Check.HALT_EPOCH: old_epoch,
    Check.BUILD: other_build,
    Check.STRATEGY_ENABLED: halted,
    Check.PROBE: probe_taken,
    Check.ADMITTED: strange_pool,
    Check.POOL_TRUST: quarantined_pool,
    Check.ORPHANED: orphaned_block,
    Check.SIGNAL_AGE: old_event,
    Check.UNIQUE_ID: same_number,
    Check.WELL_FORMED: broken_cycle,
    Check.PRICE_COLLAR: wide_gap,
    Check.INPUT_FRESH: stream_gone,
    Check.MAX_TRADE_VALUE: large,
    Check.VOLUME: busy_hour,
    Check.INSTRUMENT_EXPOSURE: crowded("max_instrument_exposure"),
    Check.VENUE_EXPOSURE: crowded("max_venue_exposure"),
    Check.GROSS_EXPOSURE: crowded("max_gross_exposure"),
    Check.NET_EXPOSURE: crowded("max_net_exposure"),
    Check.CAPITAL: capital_used,
    Check.DAILY_LOSS: lost("max_daily_loss", 90),
    Check.DRAWDOWN: lost("max_drawdown", 90),
    Check.LOSING_STREAK: lost("max_losing_streak", 1),
    Check.GAS_PRICE: dear_gas,
    Check.MIN_NET_PROFIT: unvalued_gas,
    Check.GAS_BUDGET: gas_used,
    Check.REVERT_BUDGET: failed_before("max_hourly_reverts"),
    Check.VENUE_THROTTLE: paced("max_venue_intents"),
    Check.STRATEGY_THROTTLE: paced("max_strategy_intents"),
    Check.GLOBAL_THROTTLE: paced("max_intents"),
    Check.REPEATED: tried_before,
    Check.REJECT_STORM: failed_before("max_failures_in_row"),
    Check.DUPLICATE: traded_before,
    Check.AUDIT: journal_gone,
}


def test_the_list_and_the_scenes_hold_every_check_once_and_in_one_order() -> None:
    """A check without a scene, or one that is not in the list, would not be proven."""
    assert [row.check for row in ORDER] == list(SCENES)
    assert set(SCENES) == set(Check)


def test_a_signal_passes_where_no_limit_is_near() -> None:
    assert Scene().judged() is None


@pytest.mark.parametrize("check", SCENES, ids=lambda check: check.name.lower())
def test_without_a_check_its_signal_would_be_traded(check: Check) -> None:
    """Each check alone stands between a signal and the executor: the list without it lets the signal pass."""
    scene = Scene()
    SCENES[check](scene)
    assert scene.judged() is check
    assert scene.judged(check) is None


@given(pair=st.sampled_from(list(itertools.combinations(SCENES, 2))))
def test_of_two_that_would_refuse_the_earlier_one_does(pair: tuple[Check, Check]) -> None:
    first, second = pair
    scene = Scene()
    for check in pair:
        SCENES[check](scene)
    # What stands for the earlier one may keep the later one's cause from arising; never the other way round.
    assert scene.judged() in pair
    assert scene.judged(first) in (second, None)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.place.value}.{row.key}")
def test_with_real_money_a_guard_without_a_limit_refuses(row: object) -> None:
    """On paper a limit may be left out; live, no guard can be switched off by leaving its limit away."""
    paper, live = Scene(), Scene()
    for scene in (paper, live):
        del scene.bench.limits[row.place, row.key]  # type: ignore[attr-defined]  # a LimitRow
        scene.bench.approved_builds = frozenset({"0.1.0"})
    live.bench.mode = Mode.LIVE
    assert paper.judged() is None
    refused = live.bench.gate().check(live.signal)
    assert refused.limit is None
    assert refused.text.endswith("has no limit in the configuration, and live trading needs one")


def test_with_real_money_every_limit_set_and_the_build_approved_it_trades() -> None:
    scene = Scene()
    scene.bench.mode = Mode.LIVE
    assert scene.judged() is Check.BUILD
    scene.bench.approved_builds = frozenset({"0.1.0"})
    assert scene.judged() is None
