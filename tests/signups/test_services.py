from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from liaison_app.audit.models import Entry
from liaison_app.core import clock
from liaison_app.core.db import db, get, transaction
from liaison_app.core.errors import Missing
from liaison_app.core.tokens import digest
from liaison_app.messages.models import Message
from liaison_app.scheduling import services as scheduling
from liaison_app.scheduling.kinds import MeetingState, RoleCode
from liaison_app.scheduling.models import Meeting, Pool
from liaison_app.signups import queries, services
from liaison_app.signups.errors import (
    AlreadySignedUp,
    FirmFull,
    MeetingOff,
    NothingTooMany,
    OfferOver,
    PoolFull,
    ReasonMissing,
    SignUpClosed,
    TooManyOnPhone,
)
from liaison_app.signups.jobs import pass_over_unanswered, share_out_seats
from liaison_app.signups.kinds import SignUpState
from liaison_app.signups.models import SignUp
from tests.factories.accounts import make_account
from tests.factories.people import make_deputy
from tests.factories.scheduling import make_meeting, make_participant, make_pool
from tests.factories.signups import make_applicant
from tests.factories.stations import make_room
from tests.parts.databases import queries as at_most_queries

CONFIRMED, WAITING, WITHDRAWN = SignUpState.CONFIRMED, SignUpState.WAITING, SignUpState.WITHDRAWN


def given_pool(*, wait_places=100, seats=1, **facts) -> int:
    with transaction():
        return make_pool(make_meeting(**facts), seats=seats, wait_places=wait_places).id


def arrive(pool_id: int, applicant=None, **how) -> int:
    with transaction():
        return services.sign_up(pool_id, applicant or make_applicant(), **how).id


def state(signup_id: int) -> SignUpState:
    return get(SignUp, signup_id).state


def place(signup_id: int) -> int | None:
    return queries.find_place(get(SignUp, signup_id))


def leave(signup_id: int, **how) -> None:
    with transaction():
        services.withdraw(signup_id, **how)


def told() -> list[str]:
    return [message.body for message in db.session.scalars(select(Message).order_by(Message.id))]


def test_the_last_seat_then_the_wait_list_then_a_refusal(app):
    pool = given_pool(seats=1, wait_places=1)
    assert [state(arrive(pool)), state(arrive(pool))] == [CONFIRMED, WAITING]
    with pytest.raises(PoolFull, match="1 个名额和 1 个候补都满了"):
        arrive(pool)


def test_a_sign_up_keeps_what_was_asked_and_its_link_is_known_by_hash_alone(app):
    pool = given_pool()
    applicant = make_applicant(
        "买买提·𠮷", question="暖气不热", needs=("手语", "坐轮椅来"), privacy_version="2025-11"
    )
    signup = get(SignUp, arrive(pool, applicant))
    assert (signup.name, signup.question, signup.needs) == ("买买提·𠮷", "暖气不热", "手语；坐轮椅来")
    assert signup.privacy_version == "2025-11"
    assert len(signup.ticket_code) == 6
    token = services.ticket_token(signup)
    assert signup.token_hash == digest(token)
    assert queries.get_by_token(token).id == signup.id
    with pytest.raises(Missing):
        queries.get_by_token(token[:-1])


def test_the_number_stands_nowhere_in_clear(app):
    pool = given_pool()
    arrive(pool, make_applicant(mobile="13912345678"))
    rows = db.session.connection().exec_driver_sql("SELECT * FROM signup").all()
    assert rows
    assert "13912345678" not in repr(rows)
    assert all("13912345678" not in entry.sentence for entry in db.session.scalars(select(Entry)))


def test_the_same_form_gives_the_same_sign_up_again(app):
    pool, applicant = given_pool(), make_applicant()
    first = arrive(pool, applicant, form_token="one")
    assert arrive(pool, applicant, form_token="one") == first


def test_the_same_form_gives_it_again_even_when_the_sign_up_has_closed_meanwhile(app):
    pool, applicant = given_pool(), make_applicant()
    first = arrive(pool, applicant, form_token="one")
    with clock.frozen(clock.now() + timedelta(days=30)):
        assert arrive(pool, applicant, form_token="one") == first


def test_another_form_of_the_same_person_is_refused_however_the_name_is_spelled(app):
    pool = given_pool(seats=5)
    arrive(pool, make_applicant("买买提·艾力", "13900000001"), form_token="one")
    with pytest.raises(AlreadySignedUp):
        arrive(pool, make_applicant("买买提•艾力", "13900000001"), form_token="two")


def test_the_same_form_signs_up_a_second_person_on_the_phone_but_no_third(app):
    pool = given_pool(seats=5)
    ids = [arrive(pool, make_applicant(name, "13900000001"), form_token="one") for name in ("王一", "王二")]
    assert len(set(ids)) == 2
    with pytest.raises(TooManyOnPhone):
        arrive(pool, make_applicant("王三", "13900000001"), form_token="one")


def test_coming_and_going_on_one_phone_has_an_end(app):
    pool = given_pool(seats=5)
    for number in range(6):
        leave(arrive(pool, make_applicant(f"王{number}", "13900000001")))
    with pytest.raises(TooManyOnPhone):
        arrive(pool, make_applicant("王末", "13900000001"))


def test_nobody_signs_up_for_a_seat_that_is_by_invitation(app):
    with transaction():
        pool = make_pool(role=RoleCode.DEPUTY)
    with pytest.raises(Missing):
        arrive(pool.id)
    with pytest.raises(Missing):
        arrive(999)


def test_the_last_second_of_the_deadline_counts(app):
    now = clock.now()
    pool = given_pool(seats=5, signup_closes_at=now)
    with clock.frozen(now):
        arrive(pool)
    with clock.frozen(now + timedelta(seconds=1)), pytest.raises(SignUpClosed):
        arrive(pool)


@pytest.mark.parametrize(
    "off", [MeetingState.DRAFT, MeetingState.CANCELLED, MeetingState.POSTPONED, MeetingState.HELD]
)
def test_a_meeting_that_is_not_on_takes_nobody(app, off):
    pool = given_pool(state=off)
    with pytest.raises(MeetingOff):
        arrive(pool)


def test_the_staff_signs_up_after_the_deadline_and_more_people_on_one_phone(app):
    with transaction():
        clerk = make_account()
    pool = given_pool(seats=5, signup_closes_at=clock.now() - timedelta(days=1))
    for name in ("赵一", "赵二", "赵三"):
        signup = get(SignUp, arrive(pool, make_applicant(name, "13900000001"), by=clerk))
        assert signup.entered_by_id == clerk.id


def test_a_freed_seat_goes_to_who_waits_first_and_the_queue_closes_up(app):
    pool = given_pool(seats=1)
    first, second, third, fourth = (arrive(pool) for _ in range(4))
    assert [place(one) for one in (first, second, third, fourth)] == [None, 1, 2, 3]
    leave(first)
    assert [state(one) for one in (first, second)] == [WITHDRAWN, CONFIRMED]
    assert [place(one) for one in (third, fourth)] == [1, 2]
    assert len(told()) == 1
    assert "您递补上了供暖专场的席位" in told()[0]


def test_who_leaves_the_queue_moves_nobody_into_a_seat(app):
    pool = given_pool(seats=1)
    _, second, third = (arrive(pool) for _ in range(3))
    leave(second)
    assert (state(third), place(third)) == (WAITING, 1)
    assert told() == []


def test_nobody_is_called_about_a_seat_that_was_given_back_meanwhile(app):
    pool = given_pool()
    first, second = arrive(pool), arrive(pool)
    leave(first)
    assert [one.state for one in db.session.query(Message)] == ["queued"]
    leave(second)
    db.session.rollback()
    assert [one.state for one in db.session.query(Message)] == ["dropped"]


def test_withdrawing_twice_frees_one_seat(app):
    pool = given_pool(seats=1)
    first, second, third = (arrive(pool) for _ in range(3))
    leave(first)
    leave(first)
    assert [state(one) for one in (second, third)] == [CONFIRMED, WAITING]


def test_a_clerk_says_why(app):
    with transaction():
        clerk = make_account()
    one = arrive(given_pool())
    with pytest.raises(ReasonMissing):
        leave(one, by=clerk, reason=" ")
    leave(one, by=clerk, reason="本人来电说不来了")
    assert get(SignUp, one).withdrawn_reason == "本人来电说不来了"
    last = db.session.scalars(select(Entry).order_by(Entry.id.desc())).first()
    assert (last.action, last.actor_id) == ("signups:signup:withdraw", clerk.id)
    assert "来电" not in last.sentence


def test_nobody_leaves_a_meeting_that_has_begun(app):
    one = arrive(given_pool())
    with clock.frozen(clock.now() + timedelta(days=7)), pytest.raises(MeetingOff):
        leave(one)


def test_who_comes_back_goes_to_the_end_under_the_same_link(app):
    pool, start = given_pool(seats=1), clock.now()
    ids = []
    for minute in range(3):
        with clock.frozen(start + timedelta(minutes=minute)):
            ids.append(arrive(pool))
    first, _, third = ids
    with clock.frozen(start + timedelta(minutes=5)), transaction():
        services.withdraw(first)
        services.come_back(first)
    assert [state(one) for one in ids] == [WAITING, CONFIRMED, WAITING]
    assert (place(third), place(first)) == (1, 2)


def test_coming_back_is_refused_where_the_same_person_signed_up_anew(app):
    pool, person = given_pool(seats=5), make_applicant()
    first = arrive(pool, person)
    leave(first)
    arrive(pool, person)
    with pytest.raises(AlreadySignedUp), transaction():
        services.come_back(first)


def test_the_room_holds_everybody_at_the_table_too(app):
    with transaction():
        meeting = make_meeting(
            room=make_room(capacity=4), seats={RoleCode.CITIZEN: 3, RoleCode.PROPERTY_REP: 3}
        )
        for _ in range(2):
            make_participant(meeting, make_deputy())
        citizens, firms = (pool.id for pool in meeting.pools)
    assert [state(arrive(pool)) for pool in (citizens, firms, citizens, firms)] == [
        CONFIRMED,
        CONFIRMED,
        WAITING,
        WAITING,
    ]


def test_a_deputy_who_asks_leave_lets_the_first_in_any_queue_move_up(app):
    with transaction():
        meeting = make_meeting(
            room=make_room(capacity=3), seats={RoleCode.CITIZEN: 3, RoleCode.PROPERTY_REP: 3}
        )
        deputy = make_participant(meeting, make_deputy())
        citizens, firms = (pool.id for pool in meeting.pools)
    start = clock.now()
    ids = []
    for minute, pool in enumerate((citizens, firms, firms, citizens)):
        with clock.frozen(start + timedelta(minutes=minute)):
            ids.append(arrive(pool))
    with transaction():
        scheduling.decline(deputy.id)
    assert [state(one) for one in ids] == [CONFIRMED, CONFIRMED, CONFIRMED, WAITING]


def test_more_seats_let_the_queue_move_at_once(app):
    pool = given_pool(seats=1)
    ids = [arrive(pool) for _ in range(4)]
    with transaction():
        meeting = get(Meeting, get(Pool, pool).meeting_id)
        meeting.kind = "forum"
        plan = scheduling.as_plan(meeting)
        seats = tuple((role, 3) for role, _ in plan.seats)
        scheduling.revise(
            meeting.id, type(plan)(**{**plan.__dict__, "seats": seats}), version=meeting.version, by=None
        )
    assert [state(one) for one in ids] == [CONFIRMED, CONFIRMED, CONFIRMED, WAITING]


# Ten in the morning, local time; meetings begin on the next day at two in the afternoon.
TEN = datetime(2026, 11, 18, 2, tzinfo=UTC)
SOON = TEN + timedelta(hours=28)


def given_offer(waiting: int = 2) -> list[int]:
    """Return who had the only seat and gave it back at TEN, and who waits; the first of these has an offer."""
    pool = given_pool(seats=1, starts_at=SOON)
    ids = []
    for minute in range(1 + waiting):
        with clock.frozen(TEN - timedelta(days=3) + timedelta(minutes=minute)):
            ids.append(arrive(pool))
    with clock.frozen(TEN):
        leave(ids[0])
    return ids


def offered(signup_id: int) -> bool:
    return get(SignUp, signup_id).is_offered


def accept(signup_id: int, **how) -> None:
    with transaction():
        services.accept(signup_id, **how)


def test_near_the_start_a_freed_seat_is_kept_for_an_answer_and_no_newcomer_gets_it(app):
    _, first, second = given_offer()
    assert (offered(first), state(second)) == (True, WAITING)
    assert get(SignUp, first).offer_until == TEN + timedelta(hours=4)
    assert "11月18日（三）14:00前" in told()[-1]
    with clock.frozen(TEN + timedelta(hours=1)):
        newcomer = arrive(get(SignUp, first).pool_id)
        accept(first)
        accept(first)
    assert (state(first), offered(first), state(newcomer), place(newcomer)) == (CONFIRMED, False, WAITING, 2)
    said = [entry.action for entry in db.session.scalars(select(Entry))]
    assert said.count("signups:signup:accept") == 1


def test_who_does_not_answer_in_time_is_passed_over_and_told_and_the_next_is_asked(app):
    _, first, second = given_offer()
    with clock.frozen(TEN + timedelta(hours=4)):
        pass_over_unanswered()
        assert offered(first)
    with clock.frozen(TEN + timedelta(hours=4, seconds=1)):
        with pytest.raises(OfferOver, match="已经过了"):
            accept(first)
        pass_over_unanswered()
        pass_over_unanswered()
    assert (state(first), get(SignUp, first).was_passed_over, offered(second)) == (WITHDRAWN, True, True)
    assert ["过时没有答复" in told()[-2], "有席位给您" in told()[-1]] == [True, True]
    with clock.frozen(TEN + timedelta(hours=5)):
        with pytest.raises(OfferOver):
            accept(first)
        with transaction():
            services.come_back(first)
    assert (state(first), place(first)) == (WAITING, 1)
    said = [entry.action for entry in db.session.scalars(select(Entry))]
    assert said.count("signups:signup:lapse") == 1
    assert said.count("signups:signup:offer") == 2


def test_who_declines_an_offer_hands_it_on_and_may_come_back_at_the_end(app):
    _, first, second = given_offer()
    with clock.frozen(TEN + timedelta(hours=1)):
        leave(first)
        with transaction():
            services.come_back(first)
    assert not get(SignUp, first).was_passed_over
    assert (offered(second), state(first), place(first)) == (True, WAITING, 1)


def test_the_clerk_takes_the_answer_by_telephone(app):
    _, first, _ = given_offer()
    with transaction():
        clerk = make_account()
    with clock.frozen(TEN + timedelta(hours=1)):
        accept(first, by=clerk)
    entry = db.session.scalar(select(Entry).where(Entry.action == "signups:signup:accept"))
    assert entry.actor_id == clerk.id


def test_a_moved_meeting_keeps_the_seat_that_was_offered(app):
    _, first, second = given_offer()
    with clock.frozen(TEN + timedelta(hours=1)), transaction():
        services.tell_everybody(get(SignUp, first).meeting_id, "moved")
    with clock.frozen(TEN + timedelta(hours=9)):
        pass_over_unanswered()
    assert (state(first), offered(first), state(second)) == (CONFIRMED, False, WAITING)


def test_the_words_of_an_offer_fit_one_sms_with_room_for_a_signature(app):
    with transaction():
        meeting = make_meeting("老旧小区改造和加装电梯专场座谈会", starts_at=SOON)
        pool = make_pool(meeting, seats=1).id
    with clock.frozen(TEN - timedelta(days=3)):
        ids = [arrive(pool) for _ in range(2)]
    with clock.frozen(TEN):
        leave(ids[0])
    with clock.frozen(TEN + timedelta(hours=5)):
        pass_over_unanswered()
    assert len(told()) == 2
    assert max(map(len, told())) <= 66


def given_two_roles(**facts) -> tuple[int, int]:
    """Return the pools of a meeting with one citizen's seat and two of firms."""
    with transaction():
        seats = {RoleCode.CITIZEN: 1, RoleCode.PROPERTY_REP: 2}
        return tuple(pool.id for pool in make_meeting(seats=seats, **facts).pools)


def shared_now() -> dict[str, object]:
    return {"starts_at": clock.now() + timedelta(hours=20), "spill_hours": 24}


def test_at_the_published_hour_the_worker_gives_free_seats_to_who_waits_for_another_role(app):
    starts_at = clock.now() + timedelta(days=7)
    citizens, firms = given_two_roles(starts_at=starts_at, spill_hours=24)
    ids = [arrive(citizens) for _ in range(4)]
    share_out_seats()
    assert [state(one) for one in ids] == [CONFIRMED, WAITING, WAITING, WAITING]
    with clock.frozen(starts_at - timedelta(hours=24)):
        share_out_seats()
    assert [state(one) for one in ids] == [CONFIRMED, CONFIRMED, CONFIRMED, WAITING]
    assert [get(SignUp, one).seat_pool_id for one in ids] == [None, firms, firms, None]
    assert sum("有席位给您" in words for words in told()) == 2


def test_a_seat_that_was_shared_out_is_taken_for_its_own_role_too_and_goes_back_to_it(app):
    citizens, firms = given_two_roles(**shared_now())
    ids = [arrive(pool) for pool in (citizens, citizens, citizens)]
    assert [state(one) for one in ids] == [CONFIRMED] * 3
    late = arrive(firms)
    assert (state(late), place(late)) == (WAITING, 1)
    leave(ids[1])
    assert state(late) == CONFIRMED
    assert get(SignUp, late).seat_pool_id is None


def test_before_the_worker_has_run_a_newcomer_still_finds_the_seat_given_to_who_waited(app):
    starts_at = clock.now() + timedelta(days=7)
    citizens, firms = given_two_roles(starts_at=starts_at, spill_hours=24)
    ids = [arrive(citizens) for _ in range(3)]
    with clock.frozen(starts_at - timedelta(hours=23)):
        assert [pool.free for pool in queries.list_seats(get(Pool, firms).meeting_id)] == [0, 0]
        newcomer = arrive(firms)
    assert [state(one) for one in (*ids, newcomer)] == [CONFIRMED, CONFIRMED, CONFIRMED, WAITING]


def test_a_firm_is_let_in_up_to_its_limit_however_its_name_is_spaced(app):
    _, firms = given_two_roles(firm_limit=1)
    first = arrive(firms, make_applicant(organisation="安居物业"))
    with pytest.raises(FirmFull, match="一个单位最多报 1 人，“安居 物业”已经报满"):
        arrive(firms, make_applicant(organisation="安居 物业"))
    assert state(arrive(firms, make_applicant(organisation="广厦物业"))) == CONFIRMED
    leave(first)
    second = arrive(firms, make_applicant(organisation="安居物业"))
    assert state(second) == CONFIRMED
    with pytest.raises(FirmFull), transaction():
        services.come_back(first)


def fewer(pool_id: int, seats: int) -> None:
    """Let the office save the meeting with that many seats in each of its pools."""
    with transaction():
        meeting = get(Meeting, get(Pool, pool_id).meeting_id)
        plan = scheduling.as_plan(meeting)
        plan = replace(plan, kind="forum", seats=tuple((role, seats) for role, _ in plan.seats))
        scheduling.revise(meeting.id, plan, version=meeting.version, by=None)


def test_fewer_seats_throw_nobody_out_and_the_office_chooses_who_waits_at_the_head(app):
    pool = given_pool(seats=3)
    start = clock.now()
    ids = []
    for minute in range(4):
        with clock.frozen(start + timedelta(minutes=minute)):
            ids.append(arrive(pool))
    with transaction():
        clerk = make_account()
    with pytest.raises(NothingTooMany), transaction():
        services.put_back(ids[1], by=clerk, reason="换了小房间")
    fewer(pool, 2)
    assert [state(one) for one in ids] == [CONFIRMED, CONFIRMED, CONFIRMED, WAITING]
    with pytest.raises(ReasonMissing), transaction():
        services.put_back(ids[1], by=clerk, reason=" ")
    with transaction():
        services.put_back(ids[1], by=clerk, reason="换了小房间")
    assert [place(one) for one in ids] == [None, 1, None, 2]
    assert "暂时改为候补" in told()[-1]
    assert "换了小房间" in told()[-1]
    assert len(told()[-1]) <= 70
    with pytest.raises(NothingTooMany), transaction():
        services.put_back(ids[0], by=clerk, reason="换了小房间")
    fewer(pool, 3)
    assert [state(one) for one in ids] == [CONFIRMED, CONFIRMED, CONFIRMED, WAITING]


def test_a_move_keeps_every_place_and_tells_each_telephone_once(app):
    pool = given_pool(seats=2)
    with transaction():
        meeting_id = get(Pool, pool).meeting_id
    ids = [arrive(pool, make_applicant(name, mobile)) for name, mobile in (
        ("王一", "13900000001"), ("王二", "13900000001"), ("赵三", "13900000002")
    )]  # fmt: skip
    with transaction():
        assert services.tell_everybody(meeting_id, "moved") == 2
    assert [state(one) for one in ids] == [CONFIRMED, CONFIRMED, WAITING]
    messages = list(db.session.scalars(select(Message).order_by(Message.id)))
    assert [message.to_name for message in messages] == ["王一、王二", "赵三"]
    assert "您的席位还在" in messages[0].body
    assert "您的候补还在" in messages[1].body


def test_cancelling_tells_everybody_why_and_postponing_keeps_the_places(app):
    pool = given_pool(seats=1)
    ids = [arrive(pool) for _ in range(2)]
    meeting = get(Meeting, get(Pool, pool).meeting_id)
    with transaction():
        scheduling.postpone(meeting.id, reason="暴雪红色预警", version=meeting.version, by=None)
    assert [body for body in told() if "延期" in body and "暴雪红色预警" in body] == told()
    leave(ids[0])
    assert state(ids[1]) == WAITING, "the queue stands still while there is no time"
    with transaction():
        scheduling.cancel(meeting.id, reason="设备检修", version=meeting.version, by=None)
    assert sum("取消了，请不要前往。设备检修" in body for body in told()) == 1


@pytest.mark.parametrize("matter", ["promoted", "moved", "postponed", "cancelled"])
def test_a_message_fits_into_one_sms(app, matter):
    with transaction():
        meeting = make_meeting("题" * 60, room_id=None, place_text="地" * 120)
        meeting.starts_at = meeting.ends_at - timedelta(hours=1)
        pool = make_pool(meeting, seats=1)
        first, _second = (
            services.sign_up(pool.id, make_applicant()),
            services.sign_up(pool.id, make_applicant()),
        )
        if matter == "promoted":
            services.withdraw(first.id)
        else:
            services.tell_everybody(meeting.id, matter, reason="因" * 200)
    assert told()
    assert max(map(len, told())) <= 70
    assert all("\n" not in body for body in told())


def test_counting_takes_one_statement_whatever_the_number_of_pools(app):
    with transaction():
        meeting = make_meeting(
            seats=dict.fromkeys((RoleCode.DEPUTY, RoleCode.CITIZEN, RoleCode.PROPERTY_REP), 4)
        )
        make_participant(meeting, make_deputy())
        meeting_id = meeting.id
    with at_most_queries(1):
        seats = queries.list_seats(meeting_id)
    assert [(pool.role, pool.taken, pool.free) for pool in seats] == [
        (RoleCode.DEPUTY, 1, 3),
        (RoleCode.CITIZEN, 0, 4),
        (RoleCode.PROPERTY_REP, 0, 4),
    ]
