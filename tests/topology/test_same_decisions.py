"""The recorded half day gives the same decisions in every topology, equal byte for byte when encoded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.topology.example import Example

pytestmark = [pytest.mark.slow, pytest.mark.real_io]


@pytest.mark.parametrize("name", ["distributed", "sharded"])
def test_several_processes_decide_as_one_does_and_end_with_the_recording(name: str, tmp_path: Path) -> None:
    with Example(name, tmp_path) as example:
        example.command("up")
        example.wait_for("ended")
        digest = example.digest()
        assert digest.endswith(" 88 decisions\n")
        assert digest == example.digest_of_one_process()


def test_the_shards_of_a_replay_do_not_depend_on_who_is_faster(tmp_path: Path) -> None:
    digests = set()
    for number in range(2):
        with Example("sharded", tmp_path / str(number)) as example:
            example.command("up")
            example.wait_for("ended")
            digests.add(example.digest())
    assert len(digests) == 1
