"""Text that must not be seen: tokens, keys, nonces, addresses with keys in them."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from threading import RLock
from typing import TYPE_CHECKING, Any, NoReturn
from weakref import WeakValueDictionary

SHOWN = "***"
LEAST_MASKED = 8
"""A shorter secret is not looked for in texts: it would hide innocent words, and guards nothing."""

_live: WeakValueDictionary[int, Secret] = WeakValueDictionary()
_live_lock = RLock()
"""Of a kind that a signal handler may take while its own thread holds it."""

if TYPE_CHECKING:
    _Shown = object
else:
    _Shown = str


class Secret(_Shown):
    """A text of which only `reveal` gives away more than `***`.

    Its repr, str, format, pickle and JSON are `***`. JSON encoders ask a value's type only, so to them a secret is the
    text `***`; to the type checker it is no text at all, and whatever would take it for one (`hmac`, a header) is
    marked. `encode` raises, so that no key is ever derived from `***`. A copy is the secret itself.
    """

    __slots__ = ("__weakref__", "_text")
    _text: str

    def __new__(cls, text: str) -> Secret:
        """Hide `text`; until it is forgotten, `masked` knows it."""
        secret = str.__new__(cls, SHOWN)  # type: ignore[type-var]  # at run time it is a str
        object.__setattr__(secret, "_text", text)
        with _live_lock:
            _live[id(secret)] = secret
        return secret

    def reveal(self) -> str:
        """The text itself. Give it to whoever needs it, and keep it nowhere."""
        return self._text

    def matches(self, text: str) -> bool:
        """True if `text` is the secret; how long this takes does not tell how much of it is right."""
        return hmac.compare_digest(self._text.encode(errors="surrogatepass"), text.encode(errors="surrogatepass"))

    def encode(self, *_: object) -> NoReturn:
        """Raises TypeError: whoever wants the bytes of a secret says so."""
        raise TypeError("expected a text, was a secret; encode what its reveal() gives")

    def __repr__(self) -> str:
        return SHOWN

    def __str__(self) -> str:
        return SHOWN

    def __format__(self, _: str) -> str:
        return SHOWN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.matches(other.reveal())

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, _: dict[int, Any]) -> Secret:
        return self

    def __reduce__(self) -> tuple[Callable[[str], str], tuple[str]]:
        return str, (SHOWN,)

    def __reduce_ex__(self, _: object) -> tuple[Callable[[str], str], tuple[str]]:
        return self.__reduce__()


def masked(text: str) -> str:
    """The text with `***` in the place of every secret that lives in this process."""
    with _live_lock:
        hidden = sorted({secret.reveal() for secret in _live.values()}, key=len, reverse=True)
    for secret in hidden:
        if len(secret) >= LEAST_MASKED and secret in text:
            text = text.replace(secret, SHOWN)
    return text
