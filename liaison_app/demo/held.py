"""What was held in 2024: thirteen meetings with the heads of bureaus, and the inspection at a school."""

from datetime import date, time, timedelta
from typing import NamedTuple

from liaison_app.core.text import from_local
from liaison_app.scheduling.kinds import MeetingState, RoleCode

from .guests import CITIZENS, ENTERPRISE_REPS, PROPERTY_REPS
from .making import (
    AFTERNOON,
    MORNING,
    ONE_DAY,
    Hours,
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
    seats,
    sign_ups,
    some,
    span,
)
from .values import YES, Guest, Invitee, Meeting, sends


class _Row(NamedTuple):
    """A line of the year's table; `figures` are deputies, citizens, firms, issues raised and solved.

    `names` are the deputies where they are known, `head_away` says why the deputy head came instead.
    """

    month: int
    day: int
    hours: Hours
    station: str
    room: str
    bureau: str
    title: str
    chair: str
    figures: tuple[int, int, int, int, int]
    about: str
    utility: tuple[Invitee, ...] = ()
    names: tuple[str, ...] = ()
    head_away: str = ""
    postponed_days: int = 0
    postponed_for: str = ""


# What the citizens and the two firms brought to the heating meeting; the deputies raised the other two.
HEATING_DEPUTIES = ("王素梅", "李会敏", "张铁山", "吴志远", "郑春兰", "宋保国")
_CITIZENS_QUESTIONS = (
    "三楼以上室温低，老人夜里要盖两床被子。",
    "缴费期太短，老人不会线上缴。",
    "停热半个月，退费怎么算？",
    "换热站夜里噪音大。",
)
_PROPERTY_QUESTIONS = (
    "楼道里的管子漏水，物业和热力责任不清。",
    "新接入的小区施工到哪一步了？",
)

_ROWS = (
    _Row(2, 27, AFTERNOON, "qiyejie", "路演厅", "shuiwu", "减税降费专场", "高明亮", (5, 2, 4, 4, 3),
         "小微企业减税、研发费用加计扣除、发票和退税办理时限。"),
    _Row(3, 14, MORNING, "zhongxinlu", "会议室", "yibao", "医保缴费与报销专场", "唐丽娟", (6, 6, 0, 6, 5),
         "居民医保缴费、异地就医备案、慢性病报销和定点药店。"),
    _Row(4, 18, MORNING, "xinanlu", "会议室", "shichang", "食品安全专场", "陈立新", (5, 4, 3, 5, 4),
         "校园周边食品、小作坊、明厨亮灶和农贸市场计量。"),
    _Row(5, 16, AFTERNOON, "zhuangbei", "研讨室", "huanjing", "发展与环保专场", "高明亮", (6, 2, 4, 5, 3),
         "企业排放标准、错峰生产、环评手续和厂界噪音。"),
    _Row(5, 30, AFTERNOON, "qiyejie", "路演厅", "fagai", "用能与项目专场", "陈立新", (4, 0, 6, 4, 2),
         "用电用气价格、技改项目备案和专项资金申报。"),
    _Row(6, 20, MORNING, "kuangshan", "接待室", "gongan", "反诈与停车专场", "唐丽娟", (5, 8, 2, 5, 4),
         "电信诈骗预防、家属院停车、夜间噪音和路口信号灯。"),
    _Row(7, 13, MORNING, "qiyejie", "路演厅", "keji", "科技惠企专场", "高明亮", (6, 2, 6, 5, 4),
         "高新技术企业认定、成果转化、科技贷款和人才引进。"),
    _Row(8, 15, MORNING, "xinanlu", "会议室", "jiaoyu", "秋季入学与食堂专场", "唐丽娟", (6, 6, 0, 5, 3),
         "新生划片、学校食堂、课后服务和校门口交通。"),
    _Row(8, 29, AFTERNOON, "xiawo", "会议室", "tongji", "经济普查专场", "陈立新", (4, 4, 4, 3, 2),
         "普查数据怎么用、个体户怎么填、村集体经济怎么统计。",
         head_away="当天参加市里召开的经济普查质量核查会"),
    _Row(9, 12, AFTERNOON, "zhongxinlu", "会议室", "zhujian", "老旧小区与房产证专场", "高明亮", (6, 6, 2, 5, 3),
         "老旧小区改造、房产证办理、加装电梯和充电桩。",
         postponed_days=20, postponed_for="住建局局长参加全省房屋安全检查，顺延 20 天"),
    _Row(10, 24, AFTERNOON, "zhonganjie", "二楼接待室", "chengguan", "供暖专场", "陈立新", (6, 4, 2, 8, 6),
         "室温低、管网漏水、缴费期短、停热退费、换热站噪音、物业和热力谁来管、新接入小区进度、报修电话。",
         utility=(heating_company(YES),), names=HEATING_DEPUTIES),
    _Row(11, 14, MORNING, "gongyelu", "接待大厅", "minzheng", "养老助餐专场", "唐丽娟", (6, 8, 1, 4, 2),
         "社区食堂、上门送餐、高龄补贴和助残服务。"),
    _Row(12, 5, AFTERNOON, "jiyuanlu", "接待室", "renshe", "就业与劳资专场", "高明亮", (5, 4, 4, 3, 2),
         "工资支付、技能培训、灵活就业社保和企业用工。"),
)  # fmt: skip


def _table(number: int, row: _Row) -> tuple[Invitee, ...]:
    """Return who was invited, all of whom came, or sent somebody."""
    answer = sends(f"{row.bureau}-deputy-1", row.head_away) if row.head_away else YES
    count = row.figures[0]
    if row.names:
        coming = tuple(deputy(name, YES) for name in row.names)
    else:
        coming = deputies(row.station, count, skip=number, yes=count)
    return (chair(row.chair, YES), head(row.bureau, answer), *row.utility, *coming)


def _firms(row: _Row) -> tuple[RoleCode, list[Guest]]:
    """Return from which trade the firms come: property companies where the matter is the houses."""
    count = row.figures[2]
    if row.bureau in ("zhujian", "chengguan"):
        return RoleCode.PROPERTY_REP, some(PROPERTY_REPS, count, skip=0)
    return RoleCode.ENTERPRISE_REP, some(ENTERPRISE_REPS, count, skip=row.month)


def _face(number: int, row: _Row) -> Meeting:
    day = date(2024, row.month, row.day)
    first_day = day - timedelta(days=row.postponed_days)
    first_starts_at, first_ends_at = span(first_day, row.hours)
    opens_at = morning_of(first_day - timedelta(days=8))
    deputy_count, citizen_count, _, issues, solved = row.figures
    firm_role, firms = _firms(row)
    is_heating = bool(row.utility)
    citizens = some(CITIZENS, citizen_count, skip=0 if is_heating else number * 5)
    return face(
        f"2024-{number:02}",
        row.title,
        day,
        row.hours,
        bureau=row.bureau,
        state=MeetingState.CLOSED,
        station=row.station,
        room=row.room,
        first_starts_at=first_starts_at,
        first_ends_at=first_ends_at,
        about=row.about,
        invitees=_table(number, row),
        pools=seats(deputy=deputy_count, citizen=citizen_count, **{firm_role.value: len(firms)}),
        signup_opens_at=opens_at,
        sign_ups=sign_ups(
            RoleCode.CITIZEN, citizens, opens_at, questions=_CITIZENS_QUESTIONS if is_heating else ()
        )
        + sign_ups(
            firm_role,
            firms,
            opens_at + timedelta(hours=4),
            questions=_PROPERTY_QUESTIONS if is_heating else (),
        ),
        published_at=opens_at - ONE_DAY,
        moved_at=from_local(first_day - 2 * ONE_DAY, time(16)) if row.postponed_days else None,
        ended_at=span(day, row.hours)[1],
        reason=row.postponed_for,
        issues=issues,
        solved=solved,
    )


INSPECTION_AGENDA = (
    "15:00 校门口集合，查看校园安全设施",
    "15:20 法官讲法：校园欺凌的法律责任",
    "16:00 代表、议事代表与师生交流",
    "16:40 座谈：家、校、社联动机制",
)


def _inspection() -> Meeting:
    """The street's inspection at a school: a judge, deputies, council citizens; of the pupils only a number."""
    day = date(2024, 11, 20)
    published_at = morning_of(day - timedelta(days=9))
    return meeting(
        "2024-inspection",
        "inspection",
        "防范校园欺凌专项视察",
        day,
        AFTERNOON,
        state=MeetingState.CLOSED,
        unit="xinanlu-gongwei",
        station="xinanlu",
        place="新安路街道曙光小学",
        about="法官讲校园欺凌的法律责任，代表、议事代表与师生交流，看家校社联动怎么落实。",
        agenda=INSPECTION_AGENDA,
        invitees=(chair("xinanlu-gongwei-head", YES), judge(YES), *deputies("xinanlu", 5, yes=5)),
        pools=seats(deputy=5, council_citizen=4),
        headcount=((RoleCode.SCHOOL, 96),),
        signup_opens_at=published_at,
        signup_closes_at=evening_before(day),
        sign_ups=sign_ups(RoleCode.COUNCIL_CITIZEN, CITIZENS[20:24], published_at),
        published_at=published_at,
        ended_at=span(day, AFTERNOON)[1],
    )


HELD_2024 = (*(_face(number, row) for number, row in enumerate(_ROWS, start=1)), _inspection())
