"""Times at which a room, the heads of some bureaus and enough deputies are free together; and why there are none. Pure.

Numbers of rooms and people are those of the ledger; `held` are its live spans, so that what is offered can be booked.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from liaison_app.core.text import from_local, local
from liaison_app.scheduling.rules import Span

STEP = timedelta(minutes=30)
SHORTEST = 30


class Part(StrEnum):
    """Which hours of a day are offered."""

    OFFICE = "office"
    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"
    WHOLE = "whole"


# Minutes after midnight in Beijing.
WINDOWS: dict[Part, tuple[tuple[int, int], ...]] = {
    Part.OFFICE: ((510, 720), (870, 1080)),
    Part.MORNING: ((510, 720),),
    Part.AFTERNOON: ((870, 1080),),
    Part.EVENING: ((1080, 1260),),
    Part.WHOLE: ((480, 1260),),
}


class Relaxation(StrEnum):
    """One thing that could be asked less of."""

    SECONDS = "seconds"
    FEWER = "fewer"
    ROOMS = "rooms"
    SHORTER = "shorter"
    HOURS = "hours"
    DAYS = "days"


class Quality(StrEnum):
    """What a day has to offer: everybody · enough people, or a deputy head for a head · nothing."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


@dataclass(frozen=True)
class Bureau:
    """Who may come for a bureau: its head or, where that is allowed, one of the others."""

    unit_id: int
    head: int
    seconds: tuple[int, ...] = ()


@dataclass(frozen=True)
class Wish:
    """What is looked for. `rooms` are interchangeable, and none means that no room is needed; so are the `deputies`, of
    whom `needed` must be free. Nothing begins before `not_before`."""

    minutes: int
    days: tuple[date, ...]
    not_before: datetime
    part: Part = Part.OFFICE
    rooms: tuple[int, ...] = ()
    bureaus: tuple[Bureau, ...] = ()
    with_seconds: bool = False
    deputies: tuple[int, ...] = ()
    needed: int = 0


@dataclass(frozen=True)
class Offer:
    """One time that works: the first free room, who comes for each bureau, and the deputies who are free."""

    starts_at: datetime
    ends_at: datetime
    room: int | None
    comes: tuple[tuple[int, int], ...]
    seconds: int
    deputies: tuple[int, ...]
    is_late: bool = False


Held = Mapping[int, Sequence[Span]]


def find(wish: Wish, held: Held) -> list[Offer]:
    """Return every time that works, on the half hour, earliest first. `held` spans are sorted and do not overlap."""
    return [offer for span in _starts(wish) if (offer := _offer(wish, held, span)) is not None]


def _starts(wish: Wish) -> Iterator[Span]:
    length = timedelta(minutes=wish.minutes)
    for day in wish.days:
        midnight = from_local(day, time(0))
        for opens, closes in WINDOWS[wish.part]:
            start = midnight + timedelta(minutes=opens)
            while start + length <= midnight + timedelta(minutes=closes):
                if start >= wish.not_before:
                    yield start, start + length
                start += STEP


def _offer(wish: Wish, held: Held, span: Span) -> Offer | None:
    room = next((one for one in wish.rooms if is_free(held, one, span)), None)
    if wish.rooms and room is None:
        return None
    comes: list[tuple[int, int]] = []
    seconds = 0
    for bureau in wish.bureaus:
        taken = {one for _unit_id, one in comes}
        who = next((one for one in _who(bureau, wish) if one not in taken and is_free(held, one, span)), None)
        if who is None:
            return None
        comes.append((bureau.unit_id, who))
        seconds += who != bureau.head
    sent = {one for _unit_id, one in comes}
    free = tuple(one for one in wish.deputies if one not in sent and is_free(held, one, span))
    if len(free) < wish.needed:
        return None
    return Offer(*span, room, tuple(comes), seconds, free)


def _who(bureau: Bureau, wish: Wish) -> tuple[int, ...]:
    return (bureau.head, *(bureau.seconds if wish.with_seconds else ()))


def is_free(held: Held, resource: int, span: Span) -> bool:
    """Return whether nothing holds a resource in a half-open span; the look does not grow with its history."""
    spans = held.get(resource, ())
    before = bisect_left(spans, span[1], key=lambda one: one[0])
    return before == 0 or spans[before - 1][1] <= span[0]


def ranked(offers: Sequence[Offer], *, limit: int, a_day: int = 2) -> list[Offer]:
    """Return the best offers, at most `a_day` of one day and none that overlaps a better one of its day.

    In time for the public notice first; then with the heads themselves; then with more deputies; then the earlier.
    """
    order = sorted(offers, key=lambda one: (one.is_late, one.seconds, -len(one.deputies), one.starts_at))
    chosen: list[Offer] = []
    for one in order:
        same_day = [other for other in chosen if _day(other) == _day(one)]
        apart = all(other.ends_at <= one.starts_at or one.ends_at <= other.starts_at for other in same_day)
        if len(same_day) < a_day and apart:
            chosen.append(one)
        if len(chosen) == limit:
            break
    return chosen


def qualities(wish: Wish, offers: Sequence[Offer]) -> dict[date, Quality]:
    """Return, for each day that was asked about, what it has to offer."""
    best: dict[date, Quality] = dict.fromkeys(wish.days, Quality.POOR)
    for one in offers:
        is_good = not one.seconds and len(one.deputies) == len(wish.deputies)
        if is_good or best[_day(one)] is Quality.POOR:
            best[_day(one)] = Quality.GOOD if is_good else Quality.FAIR
    return best


def _day(offer: Offer) -> date:
    return local(offer.starts_at).date()


def relaxations(
    wish: Wish, held: Held, *, more_rooms: Sequence[int], more_days: Sequence[date]
) -> list[tuple[Relaxation, Wish]]:
    """Return the single things of which less could be asked so that a time is found, the smallest step of each.

    `held` must reach over `more_rooms` and `more_days`, which are all that there are.
    """
    steps: dict[Relaxation, list[Wish]] = {
        Relaxation.SECONDS: [replace(wish, with_seconds=True)],
        Relaxation.FEWER: [replace(wish, needed=n) for n in range(wish.needed - 1, 0, -1)],
        Relaxation.ROOMS: [replace(wish, rooms=tuple(more_rooms))] if wish.rooms else [],
        Relaxation.SHORTER: [replace(wish, minutes=n) for n in range(wish.minutes - 30, SHORTEST - 1, -30)],
        Relaxation.HOURS: [replace(wish, part=Part.WHOLE)],
        Relaxation.DAYS: [replace(wish, days=tuple(more_days))],
    }
    found = []
    for what, wishes in steps.items():
        works = next((one for one in wishes if one != wish and find(one, held)), None)
        if works is not None:
            found.append((what, works))
    return found


def blockers(wish: Wish, held: Held, span: Span) -> dict[str, list[int]]:
    """Return what stands in the way at one time: heads for whom nobody comes, deputies who are busy, rooms if none is free."""
    return {
        "rooms": [] if any(is_free(held, one, span) for one in wish.rooms) else list(wish.rooms),
        "heads": [
            bureau.head
            for bureau in wish.bureaus
            if not any(is_free(held, one, span) for one in _who(bureau, wish))
        ],
        "deputies": [one for one in wish.deputies if not is_free(held, one, span)],
    }
