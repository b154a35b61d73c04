"""Staff pages of meetings: list, page, editor, and the steps of a meeting's life."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

from flask import Blueprint, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import allowed_paths, may, requires
from liaison_app.access.permissions import Permission
from liaison_app.audit import queries as audit
from liaison_app.audit import traces
from liaison_app.calendars import queries as calendars
from liaison_app.calendars.queries import Busy
from liaison_app.core import clock
from liaison_app.core.db import transaction
from liaison_app.core.errors import LiaisonError, Missing, Stale
from liaison_app.core.htmx import render
from liaison_app.core.paging import Page, asked_page
from liaison_app.core.text import clean_line, from_local, local, name_key
from liaison_app.core.time_fields import complain
from liaison_app.core.web import row_id, show_span, translated
from liaison_app.limits.rules import FILES
from liaison_app.messages import queries as messages
from liaison_app.orgs import queries as orgs
from liaison_app.orgs.kinds import ANSWERING, HOSTING, OrgKind
from liaison_app.people import queries as people
from liaison_app.people.models import Person, Post
from liaison_app.people.rules import LEVEL_NAMES
from liaison_app.stations import queries as stations

from . import papers, queries, rules, services
from .errors import Blocker, BusyElsewhere, Conflict, PlanRefused
from .forms import SEAT_ROLES, FiguresForm, MeetingForm, ReasonForm, StepForm, key_of
from .kinds import KINDS, ROLE_NAMES, STATE_NAMES, MeetingState, PlaceKind
from .models import Meeting
from .rules import MeetingPlan

bp = Blueprint("scheduling", __name__)

PER_PAGE = 30
MOST_IN_A_FILE = 5000
MOST_MATCHES = 30
MOST_ROOMS = 3
MOST_STAND_INS = 2
USUAL_KINDS = ("face_bureau", "reception", "inspection", "residents_council", "enterprise")
STEPS: dict[str, Callable[..., Meeting]] = {
    "publish": services.publish,
    "postpone": services.postpone,
    "cancel": services.cancel,
    "reinstate": services.reinstate,
    "hold": services.hold_meeting,
    "close": services.close_meeting,
}
STEP_FORMS: dict[str, type[StepForm]] = {
    **dict.fromkeys(rules.STEPS_FOR_REASON, ReasonForm),
    "hold": FiguresForm,
    "close": FiguresForm,
}


@bp.get("/meetings")
@requires(Permission.MEETING_READ)
def meetings() -> ResponseReturnValue:
    """List the meetings of the own part of the tree, filtered by what the address says."""
    paths, page = allowed_paths(Permission.MEETING_READ), asked_page(request.args.get("page"))
    found, total = queries.search(paths, **_asked(), page=page, per_page=PER_PAGE)
    return render(
        "scheduling/meetings.html",
        fragment="scheduling/_meetings.html",
        meetings=found,
        bureaus=queries.answering_units([meeting.id for meeting in found]),
        paging=Page(page, PER_PAGE, total),
        when=request.args.get("when", "ahead"),
        stations=stations.list_stations(paths),
        may_create=bool(allowed_paths(Permission.MEETING_MANAGE)),
        kinds=KINDS,
        state_names=STATE_NAMES,
    )


@bp.get("/meetings.csv")
@requires(Permission.MEETING_READ, limit=FILES)
def meetings_csv() -> ResponseReturnValue:
    """Give the same list as a file for a spreadsheet, all its pages at once."""
    found, _total = queries.search(
        allowed_paths(Permission.MEETING_READ), **_asked(), per_page=MOST_IN_A_FILE
    )
    rows = papers.meetings_rows(found, queries.answering_units([one.id for one in found]))
    asked = ("q", "when", "state", "kind", "station")
    return traces.give_csv(rows, name="meetings.csv", action="scheduling:meetings:export", asked=asked)


def _asked() -> dict[str, Any]:
    """Return what the address asks of a list of meetings; what is none of the known values does not narrow."""
    args = request.args
    when, state, kind = args.get("when", "ahead"), args.get("state", ""), args.get("kind", "")
    today = from_local(local(clock.now()).date(), time(0))
    return {
        "text": clean_line(args.get("q", ""))[:60],
        "states": [MeetingState(state)] if state in set(MeetingState) else None,
        "kind": kind if kind in KINDS else "",
        "station_id": args.get("station", type=row_id),
        "since": today if when == "ahead" else None,
        "until": today if when == "past" else None,
        "newest_first": when != "ahead",
    }


@bp.get("/meetings/<int:meeting_id>")
@requires(Permission.MEETING_READ, on=queries.get_meeting)
def meeting(meeting: Meeting) -> ResponseReturnValue:
    """Show one meeting: its facts, its people and what can be done next."""
    return render(
        "scheduling/meeting.html",
        meeting=meeting,
        may_manage=may(Permission.MEETING_MANAGE, meeting),
        may_publish=may(Permission.MEETING_PUBLISH, meeting),
        steps=rules.steps_from(meeting.state),
        trail=audit.trail_of("meeting", meeting.id),
        notice_by=rules.notice_by(meeting.kind, meeting.starts_at),
        to_tell=_to_tell(meeting),
    )


@bp.route("/meetings/new", methods=["GET", "POST"])
@requires(Permission.MEETING_MANAGE)
def new() -> ResponseReturnValue:
    """Draft a meeting; `?from=` takes another one as the pattern, `?station=`, `?day=`, `?start=` a free spot."""
    form = MeetingForm()
    pattern = _pattern()
    posts = _fill(form, pattern)
    if request.method == "GET":
        _begin(form, pattern, posts)
        return _editor(form, None)
    return _save(form, None, posts)


@bp.route("/meetings/<int:meeting_id>/edit", methods=["GET", "POST"])
@requires(Permission.MEETING_MANAGE, on=queries.get_meeting)
def edit(meeting: Meeting) -> ResponseReturnValue:
    """Change a meeting that has not been held."""
    if meeting.state not in rules.EDITABLE:
        flash(_("这一场已经不能改了。"), "error")
        return redirect(url_for(".meeting", meeting_id=meeting.id), 303)
    form = MeetingForm()
    posts = _fill(form, meeting)
    if request.method == "GET":
        form.show(services.as_plan(meeting), posts)
        form.version.data = meeting.version
        return _editor(form, meeting)
    return _save(form, meeting, posts)


@bp.get("/meetings/check")
@requires(Permission.MEETING_MANAGE)
def check() -> ResponseReturnValue:
    """Say, while the editor is being filled, whether time, room and people go together. Writes nothing."""
    form = MeetingForm(request.args, meta={"csrf": False})
    but = request.args.get("meeting", type=row_id)
    meeting = queries.get_meeting(but) if but else None
    if meeting is not None and not may(Permission.MEETING_MANAGE, meeting):
        raise Missing
    posts = _fill(form, meeting)
    verdict = _verdict(form, posts, meeting)
    return render("scheduling/_verdict.html", span=form.span(), verdict=verdict, form=form, meeting=meeting)


@bp.get("/meetings/deputies")
@requires(Permission.MEETING_MANAGE)
def deputies() -> ResponseReturnValue:
    """Offer the deputies that fit the words typed, with those already chosen on top."""
    form = MeetingForm(request.args, meta={"csrf": False})
    _fill(form, None)
    return render("scheduling/_deputies.html", form=form)


@bp.route("/meetings/<int:meeting_id>/publish", methods=["GET", "POST"])
@requires(Permission.MEETING_PUBLISH, on=queries.get_meeting)
def publish(meeting: Meeting) -> ResponseReturnValue:
    """Ask, then let a meeting become public and invite its people: a step that a reviewer may take as well."""
    return _step(meeting, "publish")


@bp.route(
    "/meetings/<int:meeting_id>/<any(postpone, cancel, reinstate, hold, close):step>", methods=["GET", "POST"]
)
@requires(Permission.MEETING_MANAGE, on=lambda meeting_id, step: queries.get_meeting(meeting_id))
def step(meeting: Meeting) -> ResponseReturnValue:
    """Ask before a step of a meeting's life, then take it."""
    return _step(meeting, str((request.view_args or {})["step"]))


def _step(meeting: Meeting, name: str) -> ResponseReturnValue:
    if rules.next_state(name, meeting.state) is None:
        flash(_("这一场现在不能这样做，请看它的状态。"), "error")
        return redirect(url_for(".meeting", meeting_id=meeting.id), 303)
    form = _step_form(name, meeting)
    conflict: list[Blocker] = []
    if form.validate_on_submit():
        said = {field: form[field].data for field in ("reason", "raised", "solved") if field in form}
        try:
            with transaction():
                STEPS[name](meeting.id, version=form.version.data, by=g.account, **said)
        except Conflict as refusal:
            conflict = refusal.blockers
            form.form_errors.append(_said(refusal))
        except LiaisonError as refusal:
            if isinstance(refusal, PlanRefused) and refusal.field in form:
                complain(form[refusal.field], translated(refusal))
            else:
                form.form_errors.append(translated(refusal))
        else:
            flash(_done(name, meeting))
            return redirect(url_for(".meeting", meeting_id=meeting.id), 303)
    elif request.method == "GET":
        form.version.data = meeting.version
        if isinstance(form, FiguresForm):
            form.raised.data, form.solved.data = meeting.issues_raised, meeting.issues_solved
    return render(
        "scheduling/step.html",
        status=422 if form.errors else 200,
        meeting=meeting,
        step=name,
        form=form,
        told=_told(meeting),
        mail_is_on=messages.mail_is_on(),
        conflict=shown_blockers(conflict),
        notice_by=rules.notice_by(meeting.kind, meeting.starts_at),
        is_late=name == "publish" and clock.now() > rules.notice_by(meeting.kind, meeting.starts_at),
    )


def _step_form(name: str, meeting: Meeting) -> StepForm:
    """Return the form of a step; a draft goes without a reason, for nobody has been told of it."""
    if name == "cancel" and meeting.published_at is None:
        return StepForm()
    return STEP_FORMS.get(name, StepForm)()


def _editor(
    form: MeetingForm,
    meeting: Meeting | None,
    *,
    verdict: dict[str, Any] | None = None,
    theirs: Sequence[tuple[str, str, str]] = (),
) -> ResponseReturnValue:
    return render(
        "scheduling/editor.html",
        status=422 if form.errors else 200,
        form=form,
        meeting=meeting,
        span=form.span(),
        seat_fields=[form.seats(role) for role in SEAT_ROLES],
        verdict=verdict,
        theirs=theirs,
        usual=USUAL_KINDS if meeting is None else (),
    )


def _save(form: MeetingForm, meeting: Meeting | None, posts: list[Post]) -> ResponseReturnValue:
    """Save what was typed, or come back with it: with a sentence beside the field, or the way out taken."""
    if _take_way_out(form, posts):
        return _editor(form, meeting, verdict=_verdict(form, posts, meeting))
    if not form.validate_on_submit():
        return _editor(form, meeting)
    plan = form.plan(posts, services.as_plan(meeting) if meeting else None)
    try:
        with transaction():
            if meeting is None:
                saved = services.create_meeting(
                    plan, unit_id=form.unit_id.data, by=g.account, form_token=form.form_token.data or None
                )
            else:
                saved = services.revise(meeting.id, plan, version=form.version.data, by=g.account)
    except PlanRefused as refusal:
        form.refuse(refusal.field, translated(refusal))
        return _editor(form, meeting)
    except Conflict as refusal:
        form.form_errors.append(_said(refusal))
        verdict = _ways_out(refusal.blockers, form, posts, (plan.starts_at, plan.ends_at), meeting)
        return _editor(form, meeting, verdict=verdict)
    except Stale as refusal:
        form.form_errors.append(translated(refusal))
        stored = queries.get_meeting(meeting.id if meeting else 0)
        return _editor(form, meeting, theirs=_differences(form, plan, stored))
    flash(_saved(saved, is_new=meeting is None))
    return redirect(url_for(".meeting", meeting_id=saved.id), 303)


def _pattern() -> Meeting | None:
    """Return the meeting that `?from=` names, or None."""
    source = request.args.get("from", type=row_id)
    if source is None:
        return None
    meeting = queries.get_meeting(source)
    if not may(Permission.MEETING_READ, meeting):
        raise Missing
    return meeting


def _begin(form: MeetingForm, pattern: Meeting | None, posts: list[Post]) -> None:
    """Give a new form its sensible start: a kind's usual seats and length, or another meeting's plan."""
    form.form_token.data = secrets.token_urlsafe(16)
    args = request.args
    if pattern is not None:
        plan = services.as_plan(pattern)
        form.show(replace(plan, signup_opens_at=None, signup_closes_at=None, notice=""), posts)
        # Why a head did not come that time says nothing about this one.
        form.day.data, form.stand_in_reason.data = None, ""
        form.unit_id.data = pattern.unit_id
    else:
        form.use_kind(KINDS.get(args.get("kind", ""), KINDS["face_bureau"]))
        form.place_kind.data = PlaceKind.ROOM
    for name in ("day", "starts", "ends", "lead", "others", "deputies"):
        if args.get(name):
            form[name].process(args)
    if args.get("room", type=row_id):
        form.room_id.data = args.get("room", type=row_id)


def _fill(form: MeetingForm, meeting: Meeting | None) -> list[Post]:
    """Offer what this account may choose from, and return the posts of the bureaus."""
    paths = allowed_paths(Permission.MEETING_MANAGE)
    units = orgs.list_units(paths, HOSTING)
    rooms = stations.list_rooms(paths)
    if meeting is not None and meeting.unit not in units:
        units = [*units, meeting.unit]
    posts = list(people.list_posts(ANSWERING))
    chosen = set(form.deputies.data or [])
    if meeting is not None and request.method == "GET" and not request.args.getlist("deputies"):
        chosen |= {one.person_id for one in meeting.participants if one.removed_at is None}
    form.fits = {room.id: room.capacity for room in rooms}
    offered, labels = _deputies_offered(form, rooms, chosen)
    chairs = people.list_posts([kind for kind in HOSTING if kind is not OrgKind.STATION])
    form.offer(units=units, rooms=rooms, chairs=chairs, posts=posts, deputies=offered, labels=labels)
    return posts


def _deputies_offered(form: MeetingForm, rooms: Any, chosen: set[int]) -> tuple[list[Person], dict[int, str]]:
    """Return the deputies to tick: the chosen, those that the typed words find, those of the room's station."""
    found: dict[int, Person] = {}
    if chosen:
        found |= {one.id: one for one in people.list_deputies(ids=chosen, limit=200)[0]}
    if name_key(form.find.data or ""):
        matching, form.matches = people.list_deputies(text=form.find.data or "", limit=MOST_MATCHES)
        found |= {one.id: one for one in matching}
    room_id = form.room_id.data or request.args.get("room", type=row_id)
    station_id = next((room.station_id for room in rooms if room.id == room_id), None)
    if station_id is None and rooms and len({room.station_id for room in rooms}) == 1:
        station_id = rooms[0].station_id
    if station_id is not None:
        found |= {one.id: one for one in stations.list_members(station_id)}
    homes = stations.stations_of(list(found))
    labels = {
        id: "　".join(filter(None, [one.name, _levels(one), homes.get(id, "")])) for id, one in found.items()
    }
    return list(found.values()), labels


def _levels(person: Person) -> str:
    """Return a deputy's levels in words: 市、区代表."""
    return _("%(levels)s代表", levels=_("、").join(_(LEVEL_NAMES[one.level]) for one in person.mandates))


def _take_way_out(form: MeetingForm, posts: Sequence[Post]) -> bool:
    """Follow a button that changes the form instead of saving it; return whether there was one."""
    posted = request.form
    if posted.get("use_time"):
        span = form.span()
        length = span[1] - span[0] if span else timedelta(hours=2)
        try:
            start = local(datetime.fromisoformat(posted["use_time"]))
            end = start + length
        except (ValueError, OverflowError):
            return True
        for field, value in (
            (form.day, start.date()),
            (form.starts, start.time()),
            (form.ends, end.time()),
        ):
            field.typed, field.data = "", value
        return True
    if posted.get("use_room", type=row_id):
        form.room_id.data = posted.get("use_room", type=row_id)
        return True
    if posted.get("use_lead") in {key_of(post) for post in posts}:
        form.lead.data = posted["use_lead"]
        return True
    if posted.get("use_kind") in KINDS:
        form.use_kind(KINDS[posted["use_kind"]])
        return True
    return posted.get("do") == "find"


def _verdict(form: MeetingForm, posts: list[Post], meeting: Meeting | None) -> dict[str, Any] | None:
    """Return what stands in the way of what was typed and the ways out, or None while no time can be read."""
    span = form.span()
    if span is None or span[0] >= span[1]:
        return None
    but = meeting.id if meeting else None
    blockers = queries.find_blockers(_wanted(form, posts, meeting), *span, but_meeting_id=but)
    return _ways_out(blockers, form, posts, span, meeting)


def _busy_of(wanted: Iterable[int], span: rules.Span) -> Sequence[Busy]:
    """Return who of those whom the ledger knows by these numbers is busy by an own calendar: a warning, and no more."""
    parts = map(rules.resource_parts, wanted)
    return calendars.list_busy([id for kind, id in parts if kind == "person"], *span)


def _ways_out(
    blockers: list[Blocker],
    form: MeetingForm,
    posts: list[Post],
    span: rules.Span,
    meeting: Meeting | None,
) -> dict[str, Any]:
    """Return the blockers with what could be done instead: nearest free times, other rooms, a deputy head."""
    but = meeting.id if meeting else None
    wanted = _wanted(form, posts, meeting)
    busy = _busy_of(wanted, span)
    if not blockers:
        return {"blockers": [], "times": [], "rooms": [], "stand_ins": [], "busy": busy}
    rooms = []
    if all(blocker.kind in {"room"} for blocker in blockers):
        # Another room helps only where no person is busy, and only one that holds everybody.
        mine = stations.list_rooms(allowed_paths(Permission.MEETING_MANAGE))
        station_ids = {room.station_id for room in mine if room.id == form.room_id.data}
        rooms = queries.free_rooms(station_ids, *span, but)
    return {
        "blockers": shown_blockers(blockers),
        "times": queries.suggest_times(wanted, *span, clock.now(), but),
        "rooms": [room for room in rooms if room.capacity >= form.places_wanted()][:MOST_ROOMS],
        "stand_ins": _free_stand_ins(form, posts, span, but),
        "busy": busy,
    }


def _free_stand_ins(
    form: MeetingForm, posts: Sequence[Post], span: rules.Span, but: int | None
) -> list[tuple[str, Post]]:
    """Return (choice of the form, post) of who could come for the lead bureau's head while the head is taken."""

    def is_free(post: Post) -> bool:
        resource = rules.person_resource(post.person_id)
        return not queries.find_blockers([resource], *span, but_meeting_id=but)

    head = next((post for post in posts if key_of(post) == form.lead.data and post.is_head), None)
    if head is None or is_free(head):
        return []
    others = [
        post for post in posts if post.unit_id == head.unit_id and not (post.is_head or post.is_contact)
    ]
    return [(key_of(post), post) for post in others if is_free(post)][:MOST_STAND_INS]


def _wanted(form: MeetingForm, posts: list[Post], meeting: Meeting | None) -> set[int]:
    """Return the ledger's numbers of the room and of the people that the form has chosen and that are expected."""
    plan = form.plan(posts, services.as_plan(meeting) if meeting else None)
    people = meeting.participants if meeting else []
    absent = {one.person_id for one in people if one.declined_at and not one.removed_at}
    wanted = {rules.person_resource(one.person_id) for one in plan.people if one.person_id not in absent}
    if plan.place_kind == PlaceKind.ROOM and plan.room_id:
        wanted.add(rules.room_resource(plan.room_id))
    return wanted


def shown_blockers(blockers: list[Blocker]) -> list[dict[str, Any]]:
    """Return what may be said of each blocker: title and link only within the own part of the tree."""
    held = allowed_paths(Permission.MEETING_READ)
    shown = []
    for one in blockers:
        mine = any(one.unit_path.startswith(path) for path in held)
        shown.append(
            {
                "who": one.who,
                "span": (one.starts_at, one.ends_at),
                "title": one.title if mine else _("别的单位的活动"),
                "place": one.place if mine else "",
                "url": url_for("scheduling.meeting", meeting_id=one.meeting_id) if mine else None,
            }
        )
    return shown


def _said(refusal: Conflict) -> str:
    """Return the sentence of a conflict; a foreign unit's meeting is not named in it."""
    first = refusal.blockers[0]
    return translated(refusal if shown_blockers([first])[0]["url"] else BusyElsewhere(first))


def _differences(form: MeetingForm, plan: MeetingPlan, meeting: Meeting) -> list[tuple[str, str, str]]:
    """Return (label, what is stored now, what was typed) and let the next save win knowingly."""
    form.version.data = meeting.version
    stored = services.as_plan(meeting)
    rows = [
        (_("主题"), stored.title, plan.title),
        (_("时间"), show_span(stored.starts_at, stored.ends_at), show_span(plan.starts_at, plan.ends_at)),
        (_("地点"), meeting.place, _place_of(form, plan)),
        (_("谁来"), _names_of(stored), _names_of(plan)),
        (_("席位"), _seats_of(stored), _seats_of(plan)),
        (_("谈什么"), stored.about, plan.about),
        (_("议程"), stored.agenda, plan.agenda),
        (_("公告"), stored.notice, plan.notice),
    ]
    return [row for row in rows if row[1] != row[2]]


def _place_of(form: MeetingForm, plan: MeetingPlan) -> str:
    if plan.place_kind != PlaceKind.ROOM:
        return plan.place_text
    rooms = stations.list_rooms(allowed_paths(Permission.MEETING_MANAGE))
    return next((f"{room.station.name} {room.name}" for room in rooms if room.id == form.room_id.data), "")


def _names_of(plan: MeetingPlan) -> str:
    return _("、").join(sorted(people.get_person(one.person_id).name for one in plan.people))


def _seats_of(plan: MeetingPlan) -> str:
    return _("、").join(f"{_(ROLE_NAMES[role])} {seats}" for role, seats in sorted(plan.seats) if seats)


def _told(meeting: Meeting) -> int:
    return sum(1 for one in meeting.participants if one.removed_at is None)


def _to_tell(meeting: Meeting) -> int:
    """Return how many messages about a meeting wait for the reader to pass them on."""
    if not may(Permission.MESSAGE_MANAGE, meeting):
        return 0
    about = messages.Filter(meeting_id=meeting.id)
    return messages.count_by_state([meeting.unit.path], about)[messages.ATTENTION]


def _saved(meeting: Meeting, *, is_new: bool) -> str:
    """Say what saving did, and what is left to tell."""
    if is_new:
        return _("草稿已存，房间和受邀的人已经占住。")
    if meeting.state == MeetingState.PUBLISHED and (waiting := _to_tell(meeting)):
        return _("已存。还有 %(n)d 条通知等您转告，在“消息”里。", n=waiting)
    return _("已存。")


def _done(step: str, meeting: Meeting) -> str:
    """Say what was done and what comes next: without a mail server nothing leaves by itself."""
    by_hand = not messages.mail_is_on() and meeting.published_at is not None
    return {
        "publish": _("已发布。邀请列进“消息”了，请逐个通知。") if by_hand else _("已发布，邀请正在发出。"),
        "postpone": (
            _("已延期。请照“消息”逐个通知；定了新时间再发布。")
            if by_hand
            else _("已延期，大家会收到通知；定了新时间再发布。")
        ),
        "cancel": _("已取消。请照“消息”逐个通知。")
        if by_hand
        else _("已取消，大家会收到通知。")
        if meeting.published_at
        else _("已取消。"),
        "reinstate": _("已恢复。请照“消息”逐个通知。")
        if by_hand
        else _("已恢复，大家会收到邀请，请重新答复。"),
        "hold": _("已记为举行过。"),
        "close": _("已办结。"),
    }[step]
