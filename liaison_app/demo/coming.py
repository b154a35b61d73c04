"""The meetings of the weeks after the day on which the demo stands, one on a working day.

What happened to them already (publication, answers, sign-ups, a move) happened before that day began.
"""

from dataclasses import replace
from datetime import time

from liaison_app.core.text import from_local
from liaison_app.invitations.kinds import AnswerState
from liaison_app.scheduling.kinds import MeetingState, RoleCode

from .days import Days
from .deputies import NAMED
from .guests import CITIZENS, ENTERPRISE_REPS, PROPERTY_REPS
from .held import HEATING_DEPUTIES, INSPECTION_AGENDA
from .making import (
    AFTERNOON,
    MORNING,
    NOTICE,
    chair,
    deputies,
    deputy,
    evening_before,
    face,
    head,
    heating_company,
    judge,
    meeting,
    morning_of,
    opening_of,
    reception,
    seats,
    sign_ups,
    span,
)
from .values import SILENT, YES, Answer, Invitee, Meeting, SignUp, Wish, sends


def coming(days: Days) -> tuple[Meeting, ...]:
    """Return the meetings in the order of their days."""
    return (
        _station_reception(days),
        _technology(days),
        _village_reception(days),
        _old_estates(days),
        _inspection(days),
        _heating(days),
        _street_reception(days),
        _food(days),
        _health_insurance(days),
        _enterprises(days),
        _employment(days),
    )


def _station_reception(days: Days) -> Meeting:
    return reception(
        "reception-zhonganjie",
        days.ahead(2),
        days.back(3),
        station="zhonganjie",
        room="一楼活动室",
        invitees=(deputy("王素梅", YES), deputy("赵广田", YES)),
    )


def _technology(days: Days) -> Meeting:
    """All seats are taken, and two firms wait."""
    opens_at = opening_of(days.back(6))
    return face(
        "technology",
        "科技惠企专场",
        days.ahead(3),
        AFTERNOON,
        bureau="keji",
        station="qiyejie",
        room="路演厅",
        about="高新技术企业认定、科技贷款、成果转化和技术工人培养。",
        invitees=(chair("高明亮", YES), head("keji", YES), *deputies("qiyejie", 6, yes=5)),
        pools=seats(10, deputy=6, citizen=4, enterprise_rep=8),
        firm_limit=2,
        spill_hours=24,
        signup_opens_at=opens_at,
        sign_ups=sign_ups(RoleCode.CITIZEN, CITIZENS[10:14], opens_at)
        + sign_ups(
            RoleCode.ENTERPRISE_REP,
            ENTERPRISE_REPS[:10],
            opens_at,
            questions=("研发费用补助什么时候兑现？", "认定高新技术企业要准备哪些材料？"),
            waiting=2,
        ),
        published_at=morning_of(days.back(6)),
    )


def _village_reception(days: Days) -> Meeting:
    return reception(
        "reception-fenggou",
        days.ahead(4),
        days.back(4),
        station="fenggou",
        room="村民议事室",
        invitees=deputies("fenggou", 2, yes=1),
    )


def _old_estates(days: Days) -> Meeting:
    """Moved to the next working day; who had signed up keeps the seat, one citizen has withdrawn."""
    old_starts_at, old_ends_at = span(days.ahead(4), AFTERNOON)
    opens_at, moved_at = opening_of(days.back(5)), from_local(days.back(1), time(9, 30))
    citizens = sign_ups(
        RoleCode.CITIZEN,
        CITIZENS[2:8],
        opens_at,
        questions=("房产证办了三年还没有下来。", "一楼不同意装电梯怎么办？", "充电桩能不能装到楼下？"),
    )
    withdrawn = replace(citizens[-1], state="withdrawn", withdrawn_at=from_local(days.back(1), time(11)))
    return face(
        "old-estates",
        "老旧小区改造专场",
        days.ahead(5),
        (time(9, 30), time(11, 30)),
        bureau="zhujian",
        station="zhongxinlu",
        room="会议室",
        about="改造哪些小区、管线和屋面、加装电梯、充电桩、房产证。",
        invitees=(
            chair("唐丽娟", YES),
            head("zhujian", YES),
            head(
                "chengguan",
                sends("chengguan-deputy-1", "同一时间参加全市调度会"),
                is_lead=False,
            ),
            *deputies("zhongxinlu", 6, yes=4),
        ),
        pools=seats(10, deputy=6, citizen=6, property_rep=2),
        signup_opens_at=opens_at,
        sign_ups=(
            *citizens[:-1],
            withdrawn,
            *sign_ups(RoleCode.PROPERTY_REP, PROPERTY_REPS, opens_at, questions=("维修资金怎么申请？",)),
        ),
        published_at=morning_of(days.back(5)),
        first_starts_at=old_starts_at,
        first_ends_at=old_ends_at,
        moved_at=moved_at,
        reason="住建局局长当天要参加全市房屋安全检查",
    )


def _inspection(days: Days) -> Meeting:
    day, opens_at = days.ahead(6), opening_of(days.back(4))
    return meeting(
        "inspection",
        "inspection",
        "校园欺凌视察",
        day,
        AFTERNOON,
        station="xinanlu",
        place="新安路街道曙光小学",
        about="看防范校园欺凌的措施，听法官讲法，与师生交流。",
        agenda=INSPECTION_AGENDA,
        invitees=(
            chair("xinanlu-gongwei-head", YES),
            judge(YES),
            Invitee("jiaoyu-deputy-1", RoleCode.BUREAU_STAFF, "jiaoyu"),
            *deputies("xinanlu", 5, yes=3),
        ),
        pools=seats(4, deputy=5, council_citizen=4),
        headcount=((RoleCode.SCHOOL, 45),),
        signup_opens_at=opens_at,
        signup_closes_at=evening_before(day),
        sign_ups=sign_ups(RoleCode.COUNCIL_CITIZEN, CITIZENS[20:22], opens_at),
        published_at=morning_of(days.back(4)),
    )


def _heating(days: Days) -> Meeting:
    opens_at = opening_of(days.back(3))
    answers = {
        "王素梅": YES,
        "李会敏": YES,
        "吴志远": Answer(AnswerState.DECLINED, "当天在市里参加代表培训"),
    }
    return face(
        "heating",
        "供暖专场",
        days.ahead(7),
        (time(14, 30), time(16, 30)),
        bureau="chengguan",
        station="zhonganjie",
        room="二楼接待室",
        about="暖气不够热、停热退费、报修电话打不通、老人不会在网上缴费、物业和热力谁来管。"
        "您带来的问题会提前交给部门，会上逐条答复；答不了的，说明办结日期。",
        invitees=(
            chair("陈立新", YES),
            head("chengguan", YES),
            heating_company(YES),
            *(deputy(name, answers.get(name, SILENT)) for name in HEATING_DEPUTIES),
        ),
        wishes=_heating_wishes(days),
        pools=seats(10, deputy=6, citizen=4, property_rep=2),
        signup_opens_at=opens_at,
        sign_ups=(
            *_heating_citizens(days),
            *sign_ups(
                RoleCode.PROPERTY_REP,
                PROPERTY_REPS[:1],
                from_local(days.back(1), time(15)),
                questions=("楼道立管漏水，该我们修还是热力修？",),
            ),
        ),
        published_at=morning_of(days.back(3)),
    )


def _heating_wishes(days: Days) -> tuple[Wish, Wish]:
    """One was refused with other times to choose from, the other waits for the clerk."""
    evening, afternoon = (time(19), time(21)), (time(15), time(17))
    return (
        Wish(
            NAMED["李会敏"].key,
            *span(days.ahead(7), evening),
            "白天上课，晚上才有空。",
            from_local(days.back(2), time(10)),
            reply="站里晚上不开门，辛苦您另选一个时间。",
        ),
        Wish(
            NAMED["吴志远"].key,
            *span(days.ahead(8), afternoon),
            "培训第二天结束，下午就能来。",
            from_local(days.back(1), time(16)),
        ),
    )


def _heating_citizens(days: Days) -> tuple[SignUp, SignUp]:
    """One citizen signed up alone in the evening, the other rang the clerk, who wrote it down."""
    by_self, by_clerk = CITIZENS[:2]
    return (
        SignUp(
            by_self,
            RoleCode.CITIZEN,
            from_local(days.back(2), time(19, 42)),
            question="三楼以上暖气不热，报修电话打了三天没人接。",
        ),
        SignUp(
            by_clerk,
            RoleCode.CITIZEN,
            from_local(days.back(1), time(9, 15)),
            question="我不会用手机缴费，能不能还在窗口交？",
            needs="听不清，坐前面",
            entered_by="zhonganjie",
        ),
    )


def _street_reception(days: Days) -> Meeting:
    return reception(
        "reception-xinanlu",
        days.ahead(8),
        days.back(2),
        station="xinanlu",
        room="一楼活动室",
        invitees=deputies("xinanlu", 2, skip=6),
    )


def _food(days: Days) -> Meeting:
    opens_at = opening_of(days.back(4))
    return face(
        "food",
        "食品安全专场",
        days.ahead(9),
        AFTERNOON,
        bureau="shichang",
        station="shiji",
        room="多功能厅",
        about="校园周边食品、外卖后厨、农贸市场的秤和小作坊。",
        state=MeetingState.CANCELLED,
        invitees=(chair("高明亮", YES), head("shichang", YES), *deputies("shiji", 5, yes=2)),
        pools=seats(10, deputy=5, citizen=4, enterprise_rep=2),
        signup_opens_at=opens_at,
        sign_ups=sign_ups(RoleCode.CITIZEN, CITIZENS[14:16], opens_at),
        published_at=morning_of(days.back(4)),
        ended_at=from_local(days.back(1), time(17)),
        reason="市场监管局当天参加全省统一的食品抽检行动，另行安排",
    )


def _health_insurance(days: Days) -> Meeting:
    """Published, but sign-up opens only on the next working day."""
    return face(
        "health-insurance",
        "医保缴费专场",
        days.ahead(10),
        MORNING,
        bureau="yibao",
        station="zhongxinlu",
        room="会议室",
        about="居民医保怎么缴、断缴怎么补、异地看病怎么报、慢性病怎么办。",
        invitees=(
            chair("唐丽娟", YES),
            head("yibao", sends("yibao-deputy-1", "当天参加市医保局工作会")),
            *deputies("zhongxinlu", 6, skip=6, yes=2),
        ),
        pools=seats(10, deputy=6, citizen=6),
        signup_opens_at=from_local(days.ahead(1), time(9)),
        published_at=morning_of(days.back(1)),
    )


def _enterprises(days: Days) -> Meeting:
    day, opens_at = days.ahead(12), opening_of(days.back(2))
    return meeting(
        "enterprises",
        "enterprise",
        "装备制造企业座谈会",
        day,
        AFTERNOON,
        station="zhuangbei",
        room="研讨室",
        about="用能、技改、招工和厂区道路。企业先说难处，部门说办法。",
        agenda=("15:00 主持人开场", "15:10 企业逐家发言", "16:20 部门答复", "16:50 小结"),
        notice=NOTICE,
        invitees=(
            chair("高明亮", YES),
            head("fagai"),
            *deputies("zhuangbei", 4, yes=1),
        ),
        pools=seats(10, deputy=4, enterprise_rep=8),
        signup_opens_at=opens_at,
        signup_closes_at=evening_before(day),
        sign_ups=sign_ups(RoleCode.ENTERPRISE_REP, ENTERPRISE_REPS[1:4], opens_at),
        published_at=morning_of(days.back(2)),
    )


def _employment(days: Days) -> Meeting:
    return face(
        "employment",
        "就业与工资专场",
        days.ahead(14),
        AFTERNOON,
        bureau="renshe",
        station="xinanlu",
        room="会议室",
        about="工资拖欠、零工和社保、技能培训、企业招不到人。",
        state=MeetingState.DRAFT,
        invitees=(head("renshe"), *deputies("xinanlu", 5, skip=2)),
        pools=seats(10, deputy=5, citizen=4, enterprise_rep=4),
        signup_opens_at=from_local(days.ahead(8), time(9)),
    )
