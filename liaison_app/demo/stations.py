"""The 18 stations: one of the province, one of the city, eleven of the district, five special ones."""

from liaison_app.orgs.kinds import OrgKind
from liaison_app.stations.kinds import StationKind, Tier

from .orgs import NEXT_NUMBER
from .values import Room, Station, Unit

_WEEKDAYS = "工作日 8:30–12:00、14:30–17:30；每周一上午接待选民，遇节假日顺延"
_HALF_DAYS = "周一、周三、周五 9:00–11:30；其他时间请先打电话"
_BY_APPOINTMENT = "工作日 9:00–17:00，请提前一天预约"

# The key of a station, of its unit, and the stem of its rooms' keys: name, short name, parent.
_NAMES = {
    "shengji": ("省级示范点（示例）", "省级示范点", "jiyuanlu-gongwei"),
    "shiji": ("市级示范点（示例）", "市级示范点", "zhongxinlu-gongwei"),
    "zhonganjie": ("中安街人大代表联络站", "中安街站", "jiyuanlu-gongwei"),
    "jiyuanlu": ("济源路街道联络站（示例）", "济源路站", "jiyuanlu-gongwei"),
    "zhongxinlu": ("中心路街道联络站（示例）", "中心路站", "zhongxinlu-gongwei"),
    "zhongxinlu-2": ("中心路街道第二联络站（示例）", "中心路二站", "zhongxinlu-gongwei"),
    "xinanlu": ("新安路街道联络站（示例）", "新安路站", "xinanlu-gongwei"),
    "gongyelu": ("工业路街道联络站（示例）", "工业路站", "gongyelu-gongwei"),
    "gongyelu-2": ("工业路街道第二联络站（示例）", "工业路二站", "gongyelu-gongwei"),
    "kuangshan": ("矿山街道联络站（示例）", "矿山站", "kuangshan-gongwei"),
    "xiawo": ("峡窝镇联络站（示例）", "峡窝镇站", "xiawo-zhuxituan"),
    "dapoding": ("大坡顶村联络站（示例）", "大坡顶村站", "xiawo-zhuxituan"),
    "fenggou": ("冯沟村联络站（示例）", "冯沟村站", "xiawo-zhuxituan"),
    "qiyejie": ("企业界代表联络站", "企业界站", "zhongxinlu-gongwei"),
    "xiangcun": ("乡村振兴代表工作室", "乡村振兴工作室", "xiawo-zhuxituan"),
    "zhuangbei": ("装备制造代表创新工作室", "装备制造工作室", "kuangshan-gongwei"),
    "linting": ("“邻听家音”流动代表工作室", "邻听家音工作室", "gongyelu-gongwei"),
    "zhuzhai": ("朱寨社区功能室（示例）", "朱寨社区功能室", "xinanlu-gongwei"),
}

STATION_UNITS = tuple(
    Unit(key, OrgKind.STATION, name, short_name, parent, f"0371-0000 {number:04}", number * 10)
    for number, (key, (name, short_name, parent)) in enumerate(_NAMES.items(), start=NEXT_NUMBER)
)
STREET_OF = {key: parent for key, (_, _, parent) in _NAMES.items()}


def _station(
    key: str,
    tier: Tier,
    address: str,
    access_notes: str,
    rooms: tuple[tuple[str, int, bool], ...],
    *,
    kind: StationKind = StationKind.STATION,
    open_hours: str = _WEEKDAYS,
    about: str,
    honours: tuple[str, ...] = (),
) -> Station:
    built = tuple(
        Room(f"{key}/{number}", name, capacity, is_accessible)
        for number, (name, capacity, is_accessible) in enumerate(rooms, start=1)
    )
    return Station(key, kind, tier, address, open_hours, access_notes, about, built, honours)


STATIONS = (
    _station(
        "shengji",
        Tier.PROVINCIAL_DEMO,
        "济源路街道为民服务中心一楼",
        "门口有坡道，有无障碍卫生间和轮椅",
        (("接待大厅", 40, True), ("议事厅", 24, True), ("谈心室", 8, True)),
        kind=StationKind.HOME,
        about="全区代表集中接待、学习和交流的地方，接待、议事、展示分区设置。",
        honours=("河南省代表联络站基层示范点", "九有六簿规范站"),
    ),
    _station(
        "shiji",
        Tier.CITY_DEMO,
        "中心路街道文化活动中心二楼",
        "有电梯，门口有坡道，会议室装有助听设备",
        (("多功能厅", 36, True), ("接待室", 12, True)),
        kind=StationKind.HOME,
        about="以“十联”方式联系困难家庭、商户和特殊群众，每月开一次居民议事会。",
        honours=("郑州市代表联络站基层示范点",),
    ),
    _station(
        "zhonganjie",
        Tier.DISTRICT,
        "济源路街道中安街中段",
        "门口有坡道，二楼有电梯",
        (("二楼接待室", 24, True), ("一楼活动室", 20, True), ("谈心室", 6, True)),
        about="靠近几个老旧小区，群众“点单”、代表“接单”、政府“领单”、人大“验单”从这里做起。",
        honours=("九有六簿规范站",),
    ),
    _station(
        "jiyuanlu",
        Tier.DISTRICT,
        "济源路街道办事处一楼东侧",
        "门口有坡道",
        (("接待室", 20, True), ("小会议室", 10, False)),
        about="常年组织代表“摆摊”赶集、小板凳恳谈会和居民议事会。",
        honours=("明星站",),
    ),
    _station(
        "zhongxinlu",
        Tier.DISTRICT,
        "中心路街道便民服务大厅二楼",
        "门口有坡道，有电梯",
        (("会议室", 26, True), ("接待室", 10, True)),
        about="联系街道内的社区、商户和社会组织，医保、养老、住房方面的问题较多。",
        honours=("九有六簿规范站",),
    ),
    _station(
        "zhongxinlu-2",
        Tier.DISTRICT,
        "中心路街道东片区党群服务站",
        "一楼，无台阶",
        (("接待室", 16, True),),
        open_hours=_HALF_DAYS,
        about="服务中心路街道东片的几个小区。",
    ),
    _station(
        "xinanlu",
        Tier.DISTRICT,
        "新安路街道办事处后院二楼",
        "二楼无电梯；行动不便的请改约一楼活动室，门口有坡道",
        (("会议室", 22, False), ("一楼活动室", 20, True)),
        about="辖区学校多，常年关注入学、食堂和校园安全。",
    ),
    _station(
        "gongyelu",
        Tier.DISTRICT,
        "工业路街道综治中心一楼",
        "门口有坡道，有无障碍卫生间",
        (("接待大厅", 30, True), ("调解室", 8, True)),
        about="与司法所同楼，“三官一员”每月进站，提供法律咨询和调解。",
        honours=("九有六簿规范站",),
    ),
    _station(
        "gongyelu-2",
        Tier.DISTRICT,
        "工业路街道西片区活动中心",
        "一楼，门口有一级台阶，可搭便携坡道",
        (("活动室", 18, False),),
        open_hours=_HALF_DAYS,
        about="服务工业路街道西片的厂区和家属院。",
    ),
    _station(
        "kuangshan",
        Tier.DISTRICT,
        "矿山街道社区服务中心一楼",
        "门口有坡道",
        (("接待室", 22, True), ("会议室", 14, True)),
        about="服务矿山街道各家属院，停车、供水和反诈方面的问题较多。",
    ),
    _station(
        "xiawo",
        Tier.DISTRICT,
        "峡窝镇政府院内便民中心",
        "一楼，无台阶",
        (("会议室", 30, True), ("接待室", 10, True)),
        about="镇人大主席团设立，联系全镇各村和社区的代表小组。",
    ),
    _station(
        "dapoding",
        Tier.DISTRICT,
        "峡窝镇大坡顶村村部",
        "院内平地，无台阶",
        (("村民议事室", 24, True),),
        open_hours=_HALF_DAYS,
        about="围绕特色种植、农产品加工和村民就业开展接待和走访。",
    ),
    _station(
        "fenggou",
        Tier.DISTRICT,
        "峡窝镇冯沟村村部",
        "院内平地，有休息座椅",
        (("村民议事室", 20, True),),
        open_hours=_HALF_DAYS,
        about="围绕生态治理、乡村旅游和村集体经济开展接待和走访。",
    ),
    _station(
        "qiyejie",
        Tier.SPECIAL,
        "装备产业园服务中心三楼",
        "有电梯",
        (("路演厅", 40, True), ("会客室", 12, True)),
        kind=StationKind.LIAISON_POINT,
        open_hours=_BY_APPOINTMENT,
        about="企业界代表和企业提问、部门当面答复的地方。",
        honours=("特色代表联络点",),
    ),
    _station(
        "xiangcun",
        Tier.SPECIAL,
        "峡窝镇农业服务中心",
        "一楼，门口有坡道",
        (("培训室", 30, True),),
        kind=StationKind.STUDIO,
        open_hours=_BY_APPOINTMENT,
        about="懂农业的代表带着农户学技术、找销路。",
    ),
    _station(
        "zhuangbei",
        Tier.SPECIAL,
        "矿山街道创新创业园二楼",
        "有货梯可用，请先打电话",
        (("研讨室", 24, True), ("接待室", 8, True)),
        kind=StationKind.STUDIO,
        open_hours=_BY_APPOINTMENT,
        about="装备制造行业的代表收集技术、用工和环保方面的意见。",
    ),
    _station(
        "linting",
        Tier.SPECIAL,
        "工业路社区党群服务中心",
        "一楼，无台阶；手语可预约",
        (("社区活动室", 20, True), ("直播间", 6, True)),
        kind=StationKind.MOBILE_STUDIO,
        open_hours="每天 9:00–18:00；每周四下午到各楼院流动接待",
        about="走、看、听、问、记、办，带着小板凳到楼院里听意见。",
        honours=("特色代表联络点",),
    ),
    _station(
        "zhuzhai",
        Tier.SPECIAL,
        "朱寨社区居委会一楼",
        "门口有坡道",
        (("“有话慢慢说”调解室", 16, True), ("讲堂", 36, True)),
        kind=StationKind.STUDIO,
        open_hours=_HALF_DAYS,
        about="讲法、调解、演戏曲，把邻里的事说开。",
    ),
)
