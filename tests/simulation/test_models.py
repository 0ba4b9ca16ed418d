"""The models that judge: the chain's exact states, the line's faults, and a day's measure of growth."""

from __future__ import annotations

from random import Random

import pytest
import trio

from alphapulse.collectors.recorded.pool_file import load_pools
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.swap_math import compute_swap_step
from alphapulse.rules.books.pool_book import PoolBook
from alphapulse.rules.events.log_decoder import LogDecoder
from tests.simulation.chain import ModelBlock, ModelChain
from tests.simulation.day import MIB, Sample, growth
from tests.simulation.fault_mix import FaultMix, draw_rates
from tests.simulation.frames import garbage, log_frame, read_head
from tests.simulation.node import Disconnected, ModelNode
from tests.simulation.pools import ADDRESSES, POOL_FILE, range_of, swap_in_range
from tests.simulation.scheduler import run_seeded


def make_blocks(seed: int, count: int) -> tuple[ModelChain, list[ModelBlock]]:
    blocks: list[ModelBlock] = []
    chain = ModelChain(Random(seed), block_s=2, restless_ppm=3_000, on_block=blocks.append)

    async def run() -> None:
        with trio.move_on_after(2 * count - 1):
            await chain.run()

    run_seeded(seed, run)
    return chain, blocks


@pytest.mark.parametrize("seed", range(5))
def test_logs_of_the_model_chain_lead_the_products_book_to_the_models_states(seed: int, tmp_path: object) -> None:
    """The frames are decoded by the product's decoder; behind every log book and chain agree on what they know."""
    import msgspec  # noqa: PLC0415 - only here

    path = tmp_path / "pools.json"  # type: ignore[operator]
    path.write_bytes(msgspec.json.encode(POOL_FILE))
    pools = load_pools(path)
    _, blocks = make_blocks(seed, 100)
    decoder, book, compared = LogDecoder(pools), PoolBook(pools), 0
    for block in blocks:
        for log in block.logs:
            if log.pool < 0:
                continue
            book.apply(decoder.decode(log_frame(block, log), 0))
            state = book.state(pools[log.pool].id)
            if isinstance(state, ConcentratedState):
                true = block.behind[log.index][log.pool]
                assert (state.sqrt_price_x96, state.liquidity, state.tick) == (
                    true.sqrt_price_x96,
                    true.liquidity,
                    true.tick,
                )
                compared += 1
    assert compared > 100


@pytest.mark.parametrize("zero_for_one", [True, False])
def test_the_models_swaps_in_a_range_are_those_of_the_product(zero_for_one: bool) -> None:
    chance = Random(5)
    chain, _ = make_blocks(5, 50)
    assert chain.head is not None
    for _ in range(2_000):
        index = chance.randrange(len(ADDRESSES))
        one, state = ADDRESSES[index], chain.head.states[index]
        amount = chance.randrange(1, 10 ** chance.randrange(3, 13 if zero_for_one else 22))
        low, high = range_of(state.tick, one.tick_spacing)
        step = compute_swap_step(
            state.sqrt_price_x96, low if zero_for_one else high, state.liquidity, amount, one.fee_ppm
        )
        fits = step.amount_in + step.fee_amount >= amount
        try:
            paid_out = swap_in_range(one.fee_ppm, one.tick_spacing, state, amount, zero_for_one=zero_for_one)
        except ValueError:
            assert not fits
        else:
            assert fits
            assert paid_out == step.amount_out


def test_garbage_is_no_header_and_no_admitted_log() -> None:
    """Whatever a broken line sends is refused with a reason, never with another error."""
    from alphapulse.errors import LogRefused  # noqa: PLC0415 - only here

    chance, decoder = Random(9), LogDecoder(())
    _, blocks = make_blocks(9, 20)
    frames = [log_frame(block, log) for block in blocks for log in block.logs]
    for _ in range(500):
        broken = garbage(chance, chance.choice(frames))
        if read_head(broken) is None:
            with pytest.raises(LogRefused):
                decoder.decode(broken, 0)


def test_a_line_without_faults_brings_every_frame_once_and_one_with_faults_does_not() -> None:
    def received(rates: dict[str, int]) -> int:
        node = ModelNode(FaultMix(rates, Random(1)))
        chain = ModelChain(Random(1), block_s=2, restless_ppm=3_000, on_block=node.send_block)
        node.chain = chain

        async def run() -> int:
            count = 0
            async with trio.open_nursery() as nursery:
                nursery.start_soon(chain.run)
                await trio.sleep(0.1)
                connection = node.connect()
                with trio.move_on_after(199):
                    try:
                        while True:
                            count += len(await connection.receive())
                    except Disconnected:
                        pass
                nursery.cancel_scope.cancel()
            return count

        return run_seeded(1, run)

    whole = received({})
    assert received({}) == whole
    assert received({"drop": 200_000}) < whole
    assert received({"duplicate": 200_000}) > whole
    assert received({"disconnect": 50_000}) < whole


def test_seeds_draw_mixes_of_their_own() -> None:
    mixes = [draw_rates(Random(seed)) for seed in range(100)]
    assert len({tuple(mix) for mix in mixes}) > 90
    assert {len(mix) for mix in mixes} >= {5, 6, 7, 8, 9}


def test_growth_is_what_goes_on_after_the_second_hour() -> None:
    warm = [Sample(20, 10, 50 * MIB), Sample(20, 10, 80 * MIB)]
    assert growth([*warm, *[Sample(21, 10, 81 * MIB)] * 10]) is None
    assert growth([*warm, *(Sample(20, 10, (80 + hour // 2) * MIB) for hour in range(1, 23))]) is None
    assert growth([*warm, *(Sample(20, 10, (80 + hour) * MIB) for hour in range(1, 23))]) == "memory: 22.0 MiB in 22 h"
    assert growth([*warm, Sample(20, 10, 80 * MIB), Sample(26, 10, 80 * MIB)]) == "tasks: 20 -> 26"
