"""Find a time, and see a day: rooms by hours, people by hours. All of it reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import allowed_paths, requires
from liaison_app.access.permissions import Permission
from liaison_app.calendars import queries as calendars
from liaison_app.calendars.queries import Busy
from liaison_app.core import clock
from liaison_app.core.errors import N_
from liaison_app.core.htmx import render
from liaison_app.core.text import BadDate, from_local, local, parse_date
from liaison_app.core.time_fields import complain
from liaison_app.core.web import row_id
from liaison_app.orgs.kinds import ANSWERING
from liaison_app.people import queries as people
from liaison_app.people.models import Person, Post
from liaison_app.scheduling import rules as meetings
from liaison_app.stations import queries as stations
from liaison_app.stations.models import Room, Station
from liaison_app.workdays.queries import calendar_between

from . import lanes, queries, solver
from .forms import LENGTHS, WishForm
from .solver import Bureau, Offer, Part, Relaxation, Wish

bp = Blueprint("finding", __name__)

A_DAY = timedelta(days=1)
MOST_DAYS = 62
USUAL_DAYS = 14
MORE_DAYS = 14
MOST_OFFERS = 12

RELAXATION_NAMES = {
    Relaxation.SECONDS: N_("局长没空时，请副局长代"),
    Relaxation.FEWER: N_("代表少请几位：{n} 位"),
    Relaxation.ROOMS: N_("别的站也行"),
    Relaxation.SHORTER: N_("开得短一些：{n} 分钟"),
    Relaxation.HOURS: N_("8 点到 21 点都行"),
    Relaxation.DAYS: N_("再往后看两周，周末也行"),
}


@bp.get("/find-time")
@requires(Permission.MEETING_MANAGE)
def find() -> ResponseReturnValue:
    """Look for times at which room, heads and enough deputies are free; every one on the list can be booked."""
    form = WishForm(request.args) if "minutes" in request.args else WishForm(formdata=None)
    choices = _Choices(form)
    if "minutes" not in request.args:
        _begin(form)
        return _page(form, choices, None)
    wish = _wish(form, choices) if form.validate() else None
    return _page(form, choices, wish)


@bp.get("/timeline")
@requires(Permission.MEETING_READ)
def timeline() -> ResponseReturnValue:
    """Show the rooms of the own stations by the hours of one day; a free stretch leads to the editor."""
    day = _asked_day()
    shown = stations.list_stations(allowed_paths(Permission.MEETING_READ))
    rooms = [(station, room) for station in shown for room in station.rooms]
    numbers = [meetings.room_resource(room.id) for _station, room in rooms]
    booked = _by_resource(numbers, day)
    rows = [
        {
            "name": station.name,
            "sub": _("%(room)s，坐 %(n)d 人", room=room.name, n=room.capacity),
            "cells": lanes.cells(day, booked.get(number, [])),
            "room_id": room.id,
        }
        for (station, room), number in zip(rooms, numbers, strict=True)
    ]
    return _day_page("planning/timeline.html", day, [("", rows)])


@bp.get("/timeline/people")
@requires(Permission.PERSON_READ)
def people_day() -> ResponseReturnValue:
    """Show who is busy when on one day: the heads of the bureaus, and the deputies of a station."""
    day = _asked_day()
    paths = allowed_paths(Permission.PERSON_READ)
    known = stations.list_stations(paths)
    asked = request.args.get("station", type=row_id)
    station = next((one for one in known if one.id == asked), known[0] if known else None)
    posts = [post for post in people.list_posts(ANSWERING) if not post.is_contact]
    deputies = stations.list_members(station.id) if station else []
    numbers = [
        meetings.person_resource(id)
        for id in {*(post.person_id for post in posts), *(one.id for one in deputies)}
    ]
    booked = _by_resource(numbers, day)

    def row(person: Person, sub: str) -> dict[str, Any]:
        taken = booked.get(meetings.person_resource(person.id), [])
        return {
            "name": person.name,
            "sub": sub,
            "cells": lanes.cells(day, taken),
            "room_id": None,
            "busy": bool(taken),
        }

    groups = [
        (_("部门"), [row(post.person, f"{post.unit.short_name}{post.title}") for post in posts]),
        (_("代表"), [row(one, "") for one in deputies]),
    ]
    return _day_page("planning/people_day.html", day, groups, stations=known, station=station)


def _day_page(
    template: str, day: date, groups: list[tuple[str, list[dict[str, Any]]]], **more: Any
) -> ResponseReturnValue:
    kept: dict[str, Any] = {name: value for name, value in request.args.items() if name == "station"}
    endpoint = str(request.endpoint)
    around = [
        {"label": label, "url": url_for(endpoint, day=other.isoformat(), **kept)}
        for label, other in (
            (_("前一天"), day - A_DAY),
            (_("今天"), local(clock.now()).date()),
            (_("后一天"), day + A_DAY),
        )
    ]
    working = calendar_between(day, day)
    return render(
        template,
        day=day,
        groups=groups,
        before=around[0],
        this=around[1],
        after=around[2],
        mark=working.mark(day),
        holiday=working.name_of(day),
        hours=range(lanes.FIRST_HOUR, lanes.LAST_HOUR),
        mine=tuple(allowed_paths(Permission.MEETING_READ)),
        may_create=bool(allowed_paths(Permission.MEETING_MANAGE)),
        **more,
    )


def _by_resource(numbers: Sequence[int], day: date) -> dict[int, list[tuple[Any, Any, Any]]]:
    midnight = from_local(day, time(0))
    found: dict[int, list[tuple[Any, Any, Any]]] = {}
    for one in queries.list_bookings(numbers, midnight, midnight + A_DAY):
        found.setdefault(one.resource, []).append((one.starts_at, one.ends_at, one.meeting))
    return found


def _asked_day() -> date:
    """Return the day of `?day=`, today where nothing can be read."""
    today = local(clock.now()).date()
    try:
        day = parse_date(request.args.get("day", ""), near=today)
    except BadDate:
        return today
    return day if abs((day - today).days) < 3660 else today


class _Choices:
    """What this account may look for, and the people behind it."""

    def __init__(self, form: WishForm):
        paths = allowed_paths(Permission.MEETING_MANAGE)
        self.stations: Sequence[Station] = stations.list_stations(paths)
        self.posts: dict[int, list[Post]] = {}
        for post in people.list_posts(ANSWERING):
            if not post.is_contact:
                self.posts.setdefault(post.unit_id, []).append(post)
        self.rooms: dict[int, Room] = {
            meetings.room_resource(room.id): room for station in self.stations for room in station.rooms
        }
        form.bureaus.choices = [(id, posts[0].unit.name) for id, posts in self.posts.items()]
        named = [(one.id, one.name) for one in self.stations]
        form.station.choices = [(0, _("哪个站都行")), *named]
        form.group.choices = [(0, _("先不看代表")), *named]
        form.minutes.choices = [(n, _("%(n)d 分钟", n=n)) for n in LENGTHS]
        self.deputies: dict[int, Person] = {}

    def pick(self, group: int) -> None:
        """Take the deputies of a station to look at."""
        if any(one.id == group for one in self.stations):
            self.deputies = {meetings.person_resource(one.id): one for one in stations.list_members(group)}

    def bureau(self, unit_id: int) -> Bureau:
        posts = self.posts[unit_id]
        numbers = [meetings.person_resource(post.person_id) for post in posts]
        return Bureau(unit_id, numbers[0], tuple(numbers[1:]))


def _begin(form: WishForm) -> None:
    today = local(clock.now()).date()
    form.first_day.data, form.last_day.data = today + 4 * A_DAY, today + (4 + USUAL_DAYS) * A_DAY
    form.minutes.data, form.part.data, form.needed.data = 120, Part.OFFICE, 4


def _wish(form: WishForm, choices: _Choices) -> Wish | None:
    """Return what was asked for, or None with the reason beside a field."""
    first, last = form.first_day.data, form.last_day.data
    assert first is not None
    assert last is not None
    if last < first:
        complain(form.last_day, _("要在“从哪一天”以后。"))
    elif (last - first).days >= MOST_DAYS:
        complain(form.last_day, _("一次最多看 %(n)d 天。", n=MOST_DAYS))
    if form.errors:
        return None
    choices.pick(form.group.data)
    wanted = [id for id in form.bureaus.data or () if id in choices.posts]
    rooms = [number for number, room in choices.rooms.items() if form.station.data in (0, room.station_id)]
    needed = form.needed.data or 0
    if needed > len(choices.deputies) and choices.deputies:
        complain(form.needed, _("这个站只有 %(n)d 位代表。", n=len(choices.deputies)))
        return None
    return Wish(
        minutes=form.minutes.data,
        days=tuple(_days(first, last, weekends=bool(form.weekends.data))),
        not_before=clock.now(),
        part=Part(form.part.data),
        rooms=tuple(rooms),
        bureaus=tuple(choices.bureau(id) for id in wanted),
        with_seconds=bool(form.with_seconds.data),
        deputies=tuple(choices.deputies),
        needed=needed if choices.deputies else 0,
    )


def _days(first: date, last: date, *, weekends: bool) -> list[date]:
    working = calendar_between(first, last)
    every = [first + A_DAY * n for n in range((last - first).days + 1)]
    return [day for day in every if working.is_workday(day) or (weekends and working.mark(day) != "off")]


def _page(form: WishForm, choices: _Choices, wish: Wish | None) -> ResponseReturnValue:
    found: dict[str, Any] = {"offers": None, "days": {}, "ways": []}
    if wish is not None:
        first, last = _span(form)
        more = _days(first, last, weekends=True)
        people_wanted = {number for one in wish.bureaus for number in (one.head, *one.seconds)}
        held = queries.held_between(
            {*choices.rooms, *people_wanted, *wish.deputies},
            from_local(first, time(0)),
            from_local(last + A_DAY, time(0)),
        )
        offers = solver.find(wish, held)
        late_before = clock.now()
        offers = [
            replace(one, is_late=late_before > meetings.notice_by("face_bureau", one.starts_at))
            for one in offers
        ]
        best = solver.ranked(offers, limit=MOST_OFFERS)
        own = _own_calendars(best)
        found = {
            "offers": [_shown(one, choices, wish.needed, own) for one in best],
            "days": solver.qualities(wish, offers),
            "ways": []
            if offers
            else [
                _way(what, other, form)
                for what, other in solver.relaxations(
                    wish, held, more_rooms=list(choices.rooms), more_days=more
                )
            ],
        }
    return render(
        "planning/find.html",
        fragment=None,
        status=422 if form.errors else 200,
        form=form,
        total=len(choices.deputies),
        **found,
    )


def _span(form: WishForm) -> tuple[date, date]:
    """Return the first day that was asked about, and the last that could be if two more weeks were."""
    assert form.first_day.data is not None
    assert form.last_day.data is not None
    first: date = form.first_day.data
    return first, min(form.last_day.data + MORE_DAYS * A_DAY, first + (MOST_DAYS - 1) * A_DAY)


def _own_calendars(offers: Sequence[Offer]) -> Sequence[Busy]:
    """Return what the own calendars of those who would come say about the time of these offers; one read."""
    numbers = {number for one in offers for number in (*one.deputies, *(who for _unit, who in one.comes))}
    if not numbers:
        return []
    ids = [meetings.resource_parts(number)[1] for number in numbers]
    return calendars.list_busy(ids, min(one.starts_at for one in offers), max(one.ends_at for one in offers))


def _shown(offer: Offer, choices: _Choices, needed: int, own: Sequence[Busy]) -> dict[str, Any]:
    """Return an offer with its names, its reasons and the way into the editor, with as many deputies as are needed."""
    room = choices.rooms[offer.room] if offer.room else None
    comes = []
    for unit_id, number in offer.comes:
        post = next(
            one for one in choices.posts[unit_id] if meetings.person_resource(one.person_id) == number
        )
        comes.append((post, post is choices.posts[unit_id][0]))
    starts, ends = local(offer.starts_at), local(offer.ends_at)
    coming = {
        meetings.resource_parts(one)[1] for one in (*offer.deputies, *(who for _unit, who in offer.comes))
    }
    warned = [
        one.who
        for one in own
        if one.person_id in coming
        and meetings.overlaps((one.starts_at, one.ends_at), (offer.starts_at, offer.ends_at))
    ]
    keys = [f"{post.unit_id}:{post.person_id}" for post, _is_head in comes]
    url = url_for(
        "scheduling.new",
        day=f"{starts:%Y-%m-%d}",
        starts=f"{starts:%H:%M}",
        ends=f"{ends:%H:%M}",
        room=room.id if room else None,
        lead=keys[0] if keys else None,
        others=keys[1:] or None,
        deputies=[choices.deputies[one].id for one in offer.deputies[:needed]] or None,
    )
    return {
        "offer": offer,
        "room": room,
        "comes": comes,
        "free": [choices.deputies[one] for one in offer.deputies],
        "busy": [one for number, one in choices.deputies.items() if number not in offer.deputies],
        "url": url,
        "warned": list(dict.fromkeys(warned)),
    }


def _way(what: Relaxation, wish: Wish, form: WishForm) -> dict[str, str]:
    """Return one thing to ask less of, in words and as the address that asks so."""
    asked: dict[str, Any] = request.args.to_dict(flat=False)
    number = wish.needed if what is Relaxation.FEWER else wish.minutes
    match what:
        case Relaxation.SECONDS:
            asked["with_seconds"] = "y"
        case Relaxation.FEWER:
            asked["needed"] = number
        case Relaxation.ROOMS:
            asked["station"] = 0
        case Relaxation.SHORTER:
            asked["minutes"] = number
        case Relaxation.HOURS:
            asked["part"] = str(Part.WHOLE)
        case Relaxation.DAYS:
            asked |= {"last_day": _span(form)[1].isoformat(), "weekends": "y"}
    return {"label": _(RELAXATION_NAMES[what]).format(n=number), "url": url_for(".find", **asked)}
