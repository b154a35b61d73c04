"""Put the application together; no logic."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from importlib import import_module
from pathlib import Path

from flask import Flask, g
from flask_babel import Babel
from flask_compress import Compress
from flask_migrate import Migrate
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from .access import guards
from .access.permissions import Permission, Role
from .audit import traces
from .audit.rules import ACTION_NAMES
from .core import clock, web
from .core.db import WAIT_SECONDS, db, postgres_limits
from .scheduling.kinds import KINDS, ROLE_NAMES
from .scheduling.rules import phase
from .settings import Settings, SettingsRefused

ROOT = Path(__file__).resolve().parent.parent
MIGRATIONS = ROOT / "migrations"
MEGABYTE = 1024 * 1024

csrf = CSRFProtect()


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application for `settings` (default: from the environment).

    Raises SettingsRefused where they are not safe, BareRoute where a route wears no guard.
    """
    settings = (settings or Settings.from_env()).checked()
    if unknown := set(settings.second_factor_roles) - set(Role):
        raise SettingsRefused(f"LIAISON_SECOND_FACTOR_ROLES 里没有这样的角色：{'、'.join(sorted(unknown))}。")
    app = Flask("liaison_app", template_folder=str(ROOT / "templates"), root_path=str(ROOT / "liaison_app"))
    app.config.update(
        LIAISON=settings,
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.sqlalchemy_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(settings),
        MAX_CONTENT_LENGTH=12 * MEGABYTE,
        MAX_FORM_MEMORY_SIZE=MEGABYTE,
        MAX_FORM_PARTS=1000,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=365),
        SESSION_COOKIE_NAME=("__Host-liaison" if settings.secure else "liaison"),
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.absolute_hours),
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        BABEL_DEFAULT_LOCALE=web.LOCALES[0],
        BABEL_DEFAULT_TIMEZONE="Asia/Shanghai",
        BABEL_TRANSLATION_DIRECTORIES=str(ROOT / "liaison_app" / "translations"),
        COMPRESS_REGISTER=True,
        COMPRESS_MIMETYPES=[
            "text/html",
            "text/css",
            "text/calendar",
            "application/javascript",
            "text/javascript",
        ],
        COMPRESS_ALGORITHM=["gzip"],
        ASSET_VERSION=_asset_version(),
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    # Everything but the plain texts of messages: an "&amp;" in a mail or SMS would be read as it stands.
    app.jinja_env.autoescape = lambda name: name is None or not name.endswith(".txt")
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]

    db.init_app(app)
    Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=True, compare_type=True)
    Babel(app, locale_selector=web.choose_locale)
    Compress(app)
    web.init_app(app)
    app.before_request(_nobody_yet)
    # After the limits of a form: looking for the token reads it.
    csrf.init_app(app)
    app.jinja_env.globals.update(
        may=guards.may,
        allowed_paths=guards.allowed_paths,
        Permission=Permission,
        kinds=KINDS,
        role_names=ROLE_NAMES,
        action_names=ACTION_NAMES,
        phase=lambda meeting: phase(meeting, clock.now()),
    )
    _register(app)
    guards.refuse_bare_routes(app)
    return app


def _nobody_yet() -> None:
    g.account = None


def _engine_options(settings: Settings) -> dict[str, object]:
    if settings.sqlalchemy_url.startswith("sqlite"):
        return {"connect_args": {"timeout": 10, "check_same_thread": False}}
    return {
        "pool_pre_ping": True,
        "pool_size": 10,
        "max_overflow": 10,
        "pool_timeout": WAIT_SECONDS,
        "connect_args": postgres_limits(),
    }


def _asset_version() -> str:
    """Return a short mark that changes whenever a file under static/ does."""
    mark = hashlib.sha256()
    for file in sorted((ROOT / "liaison_app" / "static").rglob("*")):
        if file.is_file():
            mark.update(file.read_bytes())
    return mark.hexdigest()[:10]


# Modules that hold a blueprint `bp`, and modules that register handlers of facts and duties of the worker.
PAGES = (
    "accounts.public",
    "accounts.sso_pages",
    "accounts.views",
    "attendance.public",
    "attendance.sheet_pages",
    "attendance.views",
    "calendars.views",
    "dashboards.people_pages",
    "dashboards.public",
    "dashboards.station_pages",
    "dashboards.trail",
    "dashboards.views",
    "imports.views",
    "inbox.views",
    "invitations.public",
    "invitations.views",
    "messages.views",
    "operations.views",
    "planning.find_pages",
    "planning.views",
    "privacy.public",
    "privacy.views",
    "proposals.public",
    "proposals.views",
    "scheduling.public",
    "scheduling.views",
    "signups.public",
    "signups.views",
    "workdays.views",
)
LISTENERS = (
    "audit.jobs", "calendars.jobs", "imports.jobs", "inbox.jobs", "invitations.handlers", "messages.jobs", "privacy.jobs",
    "proposals.handlers", "scheduling.jobs", "signups.handlers", "signups.jobs",
)  # fmt: skip


# Domains that say in their `personal.py` where personal data lies, in the order in which people read of it.
HOLDERS = (
    "signups", "attendance", "messages", "people", "calendars", "scheduling", "invitations", "proposals", "inbox", "imports",
    "jobs", "accounts", "audit", "orgs", "stations", "workdays", "planning",
)  # fmt: skip


def _register(app: Flask) -> None:
    for name in HOLDERS:
        import_module(f"liaison_app.{name}.personal")
    for name in PAGES:
        app.register_blueprint(import_module(f"liaison_app.{name}").bp)
    for name in LISTENERS:
        import_module(f"liaison_app.{name}")
    import_module("liaison_app.operations.schema").init_app(app)
    app.before_request(import_module("liaison_app.accounts.browsers").load_account)
    app.after_request(traces.note_request)
    app.context_processor(import_module("liaison_app.dashboards.navigation").menu)
    import_module("liaison_app.operations.metrics").init_app(app)
    import_module("liaison_app.cli").init_app(app)
