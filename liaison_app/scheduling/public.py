"""Calendar files: one meeting to download, and feeds to subscribe to (RFC 5545, RFC 7986)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import quote

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import public
from liaison_app.core import clock, links
from liaison_app.orgs import queries as orgs
from liaison_app.orgs.models import OrgUnit
from liaison_app.people.models import Person
from liaison_app.stations import queries as stations
from liaison_app.stations.models import Station

from . import ics, queries
from .entries import facts_of
from .models import Meeting

bp = Blueprint("feeds", __name__)


REMIND_MINUTES = 60
PUBLIC_SECONDS = 300


@bp.get("/calendar.ics")
@public
def everything() -> ResponseReturnValue:
    """The feed of all public meetings; no names, numbers or addresses of people."""
    return _feed(queries.feed_entries(clock.now()), _("代表·局长面对面"), "/calendar.ics")


@bp.get("/stations/<int:station_id>/calendar.ics")
@public(on=stations.get_station)
def of_station(station: Station) -> ResponseReturnValue:
    """The feed of one station's public meetings."""
    entries = queries.feed_entries(clock.now(), station_id=station.id)
    return _feed(entries, station.name, f"/stations/{station.id}/calendar.ics")


@bp.get("/bureaus/<int:unit_id>/calendar.ics")
@public(on=orgs.get_answering_unit)
def of_bureau(unit: OrgUnit) -> ResponseReturnValue:
    """The feed of the public meetings at which one bureau answers."""
    entries = queries.feed_entries(clock.now(), unit_id=unit.id)
    return _feed(entries, unit.name, f"/bureaus/{unit.id}/calendar.ics")


@bp.get("/feeds/<string:token>.ics")
@public(on=queries.get_feed_person)
def of_person(person: Person) -> ResponseReturnValue:
    """One person's own feed, by a secret link that can be revoked."""
    found = queries.list_of_person(person.id, clock.now() - queries.KEPT_BACK)
    entries = [
        (ics.vevent_private(facts_of(one), remind_minutes=REMIND_MINUTES), one.revised_at) for one in found
    ]
    response = _feed(entries, _("%(name)s的面对面", name=person.name), "")
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@bp.get("/m/<string:code>.ics")
@public(on=queries.get_public_meeting)
def of_meeting(meeting: Meeting) -> ResponseReturnValue:
    """One public meeting as a file to open in a calendar."""
    response = Response(ics.download(facts_of(meeting)), content_type=ics.MIMETYPE)
    name = f"{meeting.title}.ics"
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"meeting.ics\"; filename*=UTF-8''{quote(name, safe='')}"
    )
    response.headers["Cache-Control"] = "no-cache"
    response.last_modified = meeting.revised_at
    response.add_etag()
    response.make_conditional(request)
    return response


def _feed(entries: Iterable[tuple[bytes, datetime]], name: str, path: str) -> Response:
    """Join stored entries; the same data gives the same bytes, so that a subscriber mostly gets a 304."""
    listed = list(entries)
    url = links.absolute(path) if path else ""
    body = ics.calendar_file((entry for entry, _ in listed), name=name, url=url)
    response = Response(body, content_type=ics.MIMETYPE)
    response.headers["Cache-Control"] = f"public, max-age={PUBLIC_SECONDS}"
    if listed:
        response.last_modified = max(revised_at for _, revised_at in listed)
    response.add_etag()
    response.make_conditional(request)
    return response
