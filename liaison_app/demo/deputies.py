"""The 253 deputies of five levels in their 18 stations, and three whose mandate rests or has ended.

Levels count everybody once, at the highest level held: 1 national, 4 of the province, 24 of the city,
168 of the district, 56 of the town; twelve of them hold a second, lower mandate. Ages are those of `YEAR`.
"""

from collections import Counter
from datetime import date
from itertools import chain, zip_longest
from typing import NamedTuple

from liaison_app.people.rules import MandateState, PostKind

from .names import FEMALE, MALE, Dice, draw_name
from .officials import MAIL, OFFICIALS
from .orgs import BODIES, COMMITTEE, COMMITTEE_NAME, DEPUTY_AFFAIRS
from .stations import STATIONS, STREET_OF
from .values import Mandate, Person, Post

YEAR = 2026
LEVELS = {1: 1, 2: 4, 3: 24, 4: 168, 5: 56}
MEN, WOMEN = 152, 101
OCCUPATIONS = {"worker_farmer": 96, "professional": 61, "enterprise": 45, "cadre": 51}
FIRST_MOBILE = 1001

# Places of each station: for deputies of the town, and for those of the other levels.
_PLACES = {
    "shengji": (0, 17),
    "shiji": (0, 16),
    "zhonganjie": (0, 16),
    "jiyuanlu": (0, 15),
    "zhongxinlu": (0, 15),
    "zhongxinlu-2": (0, 11),
    "xinanlu": (0, 14),
    "gongyelu": (0, 14),
    "gongyelu-2": (0, 10),
    "kuangshan": (0, 13),
    "xiawo": (15, 5),
    "dapoding": (14, 4),
    "fenggou": (14, 3),
    "qiyejie": (0, 12),
    "xiangcun": (13, 3),
    "zhuangbei": (0, 10),
    "linting": (0, 9),
    "zhuzhai": (0, 10),
}

_TOWN_STATIONS = {key for key, (town, _) in _PLACES.items() if town}

_TERMS = {1: "第十四届", 2: "第十四届", 3: "第十六届", 4: "第十四届", 5: "第十届"}
_ELECTED_BY = {1: "河南省人民代表大会", 2: "郑州市人民代表大会", 3: "上街区人民代表大会"}
_TOWN = "峡窝镇"
_STREET_NAMES = {unit.key: unit.name.removesuffix("人大工委").removesuffix("人大主席团") for unit in BODIES}


class _Sketch(NamedTuple):
    """A deputy before the telephone number: what is decided, by hand or by the dice."""

    name: str
    gender: str
    born: int
    ethnicity: str
    level: int
    also: int
    station: str
    occupation: str
    employer: str
    job_title: str
    expertise: tuple[str, ...]


# Name, gender, year of birth, ethnicity, levels, station, occupation, employer, job, expertise.
_NAMED_TABLE = """
陈立新 男 1968 汉族 3+4 shengji cadre 上街区人大常委会 副主任 城市建设、法律
王素梅 女 1971 汉族 4 zhonganjie cadre 居民委员会（示例） 主任 物业、供暖
赵广田 男 1964 汉族 4 zhonganjie worker_farmer 机修厂（示例） 退休工人 老旧小区、供水
李会敏 女 1976 汉族 4 zhonganjie professional 社区医院（示例） 主治医师 医保、养老
张铁山 男 1966 汉族 4 zhonganjie worker_farmer 管道安装队（示例） 班长 供暖、管道维修
刘玉芳 女 1973 汉族 4 jiyuanlu cadre 居民委员会（示例） 委员 助餐、助残
孙国兴 男 1970 汉族 4 qiyejie enterprise 机械加工厂（示例） 厂长 惠企、用工
周海燕 女 1979 汉族 2+4 qiyejie enterprise 新材料公司（示例） 总经理 科技创新、税务
吴志远 男 1981 汉族 3+4 jiyuanlu professional 设计院（示例） 高级工程师 供热管网、节能
郑春兰 女 1969 汉族 4 zhonganjie worker_farmer 纺织厂（示例） 退休工人 养老、供暖
马德胜 男 1967 回族 5 xiawo worker_farmer 养殖合作社（示例） 社员 养殖、乡村振兴
胡晓峰 男 1985 汉族 3 zhuangbei professional 装备研究所（示例） 工程师 装备制造、节能
郭秀云 女 1974 汉族 4 zhongxinlu cadre 居民委员会（示例） 主任 老旧小区、房产证
何长青 男 1965 汉族 2+4 shiji professional 中学（示例） 教师 教育、校园安全
高明亮 男 1972 汉族 4 shengji cadre 上街区人大常委会 副主任 财政、税务
林淑贞 女 1970 汉族 1+4 linting worker_farmer 社区服务队（示例） 队长 助残、邻里调解
宋保国 男 1959 汉族 4 zhonganjie worker_farmer 热电厂（示例） 退休工人 供暖、停车
唐丽娟 女 1977 汉族 4 shengji cadre 上街区人大常委会 代表工作委员会主任 代表工作
许文博 男 2000 汉族 4 xinanlu professional 律师事务所（示例） 律师助理 法律、校园安全
韩金凤 女 1972 汉族 5 xiawo worker_farmer 种植合作社（示例） 理事 红薯种植、就业
"""


def _named(row: str) -> _Sketch:
    name, gender, born, ethnicity, levels, station, occupation, employer, job_title, expertise = row.split()
    level, _, also = levels.partition("+")
    return _Sketch(
        name,
        gender,
        int(born),
        ethnicity,
        int(level),
        int(also or 0),
        station,
        occupation,
        employer,
        job_title,
        tuple(expertise.split("、")),
    )


_NAMED = tuple(map(_named, _NAMED_TABLE.strip().splitlines()))

# Names with a middle dot, two-character surnames, and characters outside the old character sets.
_RARE = (
    ("袁㛃", FEMALE, 1993, "汉族"),
    ("尚喆", MALE, 1988, "汉族"),
    ("冀𬀩", MALE, 1990, "汉族"),
    ("欧阳秉文", MALE, 1975, "汉族"),
    ("司马青禾", FEMALE, 1986, "汉族"),
    ("郜骉", MALE, 1978, "汉族"),
    ("逯垚", FEMALE, 1984, "汉族"),
    ("阿依努尔·吐尔逊", FEMALE, 1987, "维吾尔族"),
    ("艾力·买合木提", MALE, 1979, "维吾尔族"),
    ("古丽娜尔·艾山", FEMALE, 1991, "维吾尔族"),
    ("关云栖", MALE, 1976, "满族"),
    ("佟雪松", MALE, 1970, "满族"),
    ("那书君", FEMALE, 1982, "满族"),
    ("丁学义", MALE, 1968, "回族"),
    ("白玉莲", FEMALE, 1974, "回族"),
    ("海广林", MALE, 1965, "回族"),
    ("买春梅", FEMALE, 1980, "回族"),
    ("沙文田", MALE, 1972, "回族"),
    ("穆青云", FEMALE, 1989, "回族"),
)

# What a deputy of that occupation does, and what can be asked of such a one.
_JOBS = {
    "worker_farmer": (
        ("铸造车间（示例）", "工人", ("装备制造", "用工")),
        ("物流车队（示例）", "驾驶员", ("道路", "停车")),
        ("环卫队（示例）", "组长", ("环境卫生", "垃圾分类")),
        ("电器维修部（示例）", "维修工", ("充电桩", "电梯")),
        ("供水维修队（示例）", "班长", ("供水", "管道维修")),
        ("家政服务站（示例）", "服务员", ("养老", "就业")),
        ("早餐店（示例）", "店主", ("食品安全", "市场")),
    ),
    "farmer": (
        ("种植合作社（示例）", "社员", ("特色种植", "乡村振兴")),
        ("养殖合作社（示例）", "社员", ("养殖", "乡村振兴")),
        ("农机服务队（示例）", "农机手", ("农机", "道路")),
        ("家庭农场（示例）", "负责人", ("农产品加工", "电商")),
        ("民宿（示例）", "经营者", ("乡村旅游", "生态环境")),
    ),
    "professional": (
        ("小学（示例）", "教师", ("教育", "食堂")),
        ("社区医院（示例）", "医师", ("医保", "养老")),
        ("律师事务所（示例）", "律师", ("法律", "劳资")),
        ("设计院（示例）", "工程师", ("老旧小区", "电梯")),
        ("环境监测站（示例）", "工程师", ("生态环境", "噪音")),
        ("会计师事务所（示例）", "会计师", ("税务", "惠企")),
        ("农技站（示例）", "农艺师", ("特色种植", "乡村振兴")),
    ),
    "enterprise": (
        ("精密铸造公司（示例）", "总经理", ("装备制造", "用能")),
        ("物业服务公司（示例）", "经理", ("物业", "停车")),
        ("食品加工公司（示例）", "厂长", ("食品安全", "用工")),
        ("软件公司（示例）", "技术总监", ("科技创新", "电商")),
        ("超市（示例）", "店长", ("市场", "线上直播")),
        ("建材公司（示例）", "副总经理", ("税务", "项目施工")),
    ),
    "cadre": (
        ("居民委员会（示例）", "副主任", ("物业", "邻里调解")),
        ("村民委员会（示例）", "委员", ("乡村振兴", "就业")),
        ("区属事业单位（示例）", "科长", ("社保", "就业")),
        ("街道办事处（示例）", "科员", ("公共安全", "反诈")),
        ("学校（示例）", "党支部书记", ("校园安全", "教育")),
    ),
}

# How many of the drawn deputies of a level hold a mandate one level lower as well.
_SECOND_MANDATES = {3: 5, 4: 2}


def _round_robin(column: int) -> list[str]:
    """List the free places of all stations, one of each station after the other, so that levels mix."""
    taken = [person.station for person in _NAMED if (person.level == 5) == (column == 0)]
    rows = [[key] * (places[column] - taken.count(key)) for key, places in _PLACES.items()]
    return [key for key in chain.from_iterable(zip_longest(*rows)) if key is not None]


def _rest(wanted: dict[str, int], used: list[str]) -> list[str]:
    """List each code as often as `wanted` says, less what `used` has of it."""
    return [code for code, count in wanted.items() for _ in range(count - used.count(code))]


def _drawn() -> list[_Sketch]:
    """Return the deputies nobody named by hand, highest level first."""
    dice = Dice(410106)
    taken = {person.name for person in OFFICIALS} | {person.name for person in _NAMED}
    taken |= {name for name, *_ in _RARE}
    by_hand = [person.level for person in _NAMED]
    levels = [level for level, count in LEVELS.items() for _ in range(count - by_hand.count(level))]
    fixed = [person.gender for person in _NAMED] + [gender for _, gender, *_ in _RARE]
    genders = dice.shuffled(_rest({MALE: MEN, FEMALE: WOMEN}, fixed))
    occupations = dice.shuffled(_rest(OCCUPATIONS, [person.occupation for person in _NAMED]))
    stations = {True: _round_robin(0), False: _round_robin(1)}
    rare = {7 + 12 * number: row for number, row in enumerate(_RARE)}
    seconds = dict(_SECOND_MANDATES)

    sketches = []
    for number, level in enumerate(levels):
        if number in rare:
            name, gender, born, ethnicity = rare[number]
        else:
            gender, born, ethnicity = genders.pop(), YEAR - 27 - dice.roll(20) - dice.roll(20), "汉族"
            name = draw_name(dice, gender, born, taken)
        occupation = occupations[number]
        in_town = level == 5
        trade = "farmer" if in_town and occupation == "worker_farmer" else occupation
        job = dice.pick(_JOBS[trade])
        also = 0
        if seconds.get(level) and (level == 3 or stations[False][0] in _TOWN_STATIONS):
            seconds[level] -= 1
            also = level + 1
        station = stations[in_town].pop(0)
        sketches.append(_Sketch(name, gender, born, ethnicity, level, also, station, occupation, *job))
    return sketches


def _constituency(level: int, station: str, elected: Counter[tuple[int, str]]) -> str:
    """Return who elects: the congress below for levels 1 to 3, else the next constituency with a free seat.

    `elected` counts those elected so far; two seats to a constituency (the law allows one to three).
    """
    if level in _ELECTED_BY:
        return _ELECTED_BY[level]
    town = _TOWN if level == 5 else _STREET_NAMES[STREET_OF[station]]
    elected[level, town] += 1
    return f"{town}第{(elected[level, town] + 1) // 2}选区"


def _person(number: int, sketch: _Sketch, elected: Counter[tuple[int, str]]) -> Person:
    mandates = tuple(
        Mandate(level, _TERMS[level], _constituency(level, sketch.station, elected))
        for level in (sketch.level, sketch.also)
        if level
    )
    return Person(
        key=f"deputy-{number:03}",
        name=sketch.name,
        gender=sketch.gender,
        mobile=f"139{FIRST_MOBILE - 1 + number:08}",
        email=f"daibiao-{number:03}@{MAIL}" if number % 3 == 1 else "",
        born_on=date(sketch.born, number % 12 + 1, number % 28 + 1),
        ethnicity=sketch.ethnicity,
        occupation=sketch.occupation,
        employer=sketch.employer,
        job_title=sketch.job_title,
        expertise=sketch.expertise,
        mandates=mandates,
        station=sketch.station,
    )


def _deputies() -> tuple[Person, ...]:
    elected: Counter[tuple[int, str]] = Counter()
    sketches = [*_NAMED, *_drawn()]
    return tuple(_person(number, sketch, elected) for number, sketch in enumerate(sketches, start=1))


DEPUTIES = _deputies()


def _outside(number: int, name: str, gender: str, born: int, mandate: Mandate) -> Person:
    """Return somebody who is no active deputy, and so counts nowhere and belongs to no station."""
    return Person(
        key=f"deputy-{number}",
        name=name,
        gender=gender,
        mobile=f"139{FIRST_MOBILE - 1 + number:08}",
        born_on=date(born, 6, 15),
        ethnicity="汉族",
        occupation="enterprise",
        employer="商贸公司（示例）",
        job_title="经理",
        mandates=(mandate,),
    )


OUTSIDE = (
    _outside(254, "牛守业", MALE, 1973, Mandate(
        4, _TERMS[4], "矿山街道第3选区", MandateState.SUSPENDED, "暂停执行代表职务", date(2025, 9, 18))),
    _outside(255, "耿迎秋", FEMALE, 1969, Mandate(
        4, _TERMS[4], "中心路街道第5选区", MandateState.ENDED, "迁出本行政区域", date(2025, 4, 2))),
    _outside(256, "巩长河", MALE, 1962, Mandate(
        5, _TERMS[5], "峡窝镇第2选区", MandateState.ENDED, "辞职被接受", date(2024, 11, 6))),
)  # fmt: skip

NAMED = {person.name: person for person in DEPUTIES[: len(_NAMED)]}


def members(station: str) -> tuple[Person, ...]:
    """Return the deputies of a station, those named by hand first."""
    return tuple(person for person in DEPUTIES if person.station == station)


def _station_head(station: str) -> Person:
    """Return the deputy who leads a station: the first of district or town who works elsewhere than in the
    standing committee, which supervises the stations."""
    return next(
        person
        for person in members(station)
        if person.mandates[0].level >= 4 and person.employer != COMMITTEE_NAME
    )


DEPUTY_POSTS = (
    Post(NAMED["陈立新"].key, COMMITTEE, PostKind.DEPUTY_HEAD, "副主任", 10),
    Post(NAMED["高明亮"].key, COMMITTEE, PostKind.DEPUTY_HEAD, "副主任", 20),
    Post(NAMED["唐丽娟"].key, DEPUTY_AFFAIRS, PostKind.HEAD, "主任", 10),
    *(Post(_station_head(station.key).key, station.key, PostKind.HEAD, "站长", 10) for station in STATIONS),
)
