"""Calendar files: one meeting to download, and feeds to subscribe to (RFC 5545, RFC 7986)."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from datetime import datetime, time, timedelta
from email.utils import parseaddr
from functools import partial
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import public, requires
from liaison_app.access.permissions import Permission
from liaison_app.core import clock, links
from liaison_app.core.text import from_local, local
from liaison_app.core.tokens import digest
from liaison_app.orgs import queries as orgs
from liaison_app.orgs.models import OrgUnit
from liaison_app.people.models import Person
from liaison_app.stations import queries as stations
from liaison_app.stations.models import Room, Station

from . import ics, queries, rules
from .entries import facts_of
from .models import Meeting

bp = Blueprint("feeds", __name__)


REMIND_MINUTES = 60
PUBLIC_SECONDS = 300
BUSY_AHEAD = timedelta(days=92)
# Of gzip: a feed of ten thousand meetings in some milliseconds, at a tenth of its length.
PACKED = 5


@bp.get("/calendar.ics")
@public
def everything() -> ResponseReturnValue:
    """The feed of all public meetings; no names, numbers or addresses of people."""
    return _feed(_("代表·局长面对面"), "/calendar.ics")


@bp.get("/stations/<int:station_id>/calendar.ics")
@public(on=stations.get_station)
def of_station(station: Station) -> ResponseReturnValue:
    """The feed of one station's public meetings."""
    return _feed(station.name, f"/stations/{station.id}/calendar.ics", station_id=station.id)


@bp.get("/bureaus/<int:unit_id>/calendar.ics")
@public(on=orgs.get_answering_unit)
def of_bureau(unit: OrgUnit) -> ResponseReturnValue:
    """The feed of the public meetings at which one bureau answers."""
    return _feed(unit.name, f"/bureaus/{unit.id}/calendar.ics", unit_id=unit.id)


@bp.get("/feeds/<string:token>.ics")
@public(on=queries.get_feed_person, is_secret=True)
def of_person(person: Person) -> ResponseReturnValue:
    """One person's own feed, by a secret link that can be revoked."""
    found = queries.list_of_person(person.id, clock.now() - queries.KEPT_BACK)
    entries = [ics.vevent_private(facts_of(one), remind_minutes=REMIND_MINUTES) for one in found]
    changed_at = max((one.revised_at for one in found), default=None)
    return _private(ics.calendar_file(entries, name=_("%(name)s的面对面", name=person.name)), changed_at)


@bp.get("/feeds/<string:token>/busy.ics")
@public(on=queries.get_feed_person, is_secret=True)
def busy_of_person(person: Person) -> ResponseReturnValue:
    """When one person is taken by meetings, by the same secret link: for programs that look for a free time."""
    return _busy(rules.person_resource(person.id), person.name)


@bp.get("/rooms/<int:room_id>/busy.ics")
@requires(Permission.MEETING_READ, on=stations.get_room)
def busy_of_room(room: Room) -> ResponseReturnValue:
    """When one room is taken; for the staff, as it tells of meetings that are not public."""
    return _busy(rules.room_resource(room.id), f"{room.station.name} {room.name}")


def _busy(resource: int, name: str) -> Response:
    office, _phone, address = links.office()
    since = from_local(local(clock.now()).date(), time(0))
    facts = ics.BusyFacts(
        uid=str(uuid5(NAMESPACE_URL, links.absolute(f"/busy/{resource}"))),
        name=name,
        since=since,
        until=since + BUSY_AHEAD,
        organizer_name=office,
        organizer_email=parseaddr(address)[1],
    )
    taken = rules.joined(queries.list_taken([resource], facts.since, facts.until, None))
    return _private(ics.free_busy(taken, facts))


def _private(content: bytes, changed_at: datetime | None = None) -> Response:
    """Answer a calendar that asks again and again, and let nobody in between keep the answer."""
    response = Response(content_type=ics.MIMETYPE)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Robots-Tag"] = "noindex"
    response.last_modified = changed_at
    return _given(response, hashlib.sha256(content).hexdigest(), lambda: content)


@bp.get("/m/<string:code>.ics")
@public(on=queries.get_public_meeting)
def of_meeting(meeting: Meeting) -> ResponseReturnValue:
    """One public meeting as a file to open in a calendar."""
    content = ics.download(facts_of(meeting))
    response = Response(content_type=ics.MIMETYPE)
    name = f"{meeting.title}.ics"
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"meeting.ics\"; filename*=UTF-8''{quote(name, safe='')}"
    )
    response.headers["Cache-Control"] = "no-cache"
    response.last_modified = meeting.revised_at
    return _given(response, hashlib.sha256(content).hexdigest(), lambda: content)


def _feed(name: str, path: str, **whose: int) -> Response:
    """Join stored entries, unless the subscriber has them all: most ask again and again for nothing new."""
    now, url = clock.now(), links.absolute(path)
    mark, changed_at = queries.feed_mark(now, **whose)
    response = Response(content_type=ics.MIMETYPE)
    response.headers["Cache-Control"] = f"public, max-age={PUBLIC_SECONDS}"
    if changed_at:
        response.last_modified = changed_at
    build = partial(_joined, now, name, url, **whose)
    return _given(response, digest(f"{mark} {name} {url}"), build)


def _joined(now: datetime, name: str, url: str, **whose: int) -> bytes:
    return ics.calendar_file(queries.feed_entries(now, **whose), name=name, url=url)


def _given(response: Response, tag: str, build: Callable[[], bytes]) -> Response:
    """Answer with what `build` makes, unless the asker has it: the same tag always stands for the same bytes.

    Packed here and not by the extension, which could not know the tag before it has the bytes; the packed bytes are
    others, and so is their tag (RFC 9110 8.8.3).
    """
    packs = request.accept_encodings["gzip"] > 0
    response.vary.add("Accept-Encoding")
    response.set_etag(f"{tag}-gz" if packs else tag)
    response.make_conditional(request)
    if response.status_code == 200:
        content = build()
        response.data = gzip.compress(content, PACKED, mtime=0) if packs else content
        if packs:
            response.content_encoding = "gzip"
    return response
