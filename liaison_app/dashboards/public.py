"""Pages for everybody: the start page, the switches of the display, help, health."""

from __future__ import annotations

from importlib.resources import files

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy import text as sql

from liaison_app.access.guards import public
from liaison_app.core.db import db
from liaison_app.core.htmx import render
from liaison_app.core.web import current_settings, own_path

bp = Blueprint("web", __name__)

A_YEAR = 365 * 24 * 3600
SWITCHES = {"elder": {"0", "1"}, "contrast": {"0", "1"}, "lang": {"zh", "en"}}


@bp.get("/")
@public
def start() -> ResponseReturnValue:
    """Show what is on, where and with whom."""
    return render("dashboards/start.html")


@bp.get("/display")
@public
def display() -> ResponseReturnValue:
    """Switch large type, contrast or language in this browser, and go back. Changes nothing on the server."""
    response = redirect(own_path(request.args.get("next")), 303)
    for name, allowed in SWITCHES.items():
        value = request.args.get(name)
        if value in allowed:
            secure = current_settings().secure
            response.set_cookie(name, value, max_age=A_YEAR, samesite="Lax", httponly=True, secure=secure)
    return response


@bp.get("/privacy")
@public
def privacy() -> ResponseReturnValue:
    """Say what is done with personal data."""
    return render("dashboards/privacy.html")


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
