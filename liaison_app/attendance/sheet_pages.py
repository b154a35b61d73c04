"""What lies on the table in paper: lists, badges, name cards and the map of seats to print; and the signed sheet, filed."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, Response, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import requires
from liaison_app.access.permissions import Permission
from liaison_app.audit import traces
from liaison_app.core import clock, pictures, workbooks
from liaison_app.core.db import transaction
from liaison_app.core.errors import Refused
from liaison_app.core.htmx import render
from liaison_app.core.time_fields import complain
from liaison_app.core.web import current_settings, here, row_id, translated
from liaison_app.limits.rules import FILES
from liaison_app.scheduling.kinds import RoleCode
from liaison_app.scheduling.models import Meeting
from liaison_app.scheduling.queries import get_meeting

from . import documents, queries, rules, seating, services
from .forms import PhotoForm
from .models import SheetPhoto
from .papers import roster_rows, sheet_rows
from .queries import Guest
from .seating import EVEN_NAMES, LAYOUT_NAMES, Even, Layout

bp = Blueprint("sheets", __name__)

P = "/meetings/<int:meeting_id>/sheets"


@bp.get(P)
@requires(Permission.SIGNUP_READ, on=get_meeting)
def sheets(meeting: Meeting) -> ResponseReturnValue:
    """Show what can be printed and taken along, and the photographs of the signed sheet."""
    return _sheets(meeting, PhotoForm())


def _sheets(meeting: Meeting, form: PhotoForm) -> ResponseReturnValue:
    form.offer(meeting.id)
    guests = _expected(meeting)
    return render(
        "attendance/sheets.html",
        status=422 if form.errors else 200,
        meeting=meeting,
        form=form,
        at_table=sum(one.is_at_table for one in guests),
        in_room=sum(not one.is_at_table for one in guests),
        photos=queries.list_photos(meeting.id),
        may_file=rules.may_note(meeting.state, meeting.starts_at, clock.now()),
        kept_days=current_settings().retention_days["signup"],
    )


def _expected(meeting: Meeting) -> list[Guest]:
    return [one for one in queries.list_guests(meeting.id) if one.is_expected]


# --- to print -------------------------------------------------------------------


@bp.get(f"{P}/roster")
@requires(Permission.SIGNUP_READ, on=get_meeting)
def roster(meeting: Meeting) -> ResponseReturnValue:
    """The list of who is expected (参会人员名单), by role; without telephone numbers."""
    groups: dict[RoleCode, list[Guest]] = {}
    for guest in _expected(meeting):
        groups.setdefault(guest.role, []).append(guest)
    return render("attendance/roster.html", meeting=meeting, groups=groups)


@bp.get(f"{P}/badges")
@requires(Permission.SIGNUP_READ, on=get_meeting)
def badges(meeting: Meeting) -> ResponseReturnValue:
    """A badge for everybody who is expected, ten to a page."""
    return render("attendance/badges.html", meeting=meeting, guests=_expected(meeting))


@bp.get(f"{P}/cards")
@requires(Permission.SIGNUP_READ, on=get_meeting)
def cards(meeting: Meeting) -> ResponseReturnValue:
    """A name card (桌签) to fold for everybody at the table, or for everybody."""
    everybody = request.args.get("who") == "all"
    guests = [one for one in _expected(meeting) if everybody or one.is_at_table]
    return render("attendance/cards.html", meeting=meeting, guests=guests, everybody=everybody)


@bp.get(f"{P}/seats")
@requires(Permission.SIGNUP_READ, on=get_meeting)
def seats(meeting: Meeting) -> ResponseReturnValue:
    """The map of seats (座次图), in the layout and the habit that the address says."""
    layout, even, in_row = _asked()
    guests = _expected(meeting)
    table = [one for one in guests if one.is_at_table]
    room = [one for one in guests if not one.is_at_table]
    ours, theirs = table, []
    if layout == Layout.FACING:
        ours = [one for one in table if one.role in seating.CONGRESS]
        theirs = [one for one in table if one.role not in seating.CONGRESS]
    return render(
        "attendance/seats.html",
        meeting=meeting,
        layout=layout,
        even=even,
        in_row=in_row,
        ours=seating.row(ours, even),
        theirs=seating.row(theirs, even, from_behind=True),
        rows=seating.rows(room, in_row),
        layouts=[_choice(_(label), one == layout, layout=one) for one, label in LAYOUT_NAMES.items()],
        habits=[_choice(label, one == even, even=one) for one, label in EVEN_NAMES.items()],
        widths=[_choice(str(n), n == in_row, row=n) for n in seating.ROW_WIDTHS],
    )


def _asked() -> tuple[Layout, Even, int]:
    """Return how the seats are wanted; what is none of the choices is the first."""
    layout, even = request.args.get("layout", ""), request.args.get("even", "")
    width = request.args.get("row", default=seating.USUAL_IN_ROW, type=row_id)
    return (
        Layout(layout) if layout in set(Layout) else Layout.STAGE,
        Even(even) if even in set(Even) else Even.SECOND_LEFT,
        width if width in seating.ROW_WIDTHS else seating.USUAL_IN_ROW,
    )


def _choice(label: str, current: bool, **asked: object) -> dict[str, object]:
    return {
        "label": label,
        "url": here(None, **{name: str(one) for name, one in asked.items()}),
        "current": current,
    }


# --- to take along ----------------------------------------------------------------


@bp.get(f"{P}/roster.xlsx")
@requires(Permission.SIGNUP_READ, on=get_meeting, limit=FILES)
def roster_xlsx(meeting: Meeting) -> ResponseReturnValue:
    """Who is expected, as a workbook; without telephone numbers."""
    return _workbook(meeting, "roster", _("参会人员名单"), roster_rows(_expected(meeting)))


@bp.get(f"{P}/attendance.xlsx")
@requires(Permission.SIGNUP_READ, on=get_meeting, limit=FILES)
def attendance_xlsx(meeting: Meeting) -> ResponseReturnValue:
    """Who was expected and who came, as a workbook; without telephone numbers."""
    guests = [one for one in queries.list_guests(meeting.id) if one.is_expected or one.has_come]
    return _workbook(meeting, "attendance", _("签到"), sheet_rows(guests))


def _workbook(meeting: Meeting, name: str, title: str, rows: Iterable[list[object]]) -> Response:
    lines = list(rows)
    count = len(lines) - 1
    traces.note_list_taken("attendance:list:export", meeting, count, ())
    content = workbooks.xlsx_file(title, [*lines, [], [traces.mark(count)]])
    return traces.give_file(content, name=f"{name}-{meeting.code}.xlsx", content_type=workbooks.MIMETYPE)


@bp.get(f"{P}/sign-in.docx")
@requires(Permission.SIGNUP_READ, on=get_meeting, limit=FILES)
def sign_in_docx(meeting: Meeting) -> ResponseReturnValue:
    """The sign-in sheet (签到表) as a document that an office can change before it prints it."""
    guests = _expected(meeting)
    return _document(meeting, "sign-in", documents.sign_in_sheet(meeting, guests), len(guests))


@bp.get(f"{P}/cards.docx")
@requires(Permission.SIGNUP_READ, on=get_meeting, limit=FILES)
def cards_docx(meeting: Meeting) -> ResponseReturnValue:
    """The name cards of the table (桌签) as a document, one to a page."""
    guests = [one for one in _expected(meeting) if one.is_at_table]
    return _document(meeting, "cards", documents.name_cards(guests), len(guests))


def _document(meeting: Meeting, name: str, content: bytes, count: int) -> Response:
    traces.note_list_taken("attendance:list:export", meeting, count, ())
    return traces.give_file(content, name=f"{name}-{meeting.code}.docx", content_type=documents.MIMETYPE)


# --- the signed sheet ---------------------------------------------------------------


@bp.post(f"{P}/photos")
@requires(Permission.ATTENDANCE_MANAGE, on=get_meeting, limit=FILES)
def file_photo(meeting: Meeting) -> ResponseReturnValue:
    """File a photograph of the signed sheet, made anew from what was sent."""
    form = PhotoForm()
    form.offer(meeting.id)
    if form.validate_on_submit():
        try:
            # Outside of the transaction: it takes a second of work, and nobody waits for it.
            picture = pictures.made_anew(form.photo.data.read())
            with transaction():
                services.file_photo(meeting.id, picture, form_token=form.form_token.data or "", by=g.account)
        except Refused as refusal:
            complain(form.photo, translated(refusal))
        else:
            flash(_("照片存好了。"))
            return redirect(_home(meeting), 303)
    return _sheets(meeting, form)


@bp.get(f"{P}/photos/<int:photo_id>.jpg")
@requires(Permission.SIGNUP_READ, on=queries.get_photo, limit=FILES)
def photo(photo: SheetPhoto) -> ResponseReturnValue:
    """Give a photograph as a file, and note who took it: names and signatures stand on it."""
    content, name = photo.picture or b"", f"sheet-{photo.meeting.code}-{photo.id}.jpg"
    traces.note_taken("attendance:photo:export", photo, photo.meeting.title)
    return traces.give_file(content, name=name, content_type=pictures.MIMETYPE)


@bp.route(f"{P}/photos/<int:photo_id>/remove", methods=["GET", "POST"])
@requires(Permission.ATTENDANCE_MANAGE, on=queries.get_photo)
def remove_photo(photo: SheetPhoto) -> ResponseReturnValue:
    """Ask, then take a photograph off."""
    meeting = photo.meeting
    if request.method == "POST":
        home = _home(meeting)
        with transaction():
            services.remove_photo(photo.id, by=g.account)
        flash(_("照片删掉了。"))
        return redirect(home, 303)
    return render("attendance/remove_photo.html", meeting=meeting, photo=photo, back=_home(meeting))


def _home(meeting: Meeting) -> str:
    return url_for(".sheets", meeting_id=meeting.id)
