"""Facts told upward: handlers run at once, in the same transaction, and only write rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

Fact = TypeVar("Fact")
_handlers: dict[type, list[Callable[[Any], None]]] = defaultdict(list)


def on(kind: type[Fact]) -> Callable[[Callable[[Fact], None]], Callable[[Fact], None]]:
    """Register the decorated function for facts of `kind`; registering twice does nothing."""

    def register(handler: Callable[[Fact], None]) -> Callable[[Fact], None]:
        if handler not in _handlers[kind]:
            _handlers[kind].append(handler)
        return handler

    return register


def publish(fact: object) -> None:
    """Tell every handler of the fact's class, in the order of registration."""
    for handler in _handlers[type(fact)]:
        handler(fact)
