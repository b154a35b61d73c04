"""Take in people's own calendars, read them again, give them up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import delete, insert, select

from liaison_app.accounts.models import Account
from liaison_app.audit import services as audit
from liaison_app.audit.services import Actor
from liaison_app.core import clock, fetch
from liaison_app.core.db import db, lock
from liaison_app.jobs import services as jobs
from liaison_app.people.models import Person

from . import errors, queries, rules
from .kinds import SOURCE_NAMES, SourceKind
from .models import BusyBlock, CalendarSource
from .reading import Reading, Stretch

READ = "calendars.read"
# So far apart, so that letters find their turn between two servers that are slow.
APART = timedelta(seconds=10)
AT_A_TIME = 30

_REFUSALS: tuple[type[fetch.FetchRefused | errors.Unreadable], ...] = (
    fetch.FetchRefused, fetch.NotAllowed, fetch.TooSlow, fetch.TooLarge, fetch.NotSecure, fetch.TurnedAway,
    fetch.TooManyRedirects, fetch.Unpackable, errors.Unreadable, errors.NotACalendar, errors.CutOff, errors.TooMuch,
)  # fmt: skip
SENTENCES = {one.code: one.message for one in _REFUSALS}


@dataclass(frozen=True)
class Wish:
    """What the worker needs to ask for a calendar while no transaction is open."""

    address: str
    etag: str
    changed: str
    stretch: Stretch


def add_link(person_id: int, address: str, label: str, *, by: Actor) -> CalendarSource:
    """Let somebody's calendar be read from an address from now on; the same address twice is one calendar.

    Raises Missing, fetch.NotAllowed, TooMany.
    """
    address = rules.https(address)
    if not fetch.is_allowed(address, fetch.own_trust()):
        raise fetch.NotAllowed
    person = lock(Person, person_id)
    for known in queries.list_sources(person_id):
        if known.address == address:
            return known
    source = _add(person, SourceKind.LINK, label, by=by)
    source.address, source.host, source.next_at = address, urlsplit(address).hostname or "", clock.now()
    # The job needs the id.
    db.session.flush()
    jobs.enqueue(READ, source.id)
    return source


def add_file(person_id: int, reading: Reading, label: str, *, by: Actor) -> CalendarSource:
    """Keep the busy times of a calendar that was uploaded, and nothing of the file. Raises Missing, TooMany."""
    source = _add(lock(Person, person_id), SourceKind.FILE, label, by=by)
    # The blocks need the id.
    db.session.flush()
    _keep(source, reading)
    return source


def _add(person: Person, kind: SourceKind, label: str, *, by: Actor) -> CalendarSource:
    if len(queries.list_sources(person.id)) >= rules.MOST_SOURCES:
        raise errors.TooMany(rules.MOST_SOURCES)
    source = CalendarSource(person_id=person.id, kind=kind, label=label, added_at=clock.now())
    db.session.add(source)
    audit.record("calendars:source:add", person, by=by, sentence=f"{person.name}：{SOURCE_NAMES[kind]}")
    return source


def read_soon(source_id: int, *, by: Actor) -> None:
    """Let a calendar be read at the next turn of the worker. Raises Missing."""
    source = lock(CalendarSource, source_id)
    if source.is_link and source.removed_at is None:
        jobs.cancel(READ, [source.id])
        jobs.enqueue(READ, source.id)
        person = source.person
        audit.record("calendars:source:read", person, by=by, sentence=person.name)


def remove(source_id: int, *, by: Actor) -> None:
    """Give a calendar up: its address and its busy times are deleted at once. Raises Missing."""
    source = lock(CalendarSource, source_id)
    if source.removed_at is None:
        person, name = source.person, SOURCE_NAMES[source.kind]
        forget([source.id])
        audit.record("calendars:source:remove", person, by=by, sentence=f"{person.name}：{name}")


def forget(ids: Sequence[int]) -> None:
    """Empty calendars, in the caller's transaction: what remains says that there was one."""
    db.session.execute(delete(BusyBlock).where(BusyBlock.source_id.in_(ids)))
    for source in db.session.scalars(select(CalendarSource).where(CalendarSource.id.in_(ids))):
        source.label = source.host = source.etag = source.changed = source.trouble = ""
        source.address = source.next_at = source.read_at = source.until = None
        source.removed_at = source.removed_at or clock.now()


# --- the worker ---------------------------------------------------------------


def plan_due() -> int:
    """Give each calendar whose time has come a job, and return how many those were."""
    now = clock.now()
    due = queries.list_due(now, AT_A_TIME)
    for turn, source_id in enumerate(due):
        jobs.enqueue(READ, source_id, now + turn * APART)
        lock(CalendarSource, source_id).next_at = now + rules.USUAL
    return len(due)


def wish_for(source_id: int) -> Wish | None:
    """Return how to ask for a calendar, or None where nobody wants it any more."""
    source = queries.find_source(source_id)
    if source is None or source.address is None:
        return None
    whole = rules.needs_whole(source.until, clock.now())
    marks = ("", "") if whole else (source.etag, source.changed)
    return Wish(source.address, *marks, stretch_of(source.person))


def stretch_of(person: Person) -> Stretch:
    """Return how far to read for somebody, and under which mail addresses others invite them."""
    account = db.session.scalar(select(Account.email).where(Account.person_id == person.id))
    own = {one.strip().lower() for one in (person.email, account or "") if one.strip()}
    return Stretch(*rules.stretch(clock.now()), frozenset(own))


def note_read(source_id: int, answer: fetch.Answer, reading: Reading | None) -> None:
    """Keep what was read; None where nothing had changed: then the times stay, and are as good as new."""
    source = lock(CalendarSource, source_id)
    if source.removed_at is not None:
        return
    source.asked_at = source.read_at = now = clock.now()
    if reading is not None:
        source.etag, source.changed = _short(answer.etag, 200), _short(answer.changed, 60)
        _keep(source, reading)
    source.trouble, source.trouble_status, source.failures = "", 0, 0
    source.next_at = now + rules.wait(0)


def note_trouble(source_id: int, refusal: fetch.FetchRefused | errors.Unreadable) -> None:
    """Note that a calendar could not be read. The last good copy stays, and the next try comes later each time."""
    source = lock(CalendarSource, source_id)
    if source.removed_at is not None:
        return
    source.asked_at = now = clock.now()
    source.trouble = refusal.code
    source.trouble_status = refusal.answered if isinstance(refusal, fetch.TurnedAway) else 0
    source.failures += 1
    source.next_at = now + rules.wait(source.failures)


def _keep(source: CalendarSource, reading: Reading) -> None:
    db.session.execute(delete(BusyBlock).where(BusyBlock.source_id == source.id))
    rows = [
        {
            "source_id": source.id,
            "person_id": source.person_id,
            "starts_at": one.starts_at,
            "ends_at": one.ends_at,
            "is_tentative": one.is_tentative,
        }
        for one in reading.busy
    ]
    if rows:
        db.session.execute(insert(BusyBlock), rows)
    source.broken = reading.broken
    source.asked_at = source.read_at = clock.now()
    source.until = rules.stretch(clock.now())[1]


def _short(mark: str, longest: int) -> str:
    """Return a mark to send back the next time; one that is too long to keep is none."""
    return mark if len(mark) <= longest and mark.isascii() and mark.isprintable() else ""


def forget_past() -> None:
    """Delete busy times that are over: they are of no more use."""
    past: datetime = clock.now() - rules.BEHIND
    db.session.execute(delete(BusyBlock).where(BusyBlock.ends_at < past))
