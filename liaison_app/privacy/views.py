"""Staff pages of personal data: what is left, requests of citizens, and those of deputies and officials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import allowed_paths, requires, signed_in
from liaison_app.access.permissions import Permission
from liaison_app.core import clock
from liaison_app.core.db import get, transaction
from liaison_app.core.errors import LiaisonError, Missing
from liaison_app.core.htmx import render
from liaison_app.core.personal import WHOSE_NAMES
from liaison_app.core.web import translated
from liaison_app.limits.rules import FILES, REVEAL
from liaison_app.people import queries as people
from liaison_app.people.models import Person
from liaison_app.people.rules import PUBLISHABLE
from liaison_app.people.services import note_consent
from liaison_app.signups.models import SignUp
from liaison_app.signups.queries import mobile_key
from liaison_app.stations import queries as stations

from . import queries, services
from .forms import LookForm, RefusalForm
from .papers import as_file, copy_file

bp = Blueprint("privacy", __name__)

# The browser session remembers the keyed hash of the number that was looked for, never the number.
LOOKED_FOR = "looked_for"


@bp.get("/personal-data")
@requires(Permission.PRIVACY_READ)
def left() -> ResponseReturnValue:
    """Show what is still held, place by place, and what the last night did."""
    found = queries.list_left(clock.now())
    return render(
        "privacy/left.html",
        found=found,
        overdue=sum(one.overdue for one in found),
        whose_names=WHOSE_NAMES,
        run=queries.last_run(),
        erasures=queries.count_erasures(),
        may_ask=bool(allowed_paths(Permission.PRIVACY_REQUEST)),
    )


# --- citizens ---------------------------------------------------------------------


def get_signup(signup_id: int) -> SignUp:
    """Return a sign-up; it belongs to its meeting's unit. Raises Missing."""
    return get(SignUp, signup_id)


@bp.route("/personal-data/requests", methods=["GET", "POST"])
@requires(Permission.PRIVACY_REQUEST, limit=REVEAL)
def ask() -> ResponseReturnValue:
    """Look for somebody by the whole number; each look is noted, with how the request came."""
    form = LookForm()
    form.offer()
    paths = allowed_paths(Permission.PRIVACY_REQUEST)
    if form.validate_on_submit():
        key = mobile_key(form.mobile.data)
        found = queries.list_of_mobile(key, paths)
        with transaction():
            services.note_look(form.door.data, len(found), by=g.account, unit_id=_own_unit(paths))
        session[LOOKED_FOR] = key
        return redirect(url_for(".ask", found=1), 303)
    looked_for = session.get(LOOKED_FOR) if request.args.get("found") and not form.errors else None
    return render(
        "privacy/ask.html",
        status=422 if form.errors else 200,
        form=form,
        has_looked=looked_for is not None,
        found=queries.list_of_mobile(looked_for, paths) if looked_for else [],
    )


def _own_unit(paths: list[str]) -> int:
    """Return the unit on which the clerk holds the permission: the last step of its path."""
    return int(paths[0].rstrip("/").rpartition("/")[2])


@bp.get("/personal-data/requests/<int:signup_id>")
@requires(Permission.PRIVACY_REQUEST, on=get_signup)
def request_of(signup: SignUp) -> ResponseReturnValue:
    """Show what is held of somebody who signed up, numbers masked."""
    return render(
        "privacy/request.html",
        signup=signup,
        told=queries.tell(queries.subject_of_signup(signup)),
        form=_refusal_form(),
    )


@bp.post("/personal-data/requests/<int:signup_id>/copy")
@requires(Permission.PRIVACY_REQUEST, on=get_signup, limit=FILES)
def give_copy(signup: SignUp) -> ResponseReturnValue:
    """Give the copy for the person, and note who took it."""
    body, signup_id = copy_file(queries.tell(queries.subject_of_signup(signup))), signup.id
    with transaction():
        services.note_copy(get(SignUp, signup_id), by=g.account)
    return as_file(body)


@bp.route("/personal-data/requests/<int:signup_id>/erase", methods=["GET", "POST"])
@requires(Permission.PRIVACY_REQUEST, on=get_signup)
def erase(signup: SignUp) -> ResponseReturnValue:
    """Say what erasing means, then erase."""
    signup_id = signup.id
    if request.method == "POST":
        return _do(
            services.erase_signup, signup_id, _("删除了。"), url_for(".request_of", signup_id=signup_id)
        )
    if signup.erased_at is not None:
        return redirect(url_for(".request_of", signup_id=signup_id), 303)
    return render("privacy/erase_for.html", signup=signup, gives_back=queries.gives_back(signup, clock.now()))


@bp.post("/personal-data/requests/<int:signup_id>/refuse")
@requires(Permission.PRIVACY_REQUEST, on=get_signup)
def refuse(signup: SignUp) -> ResponseReturnValue:
    """Note that the request is refused, and why."""
    form, signup_id = _refusal_form(), signup.id
    if form.validate_on_submit():
        with transaction():
            services.refuse(get(SignUp, signup_id), form.why.data, by=g.account)
        flash(_("记下了：没有同意。请把原因告诉本人，本人可以投诉。"))
        return redirect(url_for(".request_of", signup_id=signup_id), 303)
    told = queries.tell(queries.subject_of_signup(signup))
    return render("privacy/request.html", status=422, signup=signup, told=told, form=form)


def _refusal_form() -> RefusalForm:
    form = RefusalForm()
    form.offer()
    return form


# --- deputies and officials ---------------------------------------------------------


@bp.get("/account/data")
@signed_in
def mine() -> ResponseReturnValue:
    """Show a deputy or an official who has signed in what is held of them, why and until when."""
    if (person := _signed_in_person()) is None:
        return _of_nobody()
    return render("privacy/mine.html", person=person, told=queries.tell(queries.subject_of_person(person)))


@bp.post("/account/data/copy")
@signed_in
def my_copy() -> ResponseReturnValue:
    """Give the same as a file, with all values in full, and note that it was taken."""
    if (person := _signed_in_person()) is None:
        return _of_nobody()
    body, person_id = copy_file(queries.tell(queries.subject_of_person(person))), person.id
    with transaction():
        services.note_copy(get(Person, person_id), by=g.account)
    return as_file(body)


def _signed_in_person() -> Person | None:
    """Return whom of the registers the account belongs to, where it belongs to somebody."""
    return people.get_card(g.account.person_id) if g.account.person_id else None


def _of_nobody() -> ResponseReturnValue:
    flash(_("这个账号没有连到名册上的人，除了这一页上的，没有别的。"))
    return redirect(url_for("sign_in.own"), 303)


@dataclass(frozen=True)
class Held:
    """Somebody of the registers. `unit_paths` are those of the stations, of the posts held and of the district."""

    person: Person
    unit_paths: tuple[str, ...]


def get_held(person_id: int) -> Held:
    """Return somebody of the registers, or raise Missing."""
    person = people.get_card(person_id)
    return Held(person, stations.paths_of(person))


@dataclass(frozen=True)
class Chosen:
    """One field of somebody that may be published."""

    held: Held
    field: str

    @property
    def unit_paths(self) -> tuple[str, ...]:
        return self.held.unit_paths


def get_field(person_id: int, field: str) -> Chosen:
    """Return a publishable field of somebody, or raise Missing."""
    if field not in PUBLISHABLE:
        raise Missing
    return Chosen(get_held(person_id), field)


@bp.get("/people/<int:person_id>/data")
@requires(Permission.PRIVACY_PERSON, on=get_held)
def person(held: Held) -> ResponseReturnValue:
    """Show what is held of a deputy or an official, why and until when."""
    told = queries.tell(queries.subject_of_person(held.person))
    consents = people.list_consents(held.person.id)
    return render(
        "privacy/person.html",
        person=held.person,
        told=told,
        has_contacts=queries.has_contacts(held.person),
        consents=consents,
        publishable=PUBLISHABLE,
        agreed={one.field for one in consents if one.withdrawn_at is None},
    )


@bp.post("/people/<int:person_id>/data/copy")
@requires(Permission.PRIVACY_PERSON, on=get_held, limit=FILES)
def person_copy(held: Held) -> ResponseReturnValue:
    """Give the copy for the person, and note who took it."""
    body, person_id = copy_file(queries.tell(queries.subject_of_person(held.person))), held.person.id
    with transaction():
        services.note_copy(get(Person, person_id), by=g.account)
    return as_file(body)


@bp.route("/people/<int:person_id>/data/contacts", methods=["GET", "POST"])
@requires(Permission.PRIVACY_PERSON, on=get_held)
def contacts(held: Held) -> ResponseReturnValue:
    """Say what is emptied and what stays by duty, then empty the contacts."""
    person_id = held.person.id
    if request.method == "POST":
        return _do(
            services.erase_contacts, person_id, _("联系方式清空了。"), url_for(".person", person_id=person_id)
        )
    if not queries.has_contacts(held.person):
        return redirect(url_for(".person", person_id=person_id), 303)
    return render("privacy/contacts.html", person=held.person)


@bp.post("/people/<int:person_id>/data/consents/<string:field>")
@requires(Permission.PRIVACY_PERSON, on=get_field)
def consent(chosen: Chosen) -> ResponseReturnValue:
    """Write down that somebody agrees that a field is public, or takes that back."""
    person_id, is_given = chosen.held.person.id, request.form.get("given") == "1"
    with transaction():
        note_consent(person_id, chosen.field, is_given=is_given, by=g.account)
    flash(_("记下了：同意公开。") if is_given else _("记下了：不再公开。"))
    return redirect(url_for(".person", person_id=person_id), 303)


def _do(step: Any, id: int, words: str, back: str) -> ResponseReturnValue:
    """Take a step as the signed-in clerk and go back, with the refusal or `words`."""
    try:
        with transaction():
            step(id, by=g.account)
    except LiaisonError as refusal:
        flash(translated(refusal), "error")
    else:
        flash(words)
    return redirect(back, 303)
