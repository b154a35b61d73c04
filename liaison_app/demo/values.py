"""What the demo district is made of: plain values that point at each other by `key`."""

from dataclasses import dataclass
from datetime import date, datetime

from liaison_app.access.permissions import Role
from liaison_app.invitations.kinds import AnswerState
from liaison_app.orgs.kinds import OrgKind
from liaison_app.people.rules import MandateState, PostKind
from liaison_app.scheduling.kinds import MeetingState, RoleCode
from liaison_app.stations.kinds import StationKind, Tier


@dataclass(frozen=True, slots=True)
class Unit:
    """A body of the tree; `parent` is the key of the unit above it, None for the root."""

    key: str
    kind: OrgKind
    name: str
    short_name: str
    parent: str | None
    phone: str
    protocol_order: int


@dataclass(frozen=True, slots=True)
class Alias:
    """A former or everyday name of the unit with key `unit`."""

    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Room:
    """A room of a station; `capacity` counts everybody who sits in it, staff and guests."""

    key: str
    name: str
    capacity: int
    is_accessible: bool


@dataclass(frozen=True, slots=True)
class Station:
    """A station; `key` is also the key of its unit, whose parent is the street or town it lies in."""

    key: str
    kind: StationKind
    tier: Tier
    address: str
    open_hours: str
    access_notes: str
    about: str
    rooms: tuple[Room, ...]
    honours: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mandate:
    """A mandate at one level, 1 national to 5 town; `reason` and `ended_on` of one that is not active."""

    level: int
    term: str
    constituency: str
    state: MandateState = MandateState.ACTIVE
    reason: str = ""
    ended_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may be invited: a deputy (has mandates), an official (has a `Post`), or both.

    `station` is the key of the station the deputy belongs to; `email` is empty for who has only a phone.
    """

    key: str
    name: str
    gender: str
    mobile: str
    email: str = ""
    born_on: date | None = None
    ethnicity: str = ""
    occupation: str = ""
    employer: str = ""
    job_title: str = ""
    expertise: tuple[str, ...] = ()
    mandates: tuple[Mandate, ...] = ()
    station: str = ""


@dataclass(frozen=True, slots=True)
class Post:
    """What the person with key `person` is in the unit with key `unit`."""

    person: str
    unit: str
    kind: PostKind
    title: str
    protocol_order: int


@dataclass(frozen=True, slots=True)
class Guest:
    """A citizen, or somebody from a firm, who signs up."""

    name: str
    mobile: str
    organisation: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """An account to create. The role is held on the unit with key `unit` and reaches down from there."""

    login: str
    role: Role
    unit: str
    person: str


@dataclass(frozen=True, slots=True)
class Wish:
    """Another time that an invited person asked for; a `reply` says that it was refused, with these words."""

    person: str
    starts_at: datetime
    ends_at: datetime
    comment: str
    made_at: datetime
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Pool:
    """The seats of one role and how many may wait for them."""

    role: RoleCode
    seats: int
    wait_places: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What an invited person said: with a reason, if it was not a yes, and a stand-in, if one was sent."""

    state: AnswerState
    reason: str = ""
    stand_in: str = ""


SILENT = Answer(AnswerState.WAITING)
YES = Answer(AnswerState.ACCEPTED)


def sends(stand_in: str, reason: str) -> Answer:
    """Return the answer of a head who lets the person with key `stand_in` come."""
    return Answer(AnswerState.DELEGATED, reason, stand_in)


@dataclass(frozen=True, slots=True)
class Invitee:
    """An invited person; `unit` is the body the person speaks for."""

    person: str
    role: RoleCode
    unit: str = ""
    is_lead: bool = False
    answer: Answer = SILENT
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SignUp:
    """A guest's wish for a seat; `state` is a value of `signups.models.SignUpState`.

    `entered_by` is the login of the clerk who wrote it down for the guest (代填).
    """

    guest: Guest
    role: RoleCode
    signed_up_at: datetime
    state: str = "confirmed"
    question: str = ""
    needs: str = ""
    entered_by: str = ""
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """One meeting, as it stands on the day the demo is loaded. All moments are aware, in UTC.

    `unit` hosts it. It sits in `room` of `station`, or at `place` where there is no room.
    `first_starts_at` and `first_ends_at` differ from the present span in a meeting that was moved, at
    `moved_at`. `ended_at` is when it was held or cancelled; `reason` belongs to the move or the cancellation.
    `headcount` holds roles of which only a number is known (pupils: never their names).
    `issues` and `solved` count what was raised and what of it is solved.
    """

    key: str
    kind: str
    title: str
    state: MeetingState
    unit: str
    station: str
    room: str = ""
    place: str = ""
    starts_at: datetime
    ends_at: datetime
    first_starts_at: datetime
    first_ends_at: datetime
    about: str
    agenda: tuple[str, ...]
    notice: str = ""
    invitees: tuple[Invitee, ...]
    wishes: tuple[Wish, ...] = ()
    pools: tuple[Pool, ...]
    firm_limit: int | None = None
    spill_hours: int | None = None
    headcount: tuple[tuple[RoleCode, int], ...] = ()
    signup_opens_at: datetime | None = None
    signup_closes_at: datetime | None = None
    sign_ups: tuple[SignUp, ...] = ()
    published_at: datetime | None = None
    moved_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str = ""
    issues: int = 0
    solved: int = 0

    @property
    def sequence(self) -> int:
        """How often the calendar entry was changed after its publication, a cancellation not counted."""
        return int(self.moved_at is not None)
