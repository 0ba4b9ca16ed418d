"""A key of an account that this process opens itself: a keystore with its password, or with consent the environment."""

from __future__ import annotations

from alphapulse.config_reading import Section
from alphapulse.config_sections.values import SecretSource
from alphapulse.errors import ConfigError


class OwnKeySection(Section, frozen=True):
    """Where a key is; exactly one of `keystore` and `key_env`."""

    keystore: str | None = None
    password: SecretSource | None = None
    key_env: str | None = None
    accept_environment_key: bool = False


def check_own_key(path: str, section: OwnKeySection, ways: tuple[str, ...] = ("keystore", "key_env")) -> str:
    """The one of `ways` that the section names. Raises ConfigError unless it is one, with what belongs to it."""
    named = [way for way in ways if getattr(section, way) is not None]
    if len(named) != 1:
        found = " and ".join(named) or "none"
        raise ConfigError(path, f"expected exactly one of {', '.join(ways)}, found {found}")
    (way,) = named
    password = section.password
    if (way == "keystore") != (password is not None):
        raise ConfigError(f"{path}.password", "expected it with keystore, and with nothing else")
    if password is not None and (password.env is None) == (password.file is None):
        found = "neither" if password.env is None else "both"
        raise ConfigError(f"{path}.password", f"expected exactly one of `env` and `file`, found {found}")
    if way == "key_env" and not section.accept_environment_key:
        raise ConfigError(
            f"{path}.accept_environment_key",
            "expected true beside key_env, as every process of this user can read an environment; found false",
        )
    if way != "key_env" and section.accept_environment_key:
        raise ConfigError(f"{path}.accept_environment_key", "expected it with key_env, and with nothing else")
    return way
