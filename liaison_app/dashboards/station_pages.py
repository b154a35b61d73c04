"""The stations for everybody: where they are, when they are open, who belongs to them, what is on."""

from __future__ import annotations

from datetime import time, timedelta
from itertools import groupby

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from liaison_app.access.guards import public
from liaison_app.core import clock
from liaison_app.core.htmx import render
from liaison_app.core.text import clean_line, from_local, local
from liaison_app.people import queries as people
from liaison_app.people.rules import LEVEL_NAMES
from liaison_app.scheduling import queries as scheduling
from liaison_app.stations import queries as stations
from liaison_app.stations.kinds import STATION_KIND_NAMES, TIER_NAMES
from liaison_app.stations.models import Station

from . import queries

bp = Blueprint("stations_public", __name__)

AHEAD, BACK = timedelta(days=90), timedelta(days=365)


@bp.get("/stations")
@public
def index() -> ResponseReturnValue:
    """List the stations by tier; `?q=` looks in names and addresses."""
    words = clean_line(request.args.get("q", ""))[:40]
    found = [
        one
        for one in stations.list_stations()
        if words in one.name + one.address + (one.unit.short_name or "")
    ]
    tiers = [(tier, list(group)) for tier, group in groupby(found, key=lambda one: one.tier)]
    return render(
        "stations/index.html", tiers=tiers, members=stations.count_members(), tier_names=TIER_NAMES, q=words
    )


@bp.get("/stations/<int:station_id>")
@public(on=stations.get_station)
def station(station: Station) -> ResponseReturnValue:
    """Show one station: address, hours, its deputies by level, what is on and what was lately."""
    today = from_local(local(clock.now()).date(), time(0))
    base = url_for("web.start")
    found = scheduling.list_between(today - BACK, today + AHEAD, station_id=station.id)
    ahead = [one for one in found if one.starts_at >= today]
    seats = queries.seats_for([one.id for one in ahead])
    members = stations.list_members(station.id)
    return render(
        "stations/station.html",
        station=station,
        members=members,
        shows_expertise=people.published([one.id for one in members], "expertise"),
        ahead=ahead,
        left={id: one.left for id, one in seats.items()},
        past=[one for one in reversed(found) if one.starts_at < today][:10],
        level_names=LEVEL_NAMES,
        kind_names=STATION_KIND_NAMES,
        tier_names=TIER_NAMES,
        base=base,
    )
