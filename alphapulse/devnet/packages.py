"""The node and the contracts of a local chain, as npm has installed them: found, read, never shipped."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs

from alphapulse.errors import DevnetError

LOCKED = ("package.json", "package-lock.json", ".npmrc")
"""Name versions and hashes of all packages, and no index."""
LIBRARIES = (
    "BorrowLogic",
    "BridgeLogic",
    "EModeLogic",
    "FlashLoanLogic",
    "LiquidationLogic",
    "PoolLogic",
    "SupplyLogic",
)
"""Of Aave's pool, which calls them at their addresses."""
AAVE = "@aave/core-v3/artifacts/contracts/protocol"
ARTIFACTS: dict[str, str] = {
    **{f"Aave {name}": f"{AAVE}/libraries/logic/{name}.sol/{name}.json" for name in LIBRARIES},
    "Aave addresses provider": f"{AAVE}/configuration/PoolAddressesProvider.sol/PoolAddressesProvider.json",
    "Aave pool": f"{AAVE}/pool/Pool.sol/Pool.json",
    "Aave rates": f"{AAVE}/pool/DefaultReserveInterestRateStrategy.sol/DefaultReserveInterestRateStrategy.json",
    "Aave receipt token": f"{AAVE}/tokenization/AToken.sol/AToken.json",
    "Aave stable debt": f"{AAVE}/tokenization/StableDebtToken.sol/StableDebtToken.json",
    "Aave variable debt": f"{AAVE}/tokenization/VariableDebtToken.sol/VariableDebtToken.json",
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

    def creation_code(self, contract: str, libraries: Mapping[str, str] | None = None) -> bytes:
        """A contract's creation code, without its constructor's arguments. `Multicall3` or a key of ARTIFACTS.

        `libraries` are the addresses of those that it calls, by name.

        Raises:
            DevnetError: its package is not there or says something else.
            KeyError: a library that it calls is not among `libraries`.
        """
        path = self._modules / (MULTICALL3 if contract == "Multicall3" else ARTIFACTS[contract])
        try:
            text = path.read_text("utf-8")
        except OSError:
            raise self._missing(f"the contract {contract}") from None
        found = _multicall3(text) if contract == "Multicall3" else _linked(json.loads(text), libraries or {})
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


def _linked(artifact: dict[str, Any], libraries: Mapping[str, str]) -> Any:
    """The code with the addresses of its libraries where the compiler left room for them."""
    code: Any = artifact.get("bytecode")
    for used in artifact.get("linkReferences", {}).values():
        for name, holes in used.items():
            for at in (2 + 2 * hole["start"] for hole in holes):
                code = code[:at] + libraries[name][2:].lower() + code[at + 40 :]
    return code
