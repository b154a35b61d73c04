"""Facts about meetings, told upward in the same transaction."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class MeetingPublished:
    """A draft became public, a postponed meeting was given its new time, or one that was called off takes place."""

    meeting_id: int
    was_cancelled: bool = False


@dataclass(frozen=True)
class MeetingRevised:
    """A published meeting was changed.

    `is_significant`: time or place changed, so that everybody must answer anew (RFC 5546 2.1.4); the
    meeting's `sequence` has risen already. `changes` are (field, before, after) in words for people, field
    being one of title, time, place, agenda. `added` and `removed` are participant ids.
    """

    meeting_id: int
    is_significant: bool
    changes: tuple[tuple[str, str, str], ...] = ()
    added: tuple[int, ...] = field(default=())
    removed: tuple[int, ...] = field(default=())


@dataclass(frozen=True)
class MeetingPostponed:
    """The meeting has lost its time for now; a new one comes later under the same UID."""

    meeting_id: int
    reason: str


@dataclass(frozen=True)
class MeetingCancelled:
    """The meeting will not take place."""

    meeting_id: int
    reason: str


@dataclass(frozen=True)
class SeatsChanged:
    """Seats of a published meeting rose or a seat of the room came free: whoever waits may move up."""

    meeting_id: int
