"""Pages of people's own calendars: the own ones, and those that a clerk looks after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import allowed_paths, requires
from liaison_app.access.permissions import Permission
from liaison_app.core import clock, fetch
from liaison_app.core.db import get, transaction
from liaison_app.core.errors import Missing, Refused
from liaison_app.core.htmx import render
from liaison_app.core.time_fields import complain
from liaison_app.core.web import translated
from liaison_app.limits.rules import FILES
from liaison_app.people.models import Person

from . import apart, queries, rules, services
from .forms import SourceForm
from .kinds import SOURCE_NAMES
from .models import CalendarSource
from .queries import Owned, Owner

bp = Blueprint("calendars", __name__)

Way = Callable[..., str]


# --- the own ------------------------------------------------------------------


@bp.get("/calendars/mine")
@requires(Permission.INVITATION_OWN)
def mine() -> ResponseReturnValue:
    """Show the calendars of the signed-in person, and how to add one."""
    person = _own_person()
    return _page(person, SourceForm(), _own_way) if person else _of_nobody()


@bp.post("/calendars/mine/add")
@requires(Permission.INVITATION_OWN, limit=FILES)
def add_mine() -> ResponseReturnValue:
    """Add a calendar of the signed-in person."""
    person = _own_person()
    return _added(person, _own_way) if person else _of_nobody()


@bp.post("/calendars/mine/<int:source_id>/read")
@requires(Permission.INVITATION_OWN, limit=FILES)
def read_mine(source_id: int) -> ResponseReturnValue:
    """Let an own calendar be read now."""
    return _read_soon(_own_source(source_id), _own_way)


@bp.route("/calendars/mine/<int:source_id>/remove", methods=["GET", "POST"])
@requires(Permission.INVITATION_OWN)
def remove_mine(source_id: int) -> ResponseReturnValue:
    """Ask, then give an own calendar up."""
    return _removed(_own_source(source_id), _own_way)


def _own_person() -> Person | None:
    """Return whom of the registers the account belongs to, where it belongs to somebody."""
    return get(Person, g.account.person_id) if g.account.person_id else None


def _own_source(source_id: int) -> CalendarSource:
    source = queries.find_source(source_id)
    if source is None or source.person_id != g.account.person_id:
        raise Missing
    return source


def _of_nobody() -> ResponseReturnValue:
    flash(_("这个账号没有连到名册上的人，没有本人的日历可加。"))
    return redirect(url_for("sign_in.own"), 303)


def _own_way(step: str, **values: Any) -> str:
    return url_for(f".{step}_mine" if step else ".mine", **values)


# --- those that somebody looks after ---------------------------------------------


@bp.get("/calendars")
@requires(Permission.BUSY_MANAGE)
def index() -> ResponseReturnValue:
    """List the people of the own bureaus, with the calendars that are read of each and how that goes."""
    posts = queries.list_posts(allowed_paths(Permission.BUSY_MANAGE))
    return render(
        "calendars/index.html",
        posts=posts,
        held=queries.by_person({post.person_id for post in posts}),
        state_of=_state_of,
    )


@bp.get("/people/<int:person_id>/calendars")
@requires(Permission.BUSY_MANAGE, on=queries.get_owner)
def of_person(owner: Owner) -> ResponseReturnValue:
    """Show somebody's calendars, and how to add one."""
    return _page(owner.person, SourceForm(), _way_of(owner.person.id))


@bp.post("/people/<int:person_id>/calendars/add")
@requires(Permission.BUSY_MANAGE, on=queries.get_owner, limit=FILES)
def add_of_person(owner: Owner) -> ResponseReturnValue:
    """Add a calendar of somebody."""
    return _added(owner.person, _way_of(owner.person.id))


@bp.post("/people/<int:person_id>/calendars/<int:source_id>/read")
@requires(Permission.BUSY_MANAGE, on=queries.get_source, limit=FILES)
def read_of_person(owned: Owned) -> ResponseReturnValue:
    """Let somebody's calendar be read now."""
    return _read_soon(owned.source, _way_of(owned.source.person_id))


@bp.route("/people/<int:person_id>/calendars/<int:source_id>/remove", methods=["GET", "POST"])
@requires(Permission.BUSY_MANAGE, on=queries.get_source)
def remove_of_person(owned: Owned) -> ResponseReturnValue:
    """Ask, then give somebody's calendar up."""
    return _removed(owned.source, _way_of(owned.source.person_id))


def _way_of(person_id: int) -> Way:
    def way(step: str, **values: Any) -> str:
        return url_for(f".{step}_of_person" if step else ".of_person", person_id=person_id, **values)

    return way


# --- both -----------------------------------------------------------------------


def _page(person: Person, form: SourceForm, way: Way) -> ResponseReturnValue:
    sources = queries.list_sources(person.id)
    return render(
        "calendars/person.html",
        fragment=None if form.errors else "calendars/_sources.html",
        status=422 if form.errors else 200,
        person=person,
        sources=sources,
        waiting=any(one.waits for one in sources),
        state_of=_state_of,
        kind_names=SOURCE_NAMES,
        is_full=len(sources) >= rules.MOST_SOURCES,
        form=form,
        way=way,
        is_own=way is _own_way,
    )


def _added(person: Person, way: Way) -> ResponseReturnValue:
    """Add what the form names, or come back with a sentence beside the field."""
    form = SourceForm()
    if not form.validate_on_submit():
        return _page(person, form, way)
    person_id, label = person.id, form.label.data or ""
    try:
        if form.file.data:
            _add_file(person, form)
            flash(_("已读完这份文件，只留下没空的时间。"))
        else:
            with transaction():
                services.add_link(person_id, form.address.data or "", label, by=g.account)
            flash(_("已加上，后台一两分钟内开始读。"))
    except Refused as refusal:
        complain(form.file if form.file.data else form.address, translated(refusal))
        return _page(get(Person, person_id), form, way)
    return redirect(way(""), 303)


def _add_file(person: Person, form: SourceForm) -> None:
    raw = form.file.data.read(fetch.LARGEST_BYTES + 1)
    if len(raw) > fetch.LARGEST_BYTES:
        raise fetch.TooLarge
    person_id, reading = person.id, apart.read(raw, services.stretch_of(person))
    with transaction():
        services.add_file(person_id, reading, form.label.data or "", by=g.account)


def _read_soon(source: CalendarSource, way: Way) -> ResponseReturnValue:
    source_id = source.id
    with transaction():
        services.read_soon(source_id, by=g.account)
    flash(_("后台一两分钟内再读一次。"))
    return redirect(way(""), 303)


def _removed(source: CalendarSource, way: Way) -> ResponseReturnValue:
    if request.method == "POST":
        source_id = source.id
        with transaction():
            services.remove(source_id, by=g.account)
        flash(_("已停用，链接和读到的时间都删了。"))
        return redirect(way(""), 303)
    return render("calendars/remove.html", source=source, way=way, kind_names=SOURCE_NAMES)


def _state_of(source: CalendarSource) -> dict[str, Any]:
    """Return how reading a calendar goes: a tag, and in words what is wrong where something is."""
    sentence = services.SENTENCES.get(source.trouble, services.SENTENCES["unreachable"])
    is_old = source.read_at is not None and source.read_at < clock.now() - rules.OLD
    return {
        "trouble": _(sentence).format(answered=source.trouble_status) if source.trouble else "",
        "is_old": source.is_link and is_old,
        "until": None if source.is_link else source.until,
    }
