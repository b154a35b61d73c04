"""Take the defences of A, B, C, E and J out of a copy of the program, one by one: does the named test notice?

`python -m tests.security.mutations [row …]`, from the folder of the product; on SQLite, some minutes. The last line
says how many were noticed; one that was not is named, and the command ends with 1.
"""

# ruff: noqa: E501
from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("liaison_app", "migrations", "templates", "tests", "deploy", "benchmarks")
FILES = ("wsgi.py", "gunicorn.conf.py", "pyproject.toml", "Makefile", "README.md")
AT_ONCE = 2
PATIENCE_SECONDS = 600

MATRIX = "access/test_matrix.py::test_every_route_lets_in_whom_the_matrix_says"
ROUND = "access/test_ways_round.py::"
CANARIES = "access/test_canaries.py::test_no_role_reads_a_word_of_the_foreign_street"
READERS = "access/test_canaries.py::test_who_only_reads_gets_no_link_no_number_and_no_reason"
LINKS = "security/test_links.py::"
INPUT = "security/test_input.py::"
CRAWL = "security/test_crawler.py::test_no_link_leads_to_a_fault"
DOOR = "accounts/test_ways_in.py::"
SIGN_IN = "accounts/test_sign_in.py::"
GRANTS = "accounts/test_grants.py::"
WEB = "core/test_web.py::"
STEPS = "scheduling/test_steps.py::"
SEATS = "races/test_last_seat.py::"
ONE = "races/test_one_meeting.py::"


@dataclass(frozen=True)
class Mutant:
    """A defence of a row, where it stands, what is put in its place, and the tests that are to fail without it."""

    row: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def of(row: str, file: str, old: str, new: str, *tests: str) -> Mutant:
    return Mutant(row, file, old, new, tests)


MUTANTS = [
    # --- A
    of("A1", "liaison_app/access/guards.py", "if not any(may(one, thing) for one in permissions):", "if False:", MATRIX),
    of("A1", "liaison_app/access/guards.py", "return any(path.startswith(reach) for path in thing.unit_paths for reach in held)",
       "return bool(held)", MATRIX),
    of("A1", "liaison_app/access/guards.py", "                raise Missing\n", "                abort(403)\n",
       f"{ROUND}test_what_is_foreign_looks_exactly_like_what_does_not_exist"),
    of("A2", "liaison_app/scheduling/views.py",
       '@requires(Permission.MEETING_MANAGE, on=lambda meeting_id, step: queries.get_meeting(meeting_id))\n'
       'def step(meeting: Meeting)',
       '@requires(Permission.MEETING_MANAGE)\ndef step(meeting_id: int, step: str)', "access/test_matrix.py::test_each_guard_is_the_one_of_its_row", MATRIX),
    of("A3", "liaison_app/access/guards.py", 'return "", 401, {"HX-Redirect": target}', "return None",
       f"{ROUND}test_a_part_of_a_page_is_as_closed_as_the_page"),
    of("A3", "liaison_app/access/guards.py", "    if not g.account:\n        return ask_to_sign_in()",
       "    if not g.account and not wants_fragment():\n        return ask_to_sign_in()",
       f"{ROUND}test_a_part_of_a_page_is_as_closed_as_the_page"),
    of("A4", "liaison_app/scheduling/queries.py", "    wanted = select(Meeting).where(within(paths))\n    if text:",
       "    wanted = select(Meeting)\n    if text:", CANARIES),
    of("A4", "liaison_app/messages/queries.py", "rows = rows.join(Message.unit).where(within(paths))", "rows = rows.join(Message.unit)", CANARIES),
    of("A5", "liaison_app/accounts/queries.py", ".where(within(paths))", "", CANARIES),
    of("A6", "liaison_app/scheduling/services.py", "    if not _holds_post(planned.person_id, planned.unit_id):\n        raise PlanRefused(\"people\", N_(\"{name}不在这个部门任职。\"), name=person.name)\n",
       "", f"{ROUND}test_a_foreign_thing_among_the_own_ones_spoils_the_whole", "scheduling/test_services.py::test_somebody_from_another_house_cannot_sit_as_the_bureaus_head"),
    of("A6", "liaison_app/scheduling/views.py", "    rooms = stations.list_rooms(paths)\n    if meeting is not None and meeting.unit",
       "    rooms = stations.list_rooms([\"/\"])\n    if meeting is not None and meeting.unit", f"{ROUND}test_a_foreign_thing_among_the_own_ones_spoils_the_whole"),
    of("A7", "liaison_app/signups/queries.py", "if signup.meeting_id != meeting_id:", "if False:", "access/test_matrix.py::test_a_child_is_found_under_its_own_parent_only"),
    of("A7", "liaison_app/invitations/queries.py", "if invitation.meeting_id != meeting_id:", "if False:", "access/test_matrix.py::test_a_child_is_found_under_its_own_parent_only"),
    of("A7", "liaison_app/accounts/queries.py", "if held.account_id != account_id:", "if False:", "access/test_matrix.py::test_a_child_is_found_under_its_own_parent_only"),
    of("A8", "liaison_app/scheduling/views.py", "    if not may(Permission.MEETING_READ, meeting):\n        raise Missing\n", "", f"{ROUND}test_a_copy_or_a_check_of_a_foreign_meeting_is_refused_as_the_meeting_is"),
    of("A8", "liaison_app/scheduling/views.py", "if meeting is not None and not may(Permission.MEETING_MANAGE, meeting):", "if False:", f"{ROUND}test_a_copy_or_a_check_of_a_foreign_meeting_is_refused_as_the_meeting_is"),
    of("A9", "liaison_app/accounts/views.py", "                _grant(account, form)\n                token",
       "                account.person_id = request.form.get('person_id', type=int)\n                _grant(account, form)\n                token",
       f"{ROUND}test_a_new_account_is_what_its_form_says_and_nothing_that_is_sent_along"),
    of("A10", "liaison_app/accounts/services.py", "if not by.may_grant(role, unit_path, local(clock.now()).date()):", "if False:", f"{DOOR}test_the_service_itself_gives_no_role_that_its_giver_may_not_give"),
    of("A10", "liaison_app/accounts/services.py", "    if by.id == account.id:\n        raise NotYourself\n", "", f"{GRANTS}test_nobody_gives_a_role_to_the_own_account"),
    of("A11", "liaison_app/invitations/queries.py", "return Seen(invitation, unit.unit_paths)", 'return Seen(invitation, tuple(one.unit.path for one in __import__("flask").g.account.grants))',
       "invitations/test_views.py::test_another_bureaus_clerk_finds_nothing", MATRIX),
    of("A12", "liaison_app/invitations/views.py", "    sees_reasons = may(Permission.INVITATION_ANSWER, meeting)\n", "    sees_reasons = True\n", READERS),
    of("A12", "liaison_app/invitations/queries.py", "within(paths),\n            Invitation.withdrawn_at", "Invitation.withdrawn_at", READERS, CANARIES),
    of("A15", "liaison_app/accounts/queries.py", "if browser is None or browser.ended_at is not None or not browser.account.is_active:", "if browser is None or browser.ended_at is not None:",
       f"{DOOR}test_an_account_that_is_closed_is_out_even_if_nothing_else_ended_its_browsers"),
    of("A15", "liaison_app/accounts/services.py", "    account.is_active = is_active\n", "    account.is_active = is_active\n    account.generation -= 1\n", f"{DOOR}test_an_account_that_was_closed_and_opened_again_is_out_everywhere"),
    of("A15", "liaison_app/accounts/models.py", "valid = [one for one in self.grants if one.is_valid(on)]", "valid = list(self.grants)", f"{GRANTS}test_an_ended_role_gives_nothing_and_opens_nothing"),
    of("A17", "templates/errors/404.html", "{% block lead %}", "{% block lead %}赤狐 ", f"{ROUND}test_an_error_says_nothing_of_what_the_account_sees"),
    of("A18", "liaison_app/access/guards.py", "            if detour := _detour():\n                return detour\n            if limit:",
       "            if request.method != 'HEAD' and (detour := _detour()):\n                return detour\n            if request.method == 'HEAD' and not g.account:\n                return ''\n            if limit:",
       "access/test_matrix.py::test_asking_for_the_head_alone_opens_no_more_than_asking_for_all"),
    of("A19", "liaison_app/scheduling/views.py", "plan, unit_id=form.unit_id.data,", "plan, unit_id=int(request.form.getlist('unit_id')[-1]),", f"{ROUND}test_of_a_field_that_is_sent_twice_the_one_that_was_checked_counts"),
    # --- B
    of("B1", "liaison_app/core/tokens.py", "hashlib.sha256)[:20]", "hashlib.sha256)[:10]", f"{LINKS}test_a_token_is_long_kept_as_a_hash_and_opens_nothing_once_changed"),
    of("B1", "liaison_app/core/tokens.py", 'return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()', 'return token[:64]', f"{LINKS}test_a_token_is_long_kept_as_a_hash_and_opens_nothing_once_changed"),
    of("B1", "liaison_app/access/guards.py", "            limits.count_miss()\n", "            pass\n", "limits/test_requests.py::test_whoever_tries_out_links_is_slowed_down_and_a_right_link_opens_all_the_same"),
    of("B2", "liaison_app/invitations/public.py", "    elif not form.is_submitted():\n        form.choose",
       "    elif request.args.get(\"choice\") == \"accepted\":\n        with transaction():\n            services.take_answer(invitation.id, services.Given(services.AnswerState.ACCEPTED), sequence=99, door=Door.LINK)\n    elif not form.is_submitted():\n        form.choose",
       f"{LINKS}test_no_look_at_a_link_writes"),
    of("B3", "liaison_app/core/web.py", 'headers["Referrer-Policy"] = "no-referrer"', 'headers["Referrer-Policy"] = "same-origin"', f"{LINKS}test_a_page_behind_a_link_is_kept_nowhere_and_named_to_nobody"),
    of("B4", "liaison_app/core/web.py", "    app.log_exception = lambda exc_info: None  # type: ignore[method-assign]\n", "", f"{LINKS}test_what_fails_behind_a_link_leaves_no_token_in_the_log"),
    of("B4", "liaison_app/core/logs.py", '"endpoint": request.endpoint,', '"endpoint": request.path,', "security/test_process.py::test_no_personal_link_stands_in_the_log_of_the_processes"),
    # Gunicorn's own lines are off twice over, and what gets into any line is blotted out; so is this taken out.
    of("B4", "liaison_app/core/logs.py", "        text = pattern.sub(instead, text)\n", "        pass\n", "core/test_logs.py::test_what_looks_like_a_person_or_a_key_is_blotted_out"),
    of("B5", "liaison_app/core/tokens.py", 'seed = f"{purpose}:{id}:{generation}".encode()', 'seed = f"{id}:{generation}".encode()', "core/test_tokens.py::test_a_link_is_the_same_each_time_and_another_for_each_thing"),
    of("B6", "liaison_app/invitations/services.py", "    rules.check_order(sequence, meeting.significant_sequence)\n", "", f"{LINKS}test_an_answer_to_an_older_time_is_asked_anew"),
    of("B7", "liaison_app/invitations/rules.py", "    if is_withdrawn:\n        return NoLongerAsked()\n", "", f"{LINKS}test_a_link_that_is_of_no_use_any_more_shows_it_and_changes_nothing"),
    of("B7", "liaison_app/invitations/rules.py", "    if state == MeetingState.POSTPONED:\n        return MeetingWaits()\n    if state != MeetingState.PUBLISHED or now >= ends_at:", "    if now >= ends_at:", f"{LINKS}test_a_link_that_is_of_no_use_any_more_shows_it_and_changes_nothing"),
    of("B8", "templates/invitations/answer.html", "这一页只给%(name)s本人。不是您，请不要答复；", "", "invitations/test_public.py::test_the_page_says_who_is_asked_to_what_and_is_kept_nowhere"),
    of("B9", "liaison_app/people/services.py", "        person.feed_hash = None\n", "        pass\n", f"{LINKS}test_a_feed_that_was_reset_or_revoked_is_no_page"),
    of("B10", "liaison_app/scheduling/queries.py", "Meeting.is_public", "Meeting.id > 0", f"{LINKS}test_a_public_feed_says_what_is_on_the_list_and_no_more", "scheduling/test_feeds.py::test_drafts_and_closed_meetings_of_the_office_stay_out"),
    of("B11", "liaison_app/core/links.py", 'return current_app.config["LIAISON"].base_url + path', "from flask import request\n    return request.host_url.rstrip('/') + path if request else path", f"{LINKS}test_no_page_and_no_mail_takes_its_address_from_the_request"),
    of("B12", "liaison_app/accounts/services.py", "if not _is_password(account.password_hash if known else _nobodys_hash(), password):", "if not known or not _is_password(account.password_hash, password):", f"{DOOR}test_every_name_costs_one_look_whether_there_is_such_an_account_or_not"),
    of("B13", "liaison_app/accounts/services.py", "return link.used_at is None and link.expires_at >= clock.now()", "return link.expires_at >= clock.now()", f"{LINKS}test_a_link_for_a_password_is_good_once_and_for_a_day"),
    of("B13", "liaison_app/accounts/services.py", "return link.used_at is None and link.expires_at >= clock.now()", "return link.used_at is None", f"{LINKS}test_a_link_for_a_password_is_good_once_and_for_a_day"),
    # --- C
    of("C1", "liaison_app/accounts/browsers.py", "    services.refuse_locked(login, address)\n", "", f"{SIGN_IN}test_after_five_failures_even_the_right_password_waits_a_quarter_of_an_hour"),
    of("C1", "liaison_app/accounts/browsers.py", "    services.refuse_locked(login, address)\n    account_id = services.check_password(login, password)\n", "    account_id = services.check_password(login, password)\n    services.refuse_locked(login, address)\n", f"{DOOR}test_whoever_is_locked_out_costs_no_look_any_more"),
    of("C2", "liaison_app/app.py", "    if settings.trusted_proxies:\n        hops = settings.trusted_proxies\n", "    if True:\n        hops = settings.trusted_proxies or 1\n", f"{SIGN_IN}test_a_forged_forwarding_header_does_not_lift_the_lock"),
    of("C3", "liaison_app/accounts/rules.py", " or address >= ATTEMPTS_PER_ADDRESS", "", f"{SIGN_IN}test_one_address_that_tries_many_names_is_stopped"),
    of("C4", "liaison_app/accounts/services.py", "            by_login, by_address, SignInAttempt.at > now", "            by_login, SignInAttempt.at > now", f"{SIGN_IN}test_somebody_elsewhere_cannot_lock_the_office_out_at_once"),
    of("C4", "liaison_app/accounts/rules.py", "login >= ATTEMPTS_PER_LOGIN or ", "", f"{DOOR}test_a_name_that_is_tried_from_everywhere_waits_and_the_others_do_not"),
    of("C5", "liaison_app/accounts/sign_in_links.py", "        return 0\n    services.count_attempt", "        raise services.WrongPassword\n    services.count_attempt", "accounts/test_sign_in_links.py::test_somebody_who_asks_too_often_is_passed_over_in_silence"),
    of("C6", "liaison_app/accounts/browsers.py", "    session.clear()\n    session.permanent = True\n", "    session.permanent = True\n", f"{DOOR}test_a_cookie_that_somebody_planted_is_not_the_one_that_signs_in"),
    of("C6", "liaison_app/accounts/services.py", "browser.confirmed_at, browser.key_hash = clock.now(), digest(key)", "browser.confirmed_at = clock.now()", "accounts/test_second_factor.py::test_the_cookie_changes_when_the_password_was_given_again"),
    of("C7", "liaison_app/accounts/services.py", "        browser.ended_at = clock.now()\n", "        pass\n", f"{SIGN_IN}test_signing_out_ends_the_session_on_the_server"),
    of("C7", "liaison_app/accounts/queries.py", "    if browser.generation != browser.account.generation:\n        return None\n", "", f"{SIGN_IN}test_a_new_password_ends_every_open_browser"),
    of("C8", "liaison_app/accounts/views.py", '@bp.post("/logout")', '@bp.route("/logout", methods=["GET", "POST"])', f"{SIGN_IN}test_signing_out_needs_a_post"),
    of("C8", "liaison_app/app.py", "    csrf.init_app(app)\n", "    app.jinja_env.globals[\"csrf_token\"] = lambda: \"x\"\n", f"{INPUT}test_a_post_without_the_token_of_its_browser_does_nothing"),
    of("C9", "liaison_app/accounts/browsers.py", """    response.headers["Clear-Site-Data"] = '"cache", "storage"'\n""", "", f"{DOOR}test_every_end_of_a_session_clears_what_the_browser_kept"),
    of("C9", "liaison_app/core/web.py", 'headers["Cache-Control"] = "no-store"', 'headers["Cache-Control"] = "private"', CRAWL),
    of("C9", "liaison_app/accounts/rules.py", "return now - seen_at > timedelta(minutes=idle_minutes) or now", "return now", f"{SIGN_IN}test_an_idle_or_old_session_is_over"),
    of("C9", "templates/_head.html", '"historyCacheSize": 0', '"historyCacheSize": 10', f"{DOOR}test_htmx_keeps_no_page_runs_no_text_and_asks_no_other_host"),
    of("C10", "liaison_app/settings.py", "if len(secret) < SHORTEST_SECRET or secret.lower() in KNOWN_WEAK:", "if not secret:", f"{DOOR}test_a_short_or_known_secret_does_not_start"),
    of("C11", "liaison_app/app.py", "SESSION_COOKIE_SECURE=settings.secure", "SESSION_COOKIE_SECURE=False", f"{DOOR}test_the_cookie_is_for_this_house_over_https_and_not_for_scripts"),
    of("C11", "liaison_app/app.py", "SESSION_COOKIE_HTTPONLY=True", "SESSION_COOKIE_HTTPONLY=False", f"{DOOR}test_the_cookie_is_for_this_house_over_https_and_not_for_scripts"),
    of("C12", "liaison_app/app.py", "timedelta(hours=settings.absolute_hours)", "timedelta(days=30)", f"{DOOR}test_no_cookie_remembers_anybody_beyond_the_day"),
    of("C13", "liaison_app/accounts/public.py", "before=queries.find_sign_in_before(g.account, g.browser_id)", "before=None", "accounts/test_own_account.py::test_the_last_sign_in_is_shown"),
    of("C14", "liaison_app/accounts/second_factor.py", "if fits and step > account.totp_step:", "if fits:", "accounts/test_second_factor.py::test_a_code_opens_once"),
    of("C14", "liaison_app/accounts/browsers.py", "    second_factor.refuse_locked(account)\n", "", "accounts/test_second_factor.py::test_five_wrong_codes_lock_even_the_right_one_out_and_new_sign_ins_too"),
    # --- E
    of("E1", "liaison_app/core/web.py", "if request.method not in SAFE_METHODS and _is_from_elsewhere():", "if False:", f"{WEB}test_what_another_site_sends_is_refused_whatever_it_holds"),
    of("E1", "liaison_app/app.py", "        WTF_CSRF_TIME_LIMIT=None,\n", "        WTF_CSRF_TIME_LIMIT=None,\n        WTF_CSRF_METHODS=[],\n", f"{INPUT}test_a_post_without_the_token_of_its_browser_does_nothing"),
    of("E2", "liaison_app/messages/views.py", '@bp.post("/messages/<int:message_id>/told")', '@bp.route("/messages/<int:message_id>/told", methods=["GET", "POST"])', "architecture/test_routes.py::test_a_get_opens_no_transaction", MATRIX),
    of("E3", "templates/scheduling/meetings.html", "<form", '<form action="/x"><input type="hidden" name="csrf_token" value="{{ csrf_token() }}"></form><form', CRAWL),
    of("E4", "liaison_app/core/web.py", 'if not target or not target.startswith("/") or target.startswith(("//", "/\\\\")):', "if not target:", f"{SIGN_IN}test_signing_in_never_leads_to_another_site"),
    of("E4", "liaison_app/core/web.py", 'if any(ord(sign) < 33 or sign == "\\\\" for sign in target):', "if False:", f"{SIGN_IN}test_signing_in_never_leads_to_another_site"),
    of("E5", "liaison_app/core/web.py", "frame-ancestors 'none'", "frame-ancestors 'self'", f"{WEB}test_every_answer_wears_the_same_headers"),
    of("E6", "liaison_app/core/web.py", "script-src 'self';", "script-src 'self' 'unsafe-inline';", f"{WEB}test_every_answer_wears_the_same_headers"),
    of("E6", "templates/_head.html", '"allowEval": false', '"allowEval": true', f"{DOOR}test_htmx_keeps_no_page_runs_no_text_and_asks_no_other_host"),
    of("E7", "liaison_app/accounts/browsers.py", "if not key or request.endpoint in SHARED:", "if not key:", f"{LINKS}test_what_a_proxy_may_keep_takes_no_cookie_along"),
    of("E8", "liaison_app/core/htmx.py", '    response.vary.add("HX-Request")\n', "", f"{ROUND}test_an_answer_that_depends_on_htmx_says_so"),
    of("E10", "liaison_app/scheduling/public.py", '@bp.get("/m/<string:code>.ics")', '@bp.get("/m/<string:code>/<path:more>")\n@public(on=lambda code, more: queries.get_public_meeting(code))\ndef junk(meeting: Any) -> Any:\n    return "x"\n\n\n@bp.get("/m/<string:code>.ics")', f"{INPUT}test_an_address_that_nothing_bears_is_no_page", "access/test_matrix.py::test_every_route_has_a_row"),
    of("E11", "liaison_app/core/web.py", '    headers["X-Content-Type-Options"] = "nosniff"\n', "", f"{WEB}test_every_answer_wears_the_same_headers"),
    of("E12", "liaison_app/core/web.py", '    headers["X-Content-Type-Options"] = "nosniff"\n', '    headers["X-Content-Type-Options"] = "nosniff"\n    headers["Access-Control-Allow-Origin"] = request.headers.get("Origin", "*")\n', f"{INPUT}test_no_other_origin_is_let_in"),
    # --- J
    of("J1", "liaison_app/signups/services.py", "state, seat_pool_id = _place(meeting, pool_id)\n    signup = SignUp(", "state, seat_pool_id = SignUpState.CONFIRMED, None\n    signup = SignUp(", f"{SEATS}test_fifty_people_want_the_last_seat"),
    of("J2", "liaison_app/signups/services.py", "        if mark and one.form_token == mark:\n            return one\n", "        pass\n", f"{SEATS}test_one_form_sent_many_times_at_once_makes_one_row"),
    of("J2", "liaison_app/scheduling/services.py", "        if known is not None:\n            return known\n    now = clock.now()", "        form_token = None\n    now = clock.now()", f"{ONE}test_one_form_sent_many_times_at_once_makes_one_meeting"),
    of("J3", "liaison_app/scheduling/services.py", "    if meeting.version != version:\n        raise Stale\n", "", f"{ONE}test_of_many_who_change_one_version_the_first_does_and_the_others_are_told"),
    of("J4", "liaison_app/invitations/services.py", "    rules.check_order(sequence, meeting.significant_sequence)\n", "", f"{ONE}test_an_answer_that_meets_a_move_is_to_the_new_time_or_none"),
    of("J6", "liaison_app/signups/rules.py", "            openings[pool_id] -= 1\n", "", f"{SEATS}test_a_freed_seat_goes_to_who_waits_and_never_to_a_newcomer"),
    of("J7", "liaison_app/scheduling/occupancy.py", 'row = {"meeting_id": meeting.id, "resource_id": resource, "live": True, **span}', 'row = {"meeting_id": meeting.id, "resource_id": resource, "live": False, **span}', "races/test_double_booking.py::test_one_gets_it_and_the_others_are_told_who"),
    of("J8", "liaison_app/scheduling/rules.py", 'return TRANSITIONS.get((step, state))', 'return next((then for (name, _), then in TRANSITIONS.items() if name == step), None)', f"{STEPS}test_a_button_does_what_the_table_allows_and_else_nothing"),
    of("J8", "liaison_app/scheduling/views.py", "if meeting.state not in rules.EDITABLE:", "if False:", f"{STEPS}test_what_is_over_or_off_cannot_be_edited"),
    of("J9", "liaison_app/scheduling/services.py", "    if plan.starts_at <= now and plan.starts_at != was:", "    if False:", f"{STEPS}test_a_plan_that_cannot_be_is_refused"),
    of("J9", "liaison_app/scheduling/services.py", "    if plan.starts_at > now + rules.FARTHEST_AHEAD:", "    if False:", f"{STEPS}test_a_plan_that_cannot_be_is_refused"),
    of("J9", "liaison_app/scheduling/services.py", "    if length > rules.LONGEST:", "    if False:", f"{STEPS}test_a_plan_that_cannot_be_is_refused"),
    of("J9", "liaison_app/scheduling/services.py", "    if closes_at is not None and closes_at > plan.starts_at:", "    if False:", f"{STEPS}test_a_plan_that_cannot_be_is_refused"),
    of("J9", "liaison_app/scheduling/services.py", "    if clock.now() < get(Meeting, meeting_id).starts_at:", "    if False:", f"{STEPS}test_nothing_is_published_for_a_time_that_is_over_or_held_before_it_begins"),
    of("J10", "liaison_app/jobs/services.py", "    job.lease_until = now + rules.LEASE\n", "    job.lease_until = now\n", "messages/test_workers.py::test_two_workers_send_each_mail_once", "jobs/test_worker.py::test_a_leased_job_is_nobody_elses_until_the_lease_is_over"),
]  # fmt: skip


class Stray(Exception):
    """A mutant whose text does not stand in the program any more."""


def main(rows: list[str]) -> int:
    """Try the mutants of the rows, or all; print one line each, and return 1 where one was not noticed."""
    wanted = [one for one in MUTANTS if not rows or one.row in rows]
    for one in wanted:
        if one.old not in (ROOT / one.file).read_text(encoding="utf-8"):
            raise Stray(f"{one.row}: {one.file} does not hold {one.old.strip()[:60]!r}")
    with tempfile.TemporaryDirectory() as folder:
        copies: Queue[Path] = Queue()
        for number in range(AT_ONCE):
            copies.put(_copy(Path(folder) / str(number)))
        with ThreadPoolExecutor(AT_ONCE) as crew:
            untouched = crew.submit(
                _untouched, copies, sorted({test for one in wanted for test in one.tests})
            )
            if not untouched.result():
                print("The tests fail on the program as it is: nothing is shown.")
                return 1
            noticed = list(crew.map(lambda one: _try(copies, one), wanted))
    missed = [one for one, was in zip(wanted, noticed, strict=True) if not was]
    print(f"{len(wanted) - len(missed)} of {len(wanted)} were noticed")
    return 1 if missed else 0


def _copy(place: Path) -> Path:
    place.mkdir()
    for name in COPIED:
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, place / name)
    return place


def _untouched(copies: Queue[Path], tests: list[str]) -> bool:
    place = copies.get()
    try:
        return _run(place, tests, patience=6 * PATIENCE_SECONDS)
    finally:
        copies.put(place)


def _try(copies: Queue[Path], one: Mutant) -> bool:
    """Return whether the tests notice that the defence is gone."""
    place = copies.get()
    file = place / one.file
    whole = file.read_text(encoding="utf-8")
    try:
        file.write_text(whole.replace(one.old, one.new), encoding="utf-8")
        was = not _run(place, list(one.tests))
    finally:
        file.write_text(whole, encoding="utf-8")
        copies.put(place)
    print(
        f"{one.row:4} {'noticed' if was else 'NOT NOTICED'}  {one.file}: {one.old.strip().splitlines()[0][:70]}",
        flush=True,
    )
    return was


def _run(place: Path, tests: list[str], *, patience: float = PATIENCE_SECONDS) -> bool:
    """Return whether the tests pass in a copy."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        *(f"tests/{one}" for one in tests),
    ]
    environment = {**os.environ, "TEST_ENGINES": "sqlite", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=place, env=environment, capture_output=True, text=True, timeout=patience
        )
    except subprocess.TimeoutExpired:
        return False
    if done.returncode not in (0, 1, 2):
        raise Stray(f"{tests}: {done.stdout[-400:]} {done.stderr[-400:]}")
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
