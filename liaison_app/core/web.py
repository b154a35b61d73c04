"""What every answer of the web application has in common: headers, errors, words and names for templates."""

from __future__ import annotations

import errno
import logging
import re
import uuid
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from flask import Flask, Response, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from flask_wtf.csrf import CSRFError
from gunicorn.http.errors import ParseException
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import escape
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter, Map

from . import clock, logs, text
from .db import db
from .errors import N_, LiaisonError
from .htmx import wants_fragment

log = logging.getLogger("liaison.web")

LOCALES = ("zh_Hans_CN", "en")
SOURCE = "zh"
_SHOWN_IN_TEMPLATES = (
    "show_day", "show_short", "show_time", "show_span", "show_hours", "show_moment", "show_deadline", "show_date_short",
    "show_month", "show_month_name", "show_month_day",
)  # fmt: skip
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)


# Each switch of the display is a cookie of its own, set by a link to the page one is on.
SWITCHES = {"elder": {"0", "1"}, "contrast": {"0", "1"}, "lang": {"zh", "en"}}
SWITCH = "display"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
A_YEAR_SECONDS = 365 * 24 * 3600
LARGEST_FORM_BYTES = 1024 * 1024
HIGHEST_ROW = 2**31 - 1
NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
TRY_AGAIN_SECONDS = 5
GIVEN_ID = re.compile(r"[0-9a-f]{12,32}")
LONGEST_ADDRESS = 45  # signs of an IPv6 address that holds an IPv4 one


class Display:
    """How this browser wants the pages: kept in cookies, works without script."""

    def __init__(self) -> None:
        self.elder = request.cookies.get("elder") == "1"
        self.contrast = request.cookies.get("contrast") == "1"
        self.locale = choose_locale()


def choose_locale() -> str:
    """Return the language of the page: the reader's choice, else Chinese."""
    return "en" if request and request.cookies.get("lang") == "en" else LOCALES[0]


def translated(error: LiaisonError) -> str:
    """Return an error's sentence in the reader's language."""
    return gettext(error.message).format(**error.values_in(_locale()))


def show_moment(when: datetime) -> str:
    """Write a moment in the reader's language."""
    return text.show_moment(when, locale=_locale())


def show_deadline(when: datetime) -> str:
    """Write the last moment for something in the reader's language."""
    return text.show_deadline(when, locale=_locale())


def show_span(start: datetime, end: datetime) -> str:
    """Write a span of time in the reader's language."""
    return text.show_span(start, end, locale=_locale())


def gap() -> str:
    """Return what stands between two sentences side by side: a space in English, nothing in Chinese."""
    return " " if _locale().startswith("en") else ""


def _locale() -> str:
    return str(get_locale() or LOCALES[0])


def row_id(typed: str | int) -> int:
    """Read the number of a row out of a query or a form. Raises ValueError where no row can bear it."""
    text = str(typed)
    if not (text.isascii() and text.isdigit()) or int(text) > HIGHEST_ROW:
        raise ValueError(text[:20])
    return int(text)


def within_column(typed: int | None) -> int | None:
    """Return a number of a form as a column can hold it: what lies beyond counts as the last that it can."""
    return None if typed is None else min(max(typed, 0), HIGHEST_ROW)


class RowNumber(IntegerConverter):
    """`<int:…>` in a path: a number that no row can bear is no page, rather than an error of the database."""

    def __init__(self, map: Map, **options: Any):
        super().__init__(map, **{"max": HIGHEST_ROW, **options})


def init_app(app: Flask) -> None:
    """Give `app` its request id, headers, error pages and template names."""
    app.url_map.converters["int"] = RowNumber
    # To mend “//”, werkzeug would redirect to an address that it takes from the Host header.
    app.url_map.merge_slashes = False
    # Flask would log the path, and with it the token of a personal link; `_crashed` logs what helps.
    app.log_exception = lambda exc_info: None  # type: ignore[method-assign]
    logs.init_app(app)
    app.before_request(_begin)
    app.after_request(_headers)
    app.register_error_handler(LiaisonError, say_no)
    app.register_error_handler(CSRFError, _form_expired)
    app.register_error_handler(HTTPException, _http_error)
    for trouble in (OperationalError, InterfaceError, NoConnection):
        app.register_error_handler(trouble, no_database)
    app.register_error_handler(OSError, _no_space)
    app.register_error_handler(ParseException, _broken_body)
    app.register_error_handler(500, _crashed)
    for name in _SHOWN_IN_TEMPLATES:
        app.jinja_env.globals[name] = _localized(getattr(text, name))
    app.jinja_env.globals["local"] = text.local
    app.jinja_env.globals["switch"] = switch
    app.jinja_env.globals["here"] = here
    app.jinja_env.globals["now"] = clock.now
    app.jinja_env.globals["N_"] = N_
    app.jinja_env.globals["_"] = _in_template
    app.jinja_env.globals["gap"] = gap
    app.jinja_env.filters["masked"] = text.mask
    app.jinja_env.filters["t"] = lambda message: gettext(message) if message else ""
    app.context_processor(_context)


@pass_eval_context
def _in_template(where: EvalContext, message: str, **values: Any) -> str:
    """Write a message of a template in the reader's language; a page holds a hundred, so Chinese takes no look-up."""
    locale = get_locale()
    words = message if locale is None or locale.language == SOURCE else gettext(message)
    if where.autoescape:
        # Not all that is looked up is a message of ours: a name of somebody may come this way.
        words = escape(words)
    return words % values if values else words


def _localized(show: Any) -> Any:
    def in_locale(*args: Any, **kwargs: Any) -> str:
        return show(*args, locale=_locale(), **kwargs)

    return in_locale


def _context() -> dict[str, Any]:
    settings = current_settings()
    return {
        "settings": settings,
        "office_name": settings.office_name,
        "office_phone": settings.office_phone,
        "display": g.get("display") or Display(),
        "asset_version": current_app.config["ASSET_VERSION"],
    }


def client_address() -> str:
    """Return where the request under way came from, or nothing outside of one."""
    return (request.remote_addr or "")[:LONGEST_ADDRESS] if request else ""


def current_settings() -> Any:
    """Return the Settings of the running application."""
    return current_app.config["LIAISON"]


def _begin() -> ResponseReturnValue | None:
    g.request_id = _given_id() or uuid.uuid4().hex[:12]
    if request.mimetype != "multipart/form-data":
        # Only an uploaded file may be large; a form of fields is read into memory as a whole.
        request.max_content_length = LARGEST_FORM_BYTES
    g.display = Display()
    if request.method not in SAFE_METHODS and _is_from_elsewhere():
        return _page(403, gettext("这一步是从别的网站发来的，没有做。请从这里的页面再做一次。"))
    asked = request.args.get(SWITCH, "").partition("-")
    if request.method == "GET" and asked[2] in SWITCHES.get(asked[0], ()):
        return _switched(asked[0], asked[2])
    return None


def _given_id() -> str:
    """Return the id that the proxy in front has given this request, so that both logs name it; else “”."""
    given = request.headers.get("X-Request-ID", "") if current_settings().trusted_proxies else ""
    return given if GIVEN_ID.fullmatch(given) else ""


def _is_from_elsewhere() -> bool:
    """Return whether the browser says that another site sent this (SECURITY E1, beside the token of the form).

    Old browsers and programs say nothing. “null” is what our own pages send, for they name themselves to nobody
    (`Referrer-Policy`); what a frame of another site sends under that name, `Sec-Fetch-Site` gives away.
    """
    site = request.headers.get("Sec-Fetch-Site", "none")
    if site not in {"same-origin", "none"}:
        return True
    origin = request.headers.get("Origin", "null")
    own = {request.host, urlsplit(current_settings().base_url).netloc}
    return origin != "null" and _host_of(origin) not in own


def _host_of(address: str) -> str:
    """Return host and port of an address, or what no host is called where it cannot be read."""
    try:
        return urlsplit(address).netloc
    except ValueError:
        return "?"


def _switched(name: str, value: str) -> ResponseReturnValue:
    """Keep a choice of the display in this browser and show the same page again; nothing else changes."""
    response = redirect(here(), 303)
    response.set_cookie(
        name, value, max_age=A_YEAR_SECONDS, samesite="Lax", httponly=True, secure=current_settings().secure
    )
    return response


def here(path: str | None = None, /, **changes: str | int | None) -> str:
    """Return the path of this page, or another `path`, with this page's query, without a switch.

    `changes` replace what the query says under their names; None takes it out. What a reader typed into the
    address never names an argument of ours, as it would in `url_for`; and no token ever moves into a query.
    """
    left_out = {SWITCH, *changes}
    query = [(name, value) for name, value in request.args.items(multi=True) if name not in left_out]
    query += [(name, str(value)) for name, value in changes.items() if value is not None]
    path = path or quote(request.script_root + request.path, safe="/-_.~:@")
    # Two slashes at the start would lead to another host.
    return "/" + path.lstrip("/") + (f"?{urlencode(query)}" if query else "")


def switch(name: str, value: str) -> str:
    """Return the link that sets one switch of the display and comes back to this page."""
    return here(**{SWITCH: f"{name}-{value}"})


def _headers(response: Response) -> Response:
    headers = response.headers
    headers["Content-Security-Policy"] = POLICY
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["X-Frame-Options"] = "DENY"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(self), geolocation=(), microphone=()"
    headers["X-Request-ID"] = g.get("request_id", "")
    if current_settings().secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
    return response


def _page(status: int, message: str) -> Response:
    """Render the error page of a status, or only its alert where htmx asked for a fragment."""
    known = {400, 401, 403, 404, 409, 413, 422, 429, 500, 503}
    name = f"errors/{status if status in known else (500 if status >= 500 else 400)}.html"
    template = "errors/_fragment.html" if wants_fragment() else name
    response = Response(render_template(template, message=message, status=status), status)
    response.vary.add("HX-Request")
    return response


def say_no(error: LiaisonError) -> Response:
    """Return the page that says a refusal in words."""
    return wait_for(_page(error.status, translated(error)), error)


def wait_for(response: Response, error: LiaisonError) -> Response:
    """Give a page the status of a refusal and, where it says in how many seconds to try again, that header."""
    response.status_code = error.status
    if wait := getattr(error, "retry_after", None):
        response.headers["Retry-After"] = str(wait)
    return response


def _form_expired(error: CSRFError) -> Response:
    return _page(400, gettext("这一页放得太久了。请刷新后再交一次，填过的内容可以先复制下来。"))


def _http_error(error: HTTPException) -> Response:
    if error.response is not None:
        return error.response  # type: ignore[return-value]
    response = _page(error.code or 500, "")
    for name, value in error.get_headers():
        if name.lower() in {"allow", "retry-after"}:
            response.headers[name] = value
    return response


def no_database(error: Exception) -> Response:
    """The database is busy, full, locked or away: what was asked can be asked again in a moment."""
    log.warning("the database does not answer: %s", logs.told(error))
    db.session.remove()
    return _try_again()


def _no_space(error: OSError) -> Response:
    """The disk is full where an upload is kept for a moment. Any other OSError is a fault of ours."""
    if error.errno not in NO_SPACE:
        raise error
    log.warning("there is no space left: %s", logs.told(error))
    return _try_again()


def _broken_body(error: ParseException) -> Response:
    """What was sent cannot be read to its end: a body in pieces whose sizes are none. No fault of ours."""
    return _page(400, "")


def _try_again() -> Response:
    # Nothing of this page may ask the database anew, and the menu of an account would.
    g.account = None
    response = _page(503, gettext("系统正忙，这一步可能没有存上。请过几秒再试一次。"))
    response.headers["Retry-After"] = str(TRY_AGAIN_SECONDS)
    return response


def _crashed(error: Exception) -> Response:
    log.exception("request %s failed: %s %s", g.get("request_id"), request.method, request.endpoint)
    return _page(500, "")


def own_path(target: str | None) -> str:
    """Return `target` where it is a path of this application, else “/” (no open redirect)."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return url_for("web.start")
    if any(ord(sign) < 33 or sign == "\\" for sign in target):
        return url_for("web.start")
    return target
