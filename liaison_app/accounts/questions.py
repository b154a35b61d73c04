"""Questions that one browser is to answer once, within minutes: the challenge of a passkey, the state of a
single sign-on.

The question stands in the browser's own signed cookie, so that asking writes nothing and no other browser can answer;
that it was answered stands in the database, so that a copied cookie answers nothing again.
"""

from __future__ import annotations

import secrets

from flask import session

from liaison_app.core import clock
from liaison_app.core.db import transaction

from . import rules, services
from .errors import TooLate

_ASKED = "asked"


def ask(purpose: str) -> bytes:
    """Ask this browser something new for one purpose; what it was asked before counts no more."""
    question = secrets.token_bytes(32)
    session[_ASKED] = [purpose, question.hex(), clock.now().timestamp()]
    return question


def is_asked(purpose: str) -> bool:
    """Return whether this browser was asked last for the purpose."""
    return (session.get(_ASKED) or [""])[0] == purpose


def take(purpose: str) -> bytes:
    """Return the question that this browser was asked for the purpose, and spend it, whatever the answer.

    Opens a transaction of its own. Raises TooLate.
    """
    asked_for, question, at = session.pop(_ASKED, None) or ("", "", 0)
    if asked_for != purpose or clock.now().timestamp() - at > rules.QUESTION_LIFE.total_seconds():
        raise TooLate
    with transaction():
        services.spend(question)
    return bytes.fromhex(question)
