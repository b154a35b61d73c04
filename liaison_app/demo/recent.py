"""The meetings of the four weeks before the day on which the demo stands, and the one on the day itself."""

from datetime import time

from liaison_app.scheduling.kinds import RoleCode

from .days import Days
from .guests import CITIZENS, ENTERPRISE_REPS
from .making import (
    AFTERNOON,
    MORNING,
    NOTICE,
    WALK_IN,
    chair,
    deputies,
    deputy,
    evening_before,
    face,
    head,
    held,
    judge,
    meeting,
    morning_of,
    opening_of,
    reception,
    seats,
    sign_ups,
)
from .values import YES, Invitee, Meeting


def recent(days: Days) -> tuple[Meeting, ...]:
    """Return four meetings that were held, and one that goes on today or on the next working day."""
    return (
        _stool_talk(days),
        _taxes(days),
        _town_reception(days),
        _meals_for_the_old(days),
        _legal_visit(days),
    )


def _stool_talk(days: Days) -> Meeting:
    day, opens_at = days.back(13), opening_of(days.back(18))
    planned = meeting(
        "stool-talk",
        "stool_talk",
        "楼院停车小板凳恳谈会",
        day,
        AFTERNOON,
        station="linting",
        room="社区活动室",
        about="楼院里车怎么停、消防通道怎么让、充电桩装在哪里。",
        agenda=("15:00 代表说明来意", "15:10 居民一个一个说", "16:40 归纳几条，说定谁去办"),
        notice=NOTICE,
        invitees=(deputy("林淑贞", YES), *deputies("linting", 2, skip=1, yes=2)),
        pools=seats(10, deputy=3, citizen=12),
        signup_opens_at=opens_at,
        signup_closes_at=evening_before(day),
        sign_ups=sign_ups(RoleCode.CITIZEN, CITIZENS[30:38], opens_at),
        published_at=morning_of(days.back(18)),
    )
    return held(planned, issues=5, solved=3)


def _taxes(days: Days) -> Meeting:
    opens_at = opening_of(days.back(15))
    planned = face(
        "taxes",
        "减税降费专场",
        days.back(9),
        AFTERNOON,
        bureau="shuiwu",
        station="qiyejie",
        room="路演厅",
        about="小微企业优惠、加计扣除、退税要等多久、发票额度怎么提。",
        invitees=(chair("高明亮", YES), head("shuiwu", YES), *deputies("qiyejie", 5, skip=3, yes=5)),
        pools=seats(10, deputy=5, citizen=2, enterprise_rep=6),
        signup_opens_at=opens_at,
        sign_ups=sign_ups(RoleCode.CITIZEN, CITIZENS[38:40], opens_at)
        + sign_ups(RoleCode.ENTERPRISE_REP, ENTERPRISE_REPS[:6], opens_at),
        published_at=morning_of(days.back(15)),
    )
    return held(planned, issues=5, solved=4)


def _town_reception(days: Days) -> Meeting:
    planned = reception(
        "reception-xiawo",
        days.back(6),
        days.back(11),
        station="xiawo",
        room="接待室",
        invitees=(deputy("马德胜", YES), deputy("韩金凤", YES)),
    )
    return held(planned, issues=3, solved=1)


def _meals_for_the_old(days: Days) -> Meeting:
    opens_at = opening_of(days.back(8))
    planned = face(
        "meals",
        "养老助餐专场",
        days.back(2),
        MORNING,
        bureau="minzheng",
        station="gongyelu",
        room="接待大厅",
        about="社区食堂开在哪里、饭菜价格、上门送餐和高龄补贴。",
        invitees=(chair("唐丽娟", YES), head("minzheng", YES), *deputies("gongyelu", 6, skip=2, yes=6)),
        pools=seats(10, deputy=6, citizen=8, enterprise_rep=1),
        signup_opens_at=opens_at,
        sign_ups=sign_ups(RoleCode.CITIZEN, CITIZENS[40:48], opens_at)
        + sign_ups(RoleCode.ENTERPRISE_REP, ENTERPRISE_REPS[9:10], opens_at),
        published_at=morning_of(days.back(8)),
    )
    return held(planned, issues=4, solved=2)


def _legal_visit(days: Days) -> Meeting:
    """Lasts the whole working day, so that it is going on at whatever working hour the demo is opened."""
    return meeting(
        "legal-visit",
        "legal_visit",
        "三官一员进站日",
        days.today,
        (time(9), time(17)),
        station="gongyelu",
        room="接待大厅",
        about="法官、司法助理员和代表坐在一起，咨询法律、调解邻里和劳资纠纷。",
        agenda=("9:00 法律咨询", "14:00 调解，需要的先登记", "16:30 汇总，说明后续去向"),
        notice=WALK_IN,
        invitees=(
            judge(YES),
            Invitee("sifasuo-assistant", RoleCode.LEGAL_OFFICER, "sifasuo", answer=YES),
            *deputies("gongyelu", 2, skip=8, yes=2),
        ),
        pools=seats(deputy=2),
        published_at=morning_of(days.back(6)),
    )
