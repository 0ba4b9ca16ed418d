"""The node and the contracts of a local chain, as npm has installed them: found, read, never shipped."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from importlib.resources import files
from pathlib import Path

import attrs

from alphapulse.errors import DevnetError

LOCKED = ("package.json", "package-lock.json", ".npmrc")
"""Name versions and hashes of all packages, and no index."""
ARTIFACTS: dict[str, str] = {
    "Algebra factory": "@cryptoalgebra/v1-core/artifacts/contracts/AlgebraFactory.sol/AlgebraFactory.json",
    "Algebra deployer": "@cryptoalgebra/v1-core/artifacts/contracts/AlgebraPoolDeployer.sol/AlgebraPoolDeployer.json",
    "Algebra pool": "@cryptoalgebra/v1-core/artifacts/contracts/AlgebraPool.sol/AlgebraPool.json",
    "Balancer authorizer": "@balancer-labs/v2-deployments/dist/tasks/20210418-authorizer/artifact/Authorizer.json",
    "Balancer vault": "@balancer-labs/v2-deployments/dist/tasks/20210418-vault/artifact/Vault.json",
    "ERC-20": "@openzeppelin/contracts/build/contracts/ERC20PresetMinterPauser.json",
    "SushiSwap factory": "@sushiswap/core/deployments/matic/UniswapV2Factory.json",
    "SushiSwap router": "@sushiswap/core/deployments/matic/UniswapV2Router02.json",
    "Uniswap V2 factory": "@uniswap/v2-core/build/UniswapV2Factory.json",
    "Uniswap V2 pair": "@uniswap/v2-core/build/UniswapV2Pair.json",
    "Uniswap V2 router": "@uniswap/v2-periphery/build/UniswapV2Router02.json",
    "Uniswap V3 factory": "@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json",
    "Uniswap V3 pool": "@uniswap/v3-core/artifacts/contracts/UniswapV3Pool.sol/UniswapV3Pool.json",
    "Uniswap V3 quoter": "@uniswap/v3-periphery/artifacts/contracts/lens/QuoterV2.sol/QuoterV2.json",
    "Uniswap V3 router": "@uniswap/v3-periphery/artifacts/contracts/SwapRouter.sol/SwapRouter.json",
    "Uniswap V3 tick lens": "@uniswap/v3-periphery/artifacts/contracts/lens/TickLens.sol/TickLens.json",
    "WETH9": "@uniswap/v2-periphery/build/WETH9.json",
}
"""Contracts, and the file of a package in which their creation code stands."""
MULTICALL3 = "viem/constants/contracts.ts"


@attrs.frozen
class Packages:
    """What npm has installed into a folder."""

    folder: Path

    @property
    def anvil(self) -> Path:
        """The node's program: npm's, else the one on PATH.

        Raises:
            DevnetError: it is not there; the message says how to get it.
        """
        for found in self._modules.glob("@foundry-rs/anvil-*/bin/anvil"):
            return found
        elsewhere = shutil.which("anvil")
        if elsewhere is None:
            raise self._missing("the node anvil")
        return Path(elsewhere)

    def creation_code(self, contract: str) -> bytes:
        """A contract's creation code, without its constructor's arguments. `Multicall3` or a key of ARTIFACTS.

        Raises:
            DevnetError: its package is not there or says something else.
        """
        path = self._modules / (MULTICALL3 if contract == "Multicall3" else ARTIFACTS[contract])
        try:
            text = path.read_text("utf-8")
        except OSError:
            raise self._missing(f"the contract {contract}") from None
        found = _multicall3(text) if contract == "Multicall3" else json.loads(text).get("bytecode")
        if not isinstance(found, str) or not found:
            raise self._missing(f"the code of the contract {contract} in {path}")
        return bytes.fromhex(found.removeprefix("0x"))

    def write_lock(self) -> None:
        """Put the lock into the folder, so that one npm command installs what it names."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in LOCKED:
            source = files("alphapulse.devnet") / "packages" / name
            with source.open("rb") as read, (self.folder / name).open("wb") as write:
                shutil.copyfileobj(read, write)

    @property
    def _modules(self) -> Path:
        return self.folder / "node_modules"

    def _missing(self, what: str) -> DevnetError:
        return DevnetError(
            f"expected {what} below {self._modules}, found nothing; install it with: "
            f"npm ci --prefix {shlex.quote(str(self.folder))}"
        )


def _multicall3(text: str) -> str | None:
    found = re.search(r"export const multicall3Bytecode\s*=\s*'0x([0-9a-f]+)'", text)
    return None if found is None else found.group(1)
