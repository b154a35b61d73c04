"""The deputies for the staff: the list, and the card of each. Stands here because it shows people with their stations."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import may, requires
from liaison_app.access.permissions import Permission
from liaison_app.core import links
from liaison_app.core.db import transaction
from liaison_app.core.errors import Missing
from liaison_app.core.htmx import render
from liaison_app.core.paging import Page, asked_page
from liaison_app.core.text import clean_line
from liaison_app.core.web import row_id
from liaison_app.limits.rules import REVEAL
from liaison_app.people import queries as people
from liaison_app.people import services
from liaison_app.people.models import Person, PersonAddress
from liaison_app.people.rules import LEVEL_NAMES
from liaison_app.stations import queries as stations
from liaison_app.stations.models import Station

bp = Blueprint("people", __name__)

PER_PAGE = 50


@dataclass(frozen=True)
class Card:
    """Somebody with the stations they belong to.

    `unit_paths` are those of the stations, of the units where they hold a post, and of the district: who
    holds a role on one of these or above may see the number and hand out the calendar link.
    """

    person: Person
    homes: list[Station]
    unit_paths: tuple[str, ...]


def get_card(person_id: int) -> Card:
    """Return the card of somebody, or raise Missing."""
    person = people.get_card(person_id)
    return Card(person, list(stations.list_homes(person_id)), stations.paths_of(person))


@dataclass(frozen=True)
class OwnAddress:
    """A further address of somebody; `unit_paths` are those of the card."""

    card: Card
    address: PersonAddress

    @property
    def unit_paths(self) -> tuple[str, ...]:
        return self.card.unit_paths


def get_address(person_id: int, address_id: int) -> OwnAddress:
    """Return a further address of this person, and of no other (SECURITY A7); or raise Missing."""
    for address in people.list_addresses([person_id]):
        if address.id == address_id:
            return OwnAddress(get_card(person_id), address)
    raise Missing


@bp.get("/people")
@requires(Permission.PERSON_READ)
def deputies() -> ResponseReturnValue:
    """List the deputies of the district, whichever the own station; numbers are masked."""
    args = request.args
    page, station_id = asked_page(args.get("page")), args.get("station", type=row_id)
    level = args.get("level", type=row_id)
    places = stations.list_names()
    found, total = people.list_deputies(
        text=clean_line(args.get("q", ""))[:40],
        level=level if level in LEVEL_NAMES else None,
        ids=stations.list_member_ids(station_id) if station_id in places else None,
        active_only=args.get("all") != "1",
        limit=PER_PAGE,
        offset=(page - 1) * PER_PAGE,
    )
    return render(
        "people/deputies.html",
        fragment="people/_deputies.html",
        people=found,
        homes=stations.stations_of([person.id for person in found]),
        paging=Page(page, PER_PAGE, total),
        stations=places,
        level_names=LEVEL_NAMES,
    )


@bp.get("/people/<int:person_id>")
@requires(Permission.PERSON_READ)
def person(person_id: int) -> ResponseReturnValue:
    """Show the card of somebody; what is private only to those who are responsible."""
    return _card(get_card(person_id))


@bp.post("/people/<int:person_id>/phone")
@requires(Permission.PHONE_REVEAL, on=get_card, limit=REVEAL)
def reveal(card: Card) -> ResponseReturnValue:
    """Show the whole number, once, and note who looked."""
    person_id = card.person.id
    with transaction():
        services.note_revealed(person_id, by=g.account)
    return _card(get_card(person_id), fragment="people/_phone.html", is_revealed=True)


@bp.post("/people/<int:person_id>/feed")
@requires(Permission.FEED_ISSUE, on=get_card)
def issue_feed(card: Card) -> ResponseReturnValue:
    """Make a secret link to the person's own calendar, and show it this once."""
    person_id = card.person.id
    with transaction():
        token = services.issue_feed(person_id, by=g.account)
    return _card(get_card(person_id), fragment="people/_feed.html", feed_url=links.feed_url(token))


@bp.post("/people/<int:person_id>/feed/revoke")
@requires(Permission.FEED_ISSUE, on=get_card)
def revoke_feed(card: Card) -> ResponseReturnValue:
    """End the secret link; calendars that use it get nothing from now on."""
    person_id, name = card.person.id, card.person.name
    with transaction():
        services.revoke_feed(person_id, by=g.account)
    flash(_("%(name)s的日历链接停用了。", name=name))
    return redirect(url_for(".person", person_id=person_id), 303)


@bp.post("/people/<int:person_id>/addresses/<int:address_id>/end")
@requires(Permission.MESSAGE_MANAGE, on=get_address)
def end_address(own: OwnAddress) -> ResponseReturnValue:
    """Take no answers from an address any more."""
    person_id, name = own.card.person.id, own.card.person.name
    with transaction():
        services.end_address(person_id, own.address.id, by=g.account)
    flash(_("从这个邮箱来的，不再算%(name)s的答复。", name=name))
    return redirect(url_for(".person", person_id=person_id), 303)


def _card(
    card: Card, *, fragment: str | None = None, is_revealed: bool = False, feed_url: str = ""
) -> ResponseReturnValue:
    return render(
        "people/person.html",
        fragment=fragment,
        card=card,
        person=card.person,
        homes=card.homes,
        addresses=people.list_addresses([card.person.id]) if may(Permission.MESSAGE_MANAGE, card) else [],
        may_reveal=may(Permission.PHONE_REVEAL, card),
        may_issue=may(Permission.FEED_ISSUE, card),
        is_revealed=is_revealed,
        feed_url=feed_url,
        level_names=LEVEL_NAMES,
    )
