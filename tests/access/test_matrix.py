"""Every route as every role, in the own unit and in a foreign one, through HTTP; and the document about it."""

import os
import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask

from liaison_app.access.matrix import document
from liaison_app.access.permissions import Permission, Role, granted
from liaison_app.app import create_app
from liaison_app.settings import Settings
from tests.access.worlds import Side, World, no_writes

ACCESS = Path(__file__).resolve().parents[2] / "liaison_app" / "ACCESS.md"
P = Permission
ENGINES = os.environ.get("TEST_ENGINES", "sqlite,postgresql").split(",")


@dataclass(frozen=True)
class Row:
    """What one route should do: who is let in (permissions, “public” or “signed_in”), and where a thing stands.

    The path is filled from `Side.places`; without a place in it, the route is about no thing of one unit.
    `is_missing` says that what stands there is no account's of this test: somebody else's browser, or a door whose PIN
    nobody gave.
    """

    guard: tuple[Permission, ...] | str
    path: str
    is_missing: bool = False

    @property
    def is_about_a_thing(self) -> bool:
        return "{" in self.path and not isinstance(self.guard, str)


def row(path: str, *guard: Permission) -> Row:
    return Row(guard, path)


def public(path: str) -> Row:
    return Row("public", path)


MEETING, INVITATION = "/meetings/{meeting}", "/invitations/{invitation}"
LETTER = "/messages/inbox/{letter}"
ACCOUNT, ATTENDANCE = "/accounts/{account}", "/meetings/{arriving}/attendance"
SHEETS = "/meetings/{arriving}/sheets"
# One row for every route; a new route fails until it has one.
ROWS = {
    "accounts.account": row(ACCOUNT, P.ACCOUNT_MANAGE, P.AUDIT_READ),
    "accounts.accounts": row("/accounts", P.ACCOUNT_MANAGE, P.AUDIT_READ),
    "accounts.activate": row(f"{ACCOUNT}/active", P.ACCOUNT_MANAGE),
    "accounts.drop_factor": row(f"{ACCOUNT}/second-factor", P.ACCOUNT_MANAGE),
    "accounts.grant": row(f"{ACCOUNT}/grants/new", P.ACCOUNT_MANAGE),
    "accounts.identity": row(f"{ACCOUNT}/sso", P.ACCOUNT_MANAGE),
    "accounts.limit": row(f"{ACCOUNT}/grants/{{grant}}", P.ACCOUNT_MANAGE),
    "accounts.login": public("/login"),
    "accounts.logout": Row("signed_in", "/logout"),
    "accounts.new": row("/accounts/new", P.ACCOUNT_MANAGE),
    "accounts.owner": row(f"{ACCOUNT}/owner", P.ACCOUNT_MANAGE),
    "accounts.relink": row(f"{ACCOUNT}/link", P.ACCOUNT_MANAGE),
    "accounts.revoke": row(f"{ACCOUNT}/grants/{{grant}}/revoke", P.ACCOUNT_MANAGE),
    "accounts.setup": public("/setup/{setup}"),
    "accounts.unlock": row(f"{ACCOUNT}/unlock", P.ACCOUNT_MANAGE),
    "accounts.who": row("/access/who", P.ACCOUNT_MANAGE, P.AUDIT_READ),
    "attendance.board": row(ATTENDANCE, P.SIGNUP_READ),
    "attendance.end_device": row(f"{ATTENDANCE}/devices/{{device}}/end", P.ATTENDANCE_MANAGE),
    "attendance.let_in": row(f"{ATTENDANCE}/in", P.ATTENDANCE_MANAGE),
    "attendance.open_door": row(f"{ATTENDANCE}/pin", P.ATTENDANCE_MANAGE),
    "attendance.paper": row(f"{ATTENDANCE}/paper", P.ATTENDANCE_MANAGE),
    "attendance.sheet": row(f"{ATTENDANCE}/sheet", P.SIGNUP_READ),
    "attendance.sheet_csv": row(f"{ATTENDANCE}.csv", P.SIGNUP_READ),
    "attendance.shut_door": row(f"{ATTENDANCE}/shut", P.ATTENDANCE_MANAGE),
    "attendance.undo": row(f"{ATTENDANCE}/{{check_in}}/undo", P.ATTENDANCE_MANAGE),
    "attendance.walk_in": row(f"{ATTENDANCE}/walk-in", P.ATTENDANCE_MANAGE),
    "audit.export": row("/audit.csv", P.AUDIT_READ),
    "audit.trail": row("/audit", P.AUDIT_READ),
    "dashboards.calendar": row("/desk/calendar", P.MEETING_READ),
    "dashboards.desk": row("/desk", P.DESK_READ),
    # A telephone that gave no PIN finds nothing behind the first page.
    "door.door": public("/door/{door}"),
    "door.leave": Row("public", "/door/{door}/leave", is_missing=True),
    "door.let_in": Row("public", "/door/{door}/in", is_missing=True),
    "door.undo": Row("public", "/door/{door}/undo", is_missing=True),
    "door.walk_in": Row("public", "/door/{door}/walk-in", is_missing=True),
    "calendars.add_mine": row("/calendars/mine/add", P.INVITATION_OWN),
    "calendars.add_of_person": row("/people/{official}/calendars/add", P.BUSY_MANAGE),
    "calendars.index": row("/calendars", P.BUSY_MANAGE),
    "calendars.mine": row("/calendars/mine", P.INVITATION_OWN),
    "calendars.of_person": row("/people/{official}/calendars", P.BUSY_MANAGE),
    "calendars.read_mine": Row((P.INVITATION_OWN,), "/calendars/mine/999/read", is_missing=True),
    "calendars.read_of_person": row("/people/{official}/calendars/{source}/read", P.BUSY_MANAGE),
    "calendars.remove_mine": Row((P.INVITATION_OWN,), "/calendars/mine/999/remove", is_missing=True),
    "calendars.remove_of_person": row("/people/{official}/calendars/{source}/remove", P.BUSY_MANAGE),
    "feeds.busy_of_person": public("/feeds/{feed}/busy.ics"),
    "feeds.busy_of_room": row("/rooms/{room}/busy.ics", P.MEETING_READ),
    "feeds.everything": public("/calendar.ics"),
    "feeds.of_bureau": public("/bureaus/{bureau}/calendar.ics"),
    "feeds.of_meeting": public("/m/{code}.ics"),
    "feeds.of_person": public("/feeds/{feed}.ics"),
    "feeds.of_station": public("/stations/{station}/calendar.ics"),
    "finding.find": row("/find-time", P.MEETING_MANAGE),
    "finding.people_day": row("/timeline/people", P.PERSON_READ),
    "finding.timeline": row("/timeline", P.MEETING_READ),
    "planning.carry": row(f"{MEETING}/series/carry", P.MEETING_MANAGE),
    "planning.end": row("/series/{series}/end", P.MEETING_MANAGE),
    "planning.index": row("/series", P.MEETING_READ),
    "planning.lay_out": row(f"{MEETING}/series", P.MEETING_MANAGE),
    "planning.publish": row("/series/{series}/publish", P.MEETING_PUBLISH),
    "planning.repairs": row("/repairs", P.MEETING_MANAGE),
    "planning.restore": row("/series/{series}/dates/{series_date}/restore", P.MEETING_MANAGE),
    "planning.series": row("/series/{series}", P.MEETING_READ),
    "planning.shift": row(f"{MEETING}/shift", P.MEETING_MANAGE),
    "planning.skip": row("/series/{series}/dates/{series_date}/skip", P.MEETING_MANAGE),
    "workdays.drop": row("/workdays/2027/drop", P.WORKDAYS_MANAGE),
    "workdays.year": row("/workdays/2027", P.WORKDAYS_MANAGE),
    "workdays.years": row("/workdays", P.WORKDAYS_MANAGE),
    "imports.confirm": row("/imports/{run}/confirm", P.IMPORT_RUN),
    "imports.discard": row("/imports/{run}/discard", P.IMPORT_RUN),
    "imports.run": row("/imports/{run}", P.IMPORT_RUN),
    "imports.start": row("/imports", P.IMPORT_RUN),
    "imports.template": row("/imports/deputies/template.xlsx", P.IMPORT_RUN),
    "inbox.dismiss": row(f"{LETTER}/dismiss", P.MESSAGE_MANAGE),
    "inbox.mail": row(LETTER, P.MESSAGE_MANAGE),
    "inbox.mails": row("/messages/inbox", P.MESSAGE_MANAGE),
    "inbox.reopen": row(f"{LETTER}/reopen", P.MESSAGE_MANAGE),
    "inbox.sender": row(f"{LETTER}/sender", P.MESSAGE_MANAGE),
    "inbox.take": row(f"{LETTER}/take/{{invitation}}", P.MESSAGE_MANAGE),
    "invitations.answer_for": row(f"{INVITATION}/answer", P.INVITATION_ANSWER),
    "invitations.board": row(f"{MEETING}/invitations", P.INVITATION_READ),
    "invitations.board_csv": row(f"{MEETING}/invitations.csv", P.INVITATION_READ),
    "invitations.calendar_file": row(f"{INVITATION}/invite.ics", P.INVITATION_ANSWER),
    "invitations.mine": row("/invitations/mine", P.INVITATION_OWN),
    "invitations.note_call": row(f"{MEETING}{INVITATION}/answer", P.INVITATION_ANSWER),
    "invitations.own": row("/invitations", P.INVITATION_ANSWER),
    "invitations.remind": row(f"{MEETING}/invitations/remind", P.MESSAGE_MANAGE),
    "invitations.reveal": row(f"{MEETING}{INVITATION}/phone", P.PHONE_REVEAL),
    "invitations.send": row(f"{MEETING}{INVITATION}/send", P.MESSAGE_MANAGE),
    "invitations_public.answer": public("/a/{answer}"),
    "invitations_public.calendar_file": public("/a/{answer}/invite.ics"),
    "messages.download": row("/messages/{mail}.eml", P.MESSAGE_MANAGE),
    "messages.drop": row("/messages/{message}/drop", P.MESSAGE_MANAGE),
    "messages.message": row("/messages/{message}", P.MESSAGE_READ),
    "messages.outbox": row("/messages", P.MESSAGE_READ),
    "messages.phone": row("/messages/{message}/phone", P.PHONE_REVEAL),
    "messages.retry": row("/messages/{message}/retry", P.MESSAGE_MANAGE),
    "messages.told": row("/messages/{message}/told", P.MESSAGE_MANAGE),
    "operations.numbers": public("/metrics"),
    "operations.ready": public("/readyz"),
    "operations.system": row("/system", P.SYSTEM_READ),
    "people.deputies": row("/people", P.PERSON_READ),
    "people.end_address": row("/people/{person}/addresses/{address}/end", P.MESSAGE_MANAGE),
    "people.issue_feed": row("/people/{person}/feed", P.FEED_ISSUE),
    # The list of deputies is the district's; numbers are not.
    "people.person": row("/people/1", P.PERSON_READ),
    "people.reveal": row("/people/{person}/phone", P.PHONE_REVEAL),
    "people.revoke_feed": row("/people/{person}/feed/revoke", P.FEED_ISSUE),
    "privacy.ask": row("/personal-data/requests", P.PRIVACY_REQUEST),
    "privacy.consent": row("/people/{person}/data/consents/expertise", P.PRIVACY_PERSON),
    "privacy.contacts": row("/people/{person}/data/contacts", P.PRIVACY_PERSON),
    "privacy.erase": row("/personal-data/requests/{signup}/erase", P.PRIVACY_REQUEST),
    "privacy.give_copy": row("/personal-data/requests/{signup}/copy", P.PRIVACY_REQUEST),
    "privacy.mine": Row("signed_in", "/account/data"),
    "privacy.my_copy": Row("signed_in", "/account/data/copy"),
    "privacy.left": row("/personal-data", P.PRIVACY_READ),
    "privacy.person": row("/people/{person}/data", P.PRIVACY_PERSON),
    "privacy.person_copy": row("/people/{person}/data/copy", P.PRIVACY_PERSON),
    "privacy.refuse": row("/personal-data/requests/{signup}/refuse", P.PRIVACY_REQUEST),
    "privacy.request_of": row("/personal-data/requests/{signup}", P.PRIVACY_REQUEST),
    "privacy_public.copy": public("/t/{ticket}/data.json"),
    "privacy_public.erase": public("/t/{ticket}/erase"),
    "privacy_public.own": public("/t/{ticket}/data"),
    "privacy_public.question": public("/t/{ticket}/data/question"),
    "proposals.accept": row(f"{MEETING}/proposals/{{proposal}}/accept", P.MEETING_MANAGE),
    "proposals.decline": row(f"{MEETING}/proposals/{{proposal}}/decline", P.MEETING_MANAGE),
    "proposals.desk": row(f"{MEETING}/proposals", P.INVITATION_READ),
    "proposals_public.propose": public("/a/{answer}/propose"),
    "scheduling.check": row("/meetings/check", P.MEETING_MANAGE),
    "scheduling.deputies": row("/meetings/deputies", P.MEETING_MANAGE),
    "scheduling.edit": row("/meetings/{draft}/edit", P.MEETING_MANAGE),
    "scheduling.meeting": row(MEETING, P.MEETING_READ),
    "scheduling.meetings": row("/meetings", P.MEETING_READ),
    "scheduling.meetings_csv": row("/meetings.csv", P.MEETING_READ),
    "scheduling.new": row("/meetings/new", P.MEETING_MANAGE),
    "scheduling.publish": row("/meetings/{draft}/publish", P.MEETING_PUBLISH),
    "scheduling.step": row(f"{MEETING}/cancel", P.MEETING_MANAGE),
    "sheets.attendance_xlsx": row(f"{SHEETS}/attendance.xlsx", P.SIGNUP_READ),
    "sheets.badges": row(f"{SHEETS}/badges", P.SIGNUP_READ),
    "sheets.cards": row(f"{SHEETS}/cards", P.SIGNUP_READ),
    "sheets.cards_docx": row(f"{SHEETS}/cards.docx", P.SIGNUP_READ),
    "sheets.file_photo": row(f"{SHEETS}/photos", P.ATTENDANCE_MANAGE),
    "sheets.photo": row(f"{SHEETS}/photos/{{photo}}.jpg", P.SIGNUP_READ),
    "sheets.remove_photo": row(f"{SHEETS}/photos/{{photo}}/remove", P.ATTENDANCE_MANAGE),
    "sheets.roster": row(f"{SHEETS}/roster", P.SIGNUP_READ),
    "sheets.roster_xlsx": row(f"{SHEETS}/roster.xlsx", P.SIGNUP_READ),
    "sheets.seats": row(f"{SHEETS}/seats", P.SIGNUP_READ),
    "sheets.sheets": row(SHEETS, P.SIGNUP_READ),
    "sheets.sign_in_docx": row(f"{SHEETS}/sign-in.docx", P.SIGNUP_READ),
    "sign_in.add_passkey": Row("signed_in", "/account/passkeys/new"),
    "sign_in.ask_link": public("/sign-in-link"),
    "sign_in.by_link": public("/sign-in/{entry}"),
    "sign_in.code": public("/login/code"),
    "sign_in.confirm": Row("signed_in", "/confirm"),
    "sign_in.end_all": Row("signed_in", "/account/browsers/end"),
    "sign_in.end_browser": Row("signed_in", "/account/browsers/{browser}/end", is_missing=True),
    "sign_in.factor": Row("signed_in", "/account/second-factor"),
    "sign_in.factor_off": Row("signed_in", "/account/second-factor/off"),
    "sign_in.own": Row("signed_in", "/account"),
    "sign_in.own_question": Row("signed_in", "/account/passkeys"),
    "sign_in.password": Row("signed_in", "/account/password"),
    "sign_in.question": public("/login/passkey"),
    "sign_in.recovery_codes": Row("signed_in", "/account/recovery-codes"),
    "sign_in.remove_passkey": Row("signed_in", "/account/passkeys/1/remove"),
    "signups.enter": row(f"{MEETING}/signups/new", P.SIGNUP_MANAGE),
    "signups.accept": row(f"{MEETING}/signups/{{signup}}/accept", P.SIGNUP_MANAGE),
    "signups.put_back": row(f"{MEETING}/signups/{{signup}}/put-back", P.SIGNUP_MANAGE),
    "signups.reveal": row(f"{MEETING}/signups/{{signup}}/phone", P.PHONE_REVEAL),
    "signups.roster": row(f"{MEETING}/signups", P.SIGNUP_READ),
    "signups.roster_csv": row(f"{MEETING}/signups.csv", P.SIGNUP_READ),
    "signups.take_off": row(f"{MEETING}/signups/{{signup}}/withdraw", P.SIGNUP_MANAGE),
    "signups_public.accept": public("/t/{ticket}/accept"),
    "signups_public.come_back": public("/t/{ticket}/come-back"),
    "signups_public.page": public("/m/{code}"),
    "signups_public.page_qr": public("/m/{code}/qr.png"),
    "signups_public.received": public("/m/{code}/received"),
    "signups_public.ticket": public("/t/{ticket}"),
    "signups_public.ticket_qr": public("/t/{ticket}/qr.png"),
    "signups_public.withdraw": public("/t/{ticket}/withdraw"),
    "sso.back": public("/login/sso/back"),
    "sso.own": Row("signed_in", "/account/sso"),
    "sso.prove": Row("signed_in", "/account/sso/start"),
    "sso.signed_out": public("/signed-out"),
    "sso.start": public("/login/sso"),
    "stations_public.index": public("/stations"),
    "stations_public.station": public("/stations/{station}"),
    "web.calendar": public("/calendar"),
    "web.healthz": public("/healthz"),
    "web.help": public("/help"),
    "web.htmx_js": public("/htmx.js"),
    "web.privacy": public("/privacy"),
    "web.start": public("/"),
}


@pytest.fixture(scope="module")
def product(tmp_path_factory) -> Flask:
    return create_app(Settings(data=tmp_path_factory.mktemp("data")))


def guarded(product: Flask) -> dict[str, tuple[str, set[str]]]:
    """Return guard and methods of each route."""
    return {
        rule.endpoint: (
            product.view_functions[rule.endpoint].liaison_guard,
            rule.methods - {"HEAD", "OPTIONS"},
        )
        for rule in product.url_map.iter_rules()
        if rule.endpoint != "static"
    }


def test_every_route_has_a_row(product):
    assert guarded(product).keys() == ROWS.keys()


def test_each_guard_is_the_one_of_its_row(product):
    wanted = {
        endpoint: one.guard if isinstance(one.guard, str) else "requires " + " | ".join(one.guard)
        for endpoint, one in ROWS.items()
    }
    assert {endpoint: guard for endpoint, (guard, _) in guarded(product).items()} == wanted


def test_the_document_is_up_to_date(product):
    assert ACCESS.read_text(encoding="utf-8") == document(product), (
        "flask access-matrix > liaison_app/ACCESS.md"
    )


def expected(one: Row, role: Role | None, is_own: bool) -> str:
    """Return what should come of a request: “open”, “login”, “403” or “404”."""
    if one.guard == "public":
        return "404" if one.is_missing else "open"
    if role is None:
        return "login"
    if one.guard == "signed_in":
        return "404" if one.is_missing else "open"
    holds = bool(set(one.guard) & granted(role))
    if one.is_about_a_thing:
        return "open" if holds and is_own else "404"
    if one.is_missing and holds:
        return "404"
    return "open" if holds else "403"


def outcome(reply) -> str:
    if reply.status_code in (403, 404):
        return str(reply.status_code)
    if (reply.location or "").startswith("/login"):
        return "login"
    assert reply.status_code < 500, reply.status_code
    assert reply.status_code not in (400, 401, 405), reply.status_code
    return "open"


def restore(world: World, kept: sqlite3.Connection) -> None:
    kept.backup(world.database.copy)


CASES = [("sqlite", role) for role in (*Role, None)] + [
    ("postgresql", role) for role in (Role.STREET, Role.AUDITOR, Role.BUREAU_CONTACT, None)
]


@pytest.mark.parametrize(
    ("engine", "role"), [case for case in CASES if case[0] in ENGINES], ids=lambda one: str(one or "nobody")
)
def test_every_route_lets_in_whom_the_matrix_says(product, world_on, engine, role):
    """On PostgreSQL only reads, and the writes that are refused: what they did could not be taken back as fast."""
    world = world_on(engine)
    kept = sqlite3.connect(":memory:")
    if engine == "sqlite":
        world.database.copy.backup(kept)
    browser = world.browser(role)
    wrong = []
    for endpoint, (_, methods) in guarded(product).items():
        one = ROWS[endpoint]
        sides = [(world.own, True), (world.foreign, False)] if "{" in one.path else [(world.own, True)]
        for side, is_own in sides:
            for method in sorted(methods):
                wanted = expected(one, role, is_own)
                if method == "POST" and wanted == "open" and engine != "sqlite":
                    continue
                got = ask(browser, method, one, side, refused=wanted != "open")
                if got == "login" and (one.guard == "public" or role is not None):
                    got = "open"  # a page that itself ends at the sign-in page
                if got != wanted:
                    wrong.append(
                        f"{method} {one.path} of {'the own' if is_own else 'a foreign'} unit: {got}, not {wanted}"
                    )
                if method == "POST" and wanted == "open":
                    restore(world, kept)
                    browser = world.browser(role)
    kept.close()
    assert wrong == []


def ask(browser, method: str, one: Row, side: Side, *, refused: bool) -> str:
    path = one.path.format(**side.places)
    if refused or method == "GET":
        with no_writes():
            return outcome(browser.open(path, method=method))
    return outcome(browser.open(path, method=method))


def test_a_child_is_found_under_its_own_parent_only(product, world_on):
    """Even by who may see both: `/meetings/<one>/signups/<of another>` is nothing (SECURITY A7)."""
    world = world_on(ENGINES[0])
    browser = world.browser_of(world.everywhere)
    asked, wrong = 0, []
    for endpoint, (_, methods) in guarded(product).items():
        parent, *children = re.findall(r"\{(\w+)\}", ROWS[endpoint].path) or [""]
        if not children:
            continue
        places = {
            parent: world.own.places[parent],
            **{child: world.foreign.places[child] for child in children},
        }
        for method in sorted(methods):
            asked += 1
            with no_writes():
                reply = browser.open(ROWS[endpoint].path.format(**places), method=method)
            if reply.status_code != 404:
                wrong.append(f"{method} {ROWS[endpoint].path}: {reply.status_code}")
    assert wrong == []
    assert asked >= 8


def test_asking_for_the_head_alone_opens_no_more_than_asking_for_all(product, world_on):
    world = world_on(ENGINES[0])
    for role in (None, Role.DEPUTY):
        browser = world.browser(role)
        for endpoint, (_, methods) in guarded(product).items():
            if "GET" in methods:
                path = ROWS[endpoint].path.format(**world.own.places)
                replies = [browser.open(path, method=method) for method in ("GET", "HEAD")]
                assert replies[0].status_code == replies[1].status_code, path
                assert replies[1].data == b"", path


@pytest.mark.parametrize("trick", [
    {"headers": {"X-HTTP-Method-Override": "POST"}}, {"headers": {"X-HTTP-Method": "POST"}},
    {"query_string": {"_method": "POST"}},
])  # fmt: skip
def test_a_get_is_not_made_a_post_by_a_header_or_a_field(world_on, trick):
    browser = world_on(ENGINES[0]).browser(Role.OFFICE)
    assert browser.get("/logout", **trick).status_code == 405
    assert browser.get("/desk").status_code == 200
