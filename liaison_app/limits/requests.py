"""Limits of a request: what the guards count, each request once."""

from __future__ import annotations

from flask import g, has_request_context, request
from sqlalchemy import event
from sqlalchemy.orm import Session

from liaison_app.core.db import at_begin, transaction
from liaison_app.core.web import current_settings

from . import rules, services
from .rules import Limit


def visitor(limit: Limit) -> str | None:
    """Return what this request's address is counted under, or None where it is not counted."""
    return rules.network(request.remote_addr or "", limit) if current_settings().limits else None


def expect(limit: Limit, who: str | None) -> None:
    """Have this request counted: by its first transaction, else by `settle`."""
    g.limit_due = (limit, who) if who is not None and current_settings().limits else None


def waive() -> None:
    """Leave this request uncounted: it comes from somebody who has shown to belong here."""
    g.limit_due = None


def settle() -> None:
    """Count a request that wrote nothing. Raises TooMany."""
    if due := g.get("limit_due"):
        services.refuse_spent(*due)
        with transaction():
            pass  # It begins with the count.


def count_miss() -> None:
    """Count an address that looks like a personal link and is none. Raises TooMany."""
    if who := visitor(rules.MISSED_LINK):
        services.count(rules.MISSED_LINK, who)


def count_door_pin(meeting_id: int) -> None:
    """Count one try of a door's PIN, right or wrong. Raises TooMany."""
    if who := visitor(rules.DOOR_PIN):
        services.count(rules.DOOR_PIN, f"{who}:{meeting_id}")
        services.count(rules.DOOR_PINS, str(meeting_id))


def take_sign_up(meeting_id: int) -> None:
    """Count one sign-up for a meeting from this request's network, in the caller's transaction. Raises TooMany."""
    if who := visitor(rules.SIGN_UP):
        services.take(rules.SIGN_UP, f"{who}:{meeting_id}")


@at_begin
def _count_due() -> None:
    if has_request_context() and (due := g.get("limit_due")):
        services.take(*due)


@event.listens_for(Session, "after_commit")
def _counted(session: Session) -> None:
    # Only now: what a refusal rolls back has not been counted.
    if has_request_context():
        g.limit_due = None
