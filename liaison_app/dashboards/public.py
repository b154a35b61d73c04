"""Pages for everybody: the start page, the switches of the display, help, health."""

from __future__ import annotations

from datetime import time, timedelta
from importlib.resources import files

from flask import Blueprint, Response, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import text as sql

from liaison_app.access.guards import public
from liaison_app.core import clock
from liaison_app.core.db import db
from liaison_app.core.htmx import render
from liaison_app.core.personal import Whose
from liaison_app.core.text import from_local, local
from liaison_app.orgs import queries as orgs
from liaison_app.orgs.kinds import ANSWERING
from liaison_app.privacy import queries as privacy_read
from liaison_app.scheduling import queries as scheduling
from liaison_app.signups.rules import PRIVACY_VERSION

from . import calendars, queries

bp = Blueprint("web", __name__)

A_YEAR = 365 * 24 * 3600
AHEAD = timedelta(days=35)


@bp.get("/")
@public
def start() -> ResponseReturnValue:
    """Show what is on in the coming weeks, where and with whom, and the seats left."""
    now = clock.now()
    today = local(now).date()
    midnight = from_local(today, time(0))
    found = scheduling.list_between(midnight, midnight + AHEAD)
    ids = [meeting.id for meeting in found]
    seats = queries.seats_for(ids)
    return render(
        "dashboards/start.html",
        meetings=found,
        bureaus=scheduling.answering_units(ids),
        left={id: one.left for id, one in seats.items()},
        today=today,
        station_count=queries.count_stations(),
    )


@bp.get("/calendar")
@public
def calendar() -> ResponseReturnValue:
    """Show the public meetings by month or week."""
    base = url_for("web.start")
    return render(
        "dashboards/public_calendar.html",
        fragment="dashboards/_calendar.html",
        **calendars.page("web.calendar", None),
        link_of=lambda meeting: f"{base}m/{meeting.code}",
        bureaus=orgs.list_units(kinds=ANSWERING),
        bureau_base=f"{base}bureaus",
    )


@bp.get("/privacy")
@public
def privacy() -> ResponseReturnValue:
    """Say what is done with personal data."""
    return render(
        "dashboards/privacy.html",
        privacy_version=PRIVACY_VERSION,
        places=privacy_read.list_places(Whose.CITIZEN, Whose.OFFICIAL),
    )


@bp.get("/help")
@public
def help() -> ResponseReturnValue:
    """Explain the product to citizens, deputies, bureaus and offices."""
    return render("dashboards/help.html")


@bp.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """Answer 200 when web and database are ready; says nothing else."""
    db.session.execute(sql("SELECT 1 FROM meeting LIMIT 1"))
    return Response("ok\n", mimetype="text/plain")


@bp.get("/htmx.js")
@public
def htmx_js() -> ResponseReturnValue:
    """Serve htmx from its pinned package: nothing comes from outside."""
    script = files("js_lib_htmx").joinpath("static/htmx/htmx.min.js").read_bytes()
    response = Response(script, mimetype="text/javascript")
    response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
    return response
