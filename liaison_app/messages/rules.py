"""What may be done with a message, and when one is too old to be sent by itself."""

from datetime import datetime, timedelta

from .kinds import OPEN_STATES, Channel, MessageState, Outcome

TOO_OLD = timedelta(hours=72)


def thread_of(dedupe_key: str) -> str:
    """Return the middle part of “kind:subject:sequence”: whom or what the message goes about."""
    parts = dedupe_key.split(":")
    return parts[1] if len(parts) > 1 else dedupe_key


def can_settle(state: MessageState) -> bool:
    """Return whether a clerk may still tick a message off or drop it."""
    return state in OPEN_STATES


def can_retry(channel: Channel, state: MessageState, failure: Outcome | None, *, is_superseded: bool) -> bool:
    """Return whether a clerk may put a message back among those that wait, or send it now.

    Not after a later one has replaced it, for the person would get the older after the newer; and not
    one whose content is at fault.
    """
    if is_superseded or failure == Outcome.BAD:
        return False
    if state == MessageState.QUEUED:
        return channel == Channel.EMAIL and failure is not None
    return state in (MessageState.FAILED, MessageState.TOLD, MessageState.DROPPED)


def is_too_old(created_at: datetime, now: datetime) -> bool:
    """Return whether a message that never went out is not to be sent without being asked for."""
    return now - created_at > TOO_OLD
