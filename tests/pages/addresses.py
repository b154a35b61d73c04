"""Where each page of the loaded demo can be seen, in its different states."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from liaison_app.accounts import services as accounts
from liaison_app.accounts.models import Account, Passkey, SignInLink
from liaison_app.attendance import services as attendance
from liaison_app.attendance.models import CheckIn
from liaison_app.calendars.models import CalendarSource
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.core.pictures import Picture
from liaison_app.core.text import local
from liaison_app.core.tokens import digest
from liaison_app.imports import services as imports
from liaison_app.imports.kinds import ListKind
from liaison_app.inbox.models import ReceivedMail
from liaison_app.invitations.letters import answer_token
from liaison_app.invitations.models import Invitation
from liaison_app.jobs import worker
from liaison_app.messages.models import Message
from liaison_app.people.models import Mandate
from liaison_app.planning import services as planning
from liaison_app.planning.kinds import HolidayPolicy, Repeat
from liaison_app.planning.rules import Rule, moved
from liaison_app.proposals.kinds import ProposalState
from liaison_app.proposals.models import Proposal
from liaison_app.scheduling import services as scheduling
from liaison_app.scheduling.models import Meeting
from liaison_app.signups.kinds import SignUpState
from liaison_app.signups.models import SignUp
from liaison_app.signups.services import ticket_token
from tests.factories.scheduling import make_meeting
from tests.imports.lists import DEPUTY, sheet

# What a GET brings that is no page: files, pictures, parts of pages.
NO_PAGES = {
    "attendance.sheet_csv", "sheets.attendance_xlsx", "sheets.cards_docx", "sheets.photo", "sheets.roster_xlsx",
    "sheets.sign_in_docx", "operations.numbers", "operations.ready",
    "audit.export", "feeds.busy_of_person", "feeds.busy_of_room",
    "feeds.everything", "feeds.of_bureau", "feeds.of_meeting", "feeds.of_person", "feeds.of_station",
    "imports.template", "invitations.calendar_file", "invitations_public.calendar_file", "messages.download",
    "invitations.board_csv", "scheduling.check", "scheduling.deputies", "scheduling.meetings_csv", "signups.roster_csv",
    "privacy_public.copy",
    "signups_public.page_qr", "signups_public.ticket_qr", "sso.back", "sso.prove", "sso.signed_out", "sso.start",
    "static", "web.healthz", "web.htmx_js",
}  # fmt: skip

# Which of the addresses a reader looks at where it is not the first; None: only somebody else has such a thing.
SEEN_AT: dict[tuple[str, str], int | None] = {
    ("chengguan", "calendars.of_person"): 1,
    ("chengguan", "calendars.remove_of_person"): 1,
    ("office", "calendars.remove_mine"): None,
    ("zhonganjie", "calendars.remove_mine"): None,
}


def list_addresses() -> dict[str, list[str]]:
    """Return, per endpoint, addresses of its page; the first belongs to the station 中安街."""
    heating, full, moved = _meeting("供暖专场"), _meeting("科技惠企专场"), _meeting("老旧小区改造专场")
    draft, cancelled = _meeting("就业与工资专场"), _meeting("食品安全专场")
    today, done = _meeting("三官一员进站日"), _meeting("养老助餐专场")
    past = _first(select(Meeting).where(Meeting.title == "供暖专场").order_by(Meeting.starts_at))
    meetings = (heating, full, moved, draft, cancelled, today, done)
    shown = [one for one in meetings if one is not draft]
    asked = _first(select(Invitation).where(Invitation.meeting_id == heating.id))
    message = _first(select(Message).where(Message.about == f"meeting:{heating.id}"))
    wish, refused = (
        _first(select(Proposal).where(Proposal.state == state).order_by(Proposal.id))
        for state in (ProposalState.OPEN, ProposalState.DECLINED)
    )
    deputy = _first(select(Mandate))
    seats = {state: _first(select(SignUp).where(SignUp.state == state, _is_ahead())) for state in SignUpState}
    seat = _first(
        select(SignUp).where(SignUp.meeting_id == heating.id, SignUp.state == SignUpState.CONFIRMED)
    )
    tickets = [f"/t/{ticket_token(one)}" for one in (seat, *seats.values())]
    steps = (
        (heating, "cancel"),
        (heating, "postpone"),
        (cancelled, "reinstate"),
        (today, "hold"),
        (done, "close"),
    )
    clerk = _account("zhonganjie")
    # A deputy's of the station, and one of a bureau's head.
    calendars = db.session.scalars(select(CalendarSource).order_by(CalendarSource.id.desc())).all()
    held = f"/accounts/{clerk.id}/grants/{clerk.grants[0].id}"
    day = "2026-11-27"
    return {
        "accounts.account": [f"/accounts/{clerk.id}"],
        "accounts.accounts": ["/accounts"],
        "accounts.drop_factor": [f"/accounts/{clerk.id}/second-factor"],
        "accounts.grant": [f"/accounts/{clerk.id}/grants/new"],
        "accounts.identity": [f"/accounts/{clerk.id}/sso"],
        "accounts.limit": [held],
        "accounts.login": ["/login"],
        "accounts.new": ["/accounts/new"],
        "accounts.owner": [f"/accounts/{clerk.id}/owner", f"/accounts/{clerk.id}/owner?q=王"],
        "accounts.relink": [f"/accounts/{clerk.id}/link"],
        "accounts.revoke": [f"{held}/revoke"],
        "accounts.setup": [f"/setup/{_setup_token()}"],
        "accounts.who": ["/access/who"],
        "attendance.board": _each("/meetings/{}/attendance", heating, past, today, draft),
        "attendance.paper": _each("/meetings/{}/attendance/paper", past, draft),
        "attendance.sheet": [f"/meetings/{heating.id}/attendance/sheet"],
        "attendance.undo": [f"/meetings/{past.id}/attendance/{_check_in(past)}/undo"],
        "attendance.walk_in": [f"/meetings/{past.id}/attendance/walk-in"],
        "audit.trail": ["/audit", "/audit?q=供暖"],
        "dashboards.calendar": ["/desk/calendar", "/desk/calendar?view=week"],
        "dashboards.desk": ["/desk"],
        "calendars.index": ["/calendars"],
        "calendars.mine": ["/calendars/mine"],
        "calendars.of_person": [f"/people/{one.person_id}/calendars" for one in calendars],
        "calendars.remove_mine": [f"/calendars/mine/{calendars[0].id}/remove"],
        "calendars.remove_of_person": [
            f"/people/{one.person_id}/calendars/{one.id}/remove" for one in calendars
        ],
        "door.door": [f"/door/{_open_door()}"],
        "imports.run": [f"/imports/{_import_run()}"],
        "imports.start": ["/imports"],
        **_series(heating),
        "finding.find": [
            "/find-time",
            "/find-time?minutes=120&part=office&station=0&group=1&needed=2&first_day=2026-12-01&last_day=2026-12-14",
            "/find-time?minutes=240&part=evening&station=0&group=0&first_day=2026-12-05&last_day=2026-12-06",
        ],
        "finding.people_day": [f"/timeline/people?day={local(heating.starts_at).date()}"],
        "finding.timeline": [f"/timeline?day={local(heating.starts_at).date()}"],
        "workdays.drop": ["/workdays/2027/drop"],
        "workdays.year": ["/workdays/2026", "/workdays/2027"],
        "workdays.years": ["/workdays"],
        "invitations.board": [
            *_each("/meetings/{}/invitations", *meetings),
            f"/meetings/{heating.id}/invitations?answer={asked.id}",
        ],
        "invitations.mine": ["/invitations/mine"],
        "invitations.own": ["/invitations"],
        "invitations_public.answer": [
            f"/a/{answer_token(asked)}",
            f"/a/{answer_token(asked)}?choice=declined",
        ],
        "inbox.mail": [f"/messages/inbox/{one}" for one in _letters(heating)],
        "inbox.mails": [
            "/messages/inbox",
            "/messages/inbox?state=settled",
            "/messages/inbox?state=dismissed",
        ],
        "inbox.sender": [
            f"/messages/inbox/{_letters(heating)[0]}/sender",
            f"/messages/inbox/{_letters(heating)[0]}/sender?q=nobody",
        ],
        "messages.drop": [f"/messages/{message.id}/drop"],
        "messages.message": [f"/messages/{message.id}"],
        "messages.outbox": ["/messages", "/messages?state=attention", "/messages?q=nobody"],
        "operations.system": ["/system"],
        "people.deputies": ["/people", "/people?q=nobody"],
        "people.person": [f"/people/{deputy.person_id}"],
        "privacy.ask": ["/personal-data/requests", "/personal-data/requests?found=1"],
        "privacy.contacts": [f"/people/{deputy.person_id}/data/contacts"],
        "privacy.erase": [f"/personal-data/requests/{seat.id}/erase"],
        "privacy.left": ["/personal-data"],
        "privacy.mine": ["/account/data"],
        "privacy.person": [f"/people/{deputy.person_id}/data"],
        "privacy.request_of": [f"/personal-data/requests/{seat.id}"],
        "privacy_public.erase": [f"{tickets[0]}/erase"],
        "privacy_public.own": [f"{one}/data" for one in tickets],
        "privacy_public.question": [f"{tickets[0]}/data/question"],
        "proposals.accept": [f"/meetings/{wish.meeting_id}/proposals/{wish.id}/accept"],
        "proposals.decline": [f"/meetings/{wish.meeting_id}/proposals/{wish.id}/decline"],
        "proposals.desk": _each("/meetings/{}/proposals", heating, full, draft),
        "proposals_public.propose": [f"/a/{answer_token(one.invitation)}/propose" for one in (wish, refused)],
        "scheduling.edit": _each("/meetings/{}/edit", heating, draft),
        "scheduling.meeting": _each("/meetings/{}", *meetings),
        "scheduling.meetings": ["/meetings", "/meetings?when=past", "/meetings?q=nobody"],
        "scheduling.new": [
            "/meetings/new",
            f"/meetings/new?from={heating.id}",
            f"/meetings/new?room={heating.room_id}&day={day}&starts=9:00&ends=11:00",
        ],
        "scheduling.publish": _each("/meetings/{}/publish", heating, draft),
        "scheduling.step": [f"/meetings/{meeting.id}/{step}" for meeting, step in steps],
        "sheets.badges": [f"/meetings/{past.id}/sheets/badges"],
        "sheets.cards": _each("/meetings/{}/sheets/cards", past, draft),
        "sheets.remove_photo": [f"/meetings/{past.id}/sheets/photos/{_photo(past)}/remove"],
        "sheets.roster": _each("/meetings/{}/sheets/roster", past, draft),
        "sheets.seats": [
            f"/meetings/{past.id}/sheets/seats",
            f"/meetings/{heating.id}/sheets/seats?layout=facing",
        ],
        "sheets.sheets": _each("/meetings/{}/sheets", past, today, draft),
        "sign_in.add_passkey": ["/account/passkeys/new"],
        "sign_in.ask_link": ["/sign-in-link"],
        "sign_in.by_link": [f"/sign-in/{_entry_token()}"],
        "sign_in.code": ["/login/code"],
        "sign_in.confirm": ["/confirm?next=/desk"],
        "sign_in.factor": ["/account/second-factor"],
        "sign_in.factor_off": ["/account/second-factor/off"],
        "sign_in.own": ["/account"],
        "sign_in.password": ["/account/password"],
        "sign_in.recovery_codes": ["/account/recovery-codes"],
        "sign_in.remove_passkey": [f"/account/passkeys/{_passkey()}/remove"],
        "signups.enter": _each("/meetings/{}/signups/new", heating, full),
        "signups.put_back": [f"/meetings/{heating.id}/signups/{seat.id}/put-back"],
        "signups.roster": _each("/meetings/{}/signups", heating, full, draft),
        "signups.take_off": [f"/meetings/{heating.id}/signups/{seat.id}/withdraw"],
        "signups_public.page": [f"/m/{one.code}" for one in shown],
        "signups_public.received": [f"/m/{heating.code}/received"],
        "signups_public.ticket": tickets,
        "signups_public.withdraw": [f"{tickets[0]}/withdraw"],
        "sso.own": ["/account/sso"],
        "stations_public.index": ["/stations"],
        "stations_public.station": [f"/stations/{heating.station_id}"],
        "web.calendar": ["/calendar", "/calendar?view=week"],
        "web.help": ["/help"],
        "web.privacy": ["/privacy"],
        "web.start": ["/"],
    }


def _letters(meeting: Meeting) -> list[int]:
    """Return the letters about a meeting: first one that waits for a clerk, last one that is done with."""
    rows = db.session.scalars(
        select(ReceivedMail)
        .where(ReceivedMail.invitation_id.is_not(None))
        .order_by(ReceivedMail.state, ReceivedMail.id)
    )
    return [one.id for one in rows if one.invitation.meeting_id == meeting.id]


def _first(wanted: Select[Any]) -> Any:
    return db.session.scalars(wanted.limit(1)).one()


def _is_ahead() -> ColumnElement[bool]:
    return SignUp.meeting.has(Meeting.starts_at > clock.now())


def _meeting(title: str) -> Meeting:
    """Return the newest meeting of a title."""
    return _first(select(Meeting).where(Meeting.title == title).order_by(Meeting.starts_at.desc()))


def _account(login: str) -> Account:
    return _first(select(Account).where(Account.login == login))


def _each(path: str, *meetings: Meeting) -> list[str]:
    return [path.format(one.id) for one in meetings]


def _setup_token() -> str:
    with transaction():
        return accounts.make_setup_link(_account("office"))


def _entry_token() -> str:
    """Return a token by which a deputy signs in."""
    token = "entry-of-a-deputy"
    expires_at = clock.now() + timedelta(minutes=15)
    with transaction():
        account = _account("daibiao")
        db.session.add(SignInLink(account_id=account.id, token_hash=digest(token), expires_at=expires_at))
    return token


def _passkey() -> int:
    """Give the office a passkey, which no browser here can prove, and return its number."""
    with transaction():
        made = Passkey(
            account=_account("office"), credential="of-the-office", public_key=b"", name="办公室电脑",
            created_at=clock.now(),
        )  # fmt: skip
        db.session.add(made)
        db.session.flush()
        return made.id


def _check_in(meeting: Meeting) -> int:
    """Return the number of a note that somebody came to a meeting."""
    return _first(select(CheckIn.id).where(CheckIn.meeting_id == meeting.id))


def _photo(meeting: Meeting) -> int:
    """File a photograph of a meeting's signed sheet and return its number."""
    with transaction():
        filed = attendance.file_photo(
            meeting.id, Picture(b"", 8, 8), form_token=f"pages-{meeting.id}", by=_account("zhonganjie")
        )
        return filed.id


def _open_door() -> str:
    """Return the code of a meeting whose door is open now."""
    with transaction():
        meeting = make_meeting("晚间接待", room=_meeting("供暖专场").room, starts_at=clock.now())
        attendance.set_pin(meeting.id, by=_account("zhonganjie"))
        return meeting.code


def _series(heating: Meeting) -> dict[str, list[str]]:
    """Lay out a series of five Mondays from a meeting of its own, and return its pages."""
    with transaction():
        plan = replace(scheduling.as_plan(heating), title="群众接待日", people=(), kind="reception", seats=())
        first = scheduling.create_meeting(moved(plan, date(2026, 12, 7)), unit_id=heating.unit_id, by=None)
        rule = Rule(Repeat.WEEKLY, weekdays=(0,))
        series = planning.make_series(
            first.id, rule, HolidayPolicy.NEXT_WORKDAY, date(2027, 1, 4), {}, version=first.version, by=None
        )
        planning.skip(series.dates[-1].id, reason="", by=None)
        one, left = series.dates[1], series.dates[-1]
    weekly = "repeat=weekly&weekdays=4&policy=next_workday&last_day=2027-01-29"
    monthly = "repeat=month_days&month_days=15&months=odd&policy=skip&last_day=2027-09-30"
    return {
        "planning.carry": [f"/meetings/{one.meeting_id}/series/carry"],
        "planning.end": [f"/series/{series.id}/end"],
        "planning.index": ["/series"],
        "planning.lay_out": [
            f"/meetings/{heating.id}/series",
            f"/meetings/{heating.id}/series?{weekly}",
            f"/meetings/{heating.id}/series?{monthly}",
        ],
        "planning.publish": [f"/series/{series.id}/publish"],
        "planning.repairs": ["/repairs"],
        "planning.restore": [f"/series/{series.id}/dates/{left.id}/restore"],
        "planning.series": [f"/series/{series.id}"],
        "planning.shift": [f"/meetings/{heating.id}/shift"],
        "planning.skip": [f"/series/{series.id}/dates/{one.id}/skip"],
    }


def _import_run() -> int:
    """Let a list of two rows be checked, and return its number."""
    station = {"所属站": "中安街人大代表联络站"}
    data = sheet({**DEPUTY, **station}, {**DEPUTY, **station, "姓名": "何试十", "手机": "12"})
    office = _account("office")
    with transaction():
        reading = imports.read_file(ListKind.DEPUTIES, data)
        run = imports.start(
            reading, "代表.csv", data, unit_id=office.grants[0].unit_id, by=office, form_token="pages"
        )
        run_id = run.id
    worker.drain()
    return run_id
