"""Who uses keys of accounts: a handful of modules, of which none proposes, decides or shows."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("alphapulse", "web/alphapulse_web")
KEY = "alphapulse.signing.signing_key"
GUARD = "alphapulse.signing.guarded_key"


@cache
def importers() -> dict[str, set[str]]:
    """For each module of ours that is imported, the files that import it."""
    found: dict[str, set[str]] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.module:
                    modules = [node.module]
                for module in modules:
                    found.setdefault(module, set()).add(name)
    return found


def test_a_key_is_known_to_those_who_seal_open_and_guard_it() -> None:
    assert importers()[KEY] == {
        "alphapulse/cli/wallet.py",
        "alphapulse/cli/wallet_deploy.py",
        "alphapulse/signing/guarded_key.py",
        "alphapulse/signing/keystore.py",
        "alphapulse/signing/opening.py",
        "alphapulse/signing/relay_identity.py",
    }


def test_a_guarded_key_is_known_to_its_two_signers() -> None:
    assert importers()[GUARD] == {
        "alphapulse/signing/local_signer.py",
        "alphapulse/signing/opening.py",
        "alphapulse/signing/signer_service.py",
    }


def test_only_two_modules_know_the_library_that_signs() -> None:
    assert importers()["coincurve"] == {"alphapulse/rules/evm/secp256k1.py", "alphapulse/signing/signing_key.py"}


@pytest.mark.parametrize("folder", ["strategies", "collectors", "rules", "portfolio", "safety", "relays", "journal"])
def test_what_proposes_and_what_keeps_books_knows_no_signer(folder: str) -> None:
    users = {user for module, files in importers().items() if module.startswith("alphapulse.signing") for user in files}
    assert not [user for user in users if user.startswith(f"alphapulse/{folder}/")]
    assert not [user for user in users if user.startswith("web/")]
