"""The tree of organisations: congress bodies, government, bureaus, court. Stations join it in `stations`."""

from liaison_app.orgs.kinds import OrgKind

from .values import Alias, Unit

DISTRICT = "shangjie"
COMMITTEE = "changweihui"
COMMITTEE_NAME = "上街区人大常委会"
DEPUTY_AFFAIRS = "daibiaogongwei"
GOVERNMENT = "zhengfu"

# key, kind, name, short name, parent; the order is the order of protocol.
_BODIES = (
    (DISTRICT, OrgKind.DISTRICT, "郑州市上街区", "上街区", None),
    (COMMITTEE, OrgKind.STANDING_COMMITTEE, COMMITTEE_NAME, "区人大常委会", DISTRICT),
    (
        DEPUTY_AFFAIRS,
        OrgKind.DEPUTY_AFFAIRS_COMMITTEE,
        "上街区人大常委会代表工作委员会",
        "代表工委",
        COMMITTEE,
    ),
    ("jiyuanlu-gongwei", OrgKind.STREET_WORKING_COMMITTEE, "济源路街道人大工委", "济源路工委", COMMITTEE),
    ("zhongxinlu-gongwei", OrgKind.STREET_WORKING_COMMITTEE, "中心路街道人大工委", "中心路工委", COMMITTEE),
    ("xinanlu-gongwei", OrgKind.STREET_WORKING_COMMITTEE, "新安路街道人大工委", "新安路工委", COMMITTEE),
    ("gongyelu-gongwei", OrgKind.STREET_WORKING_COMMITTEE, "工业路街道人大工委", "工业路工委", COMMITTEE),
    ("kuangshan-gongwei", OrgKind.STREET_WORKING_COMMITTEE, "矿山街道人大工委", "矿山工委", COMMITTEE),
    ("xiawo-zhuxituan", OrgKind.TOWNSHIP_PRESIDIUM, "峡窝镇人大主席团", "峡窝镇人大", COMMITTEE),
    (GOVERNMENT, OrgKind.GOVERNMENT, "上街区人民政府", "区政府", DISTRICT),
    ("fagai", OrgKind.BUREAU, "上街区发展和改革委员会", "发改委", GOVERNMENT),
    ("jiaoyu", OrgKind.BUREAU, "上街区教育局", "教育局", GOVERNMENT),
    ("keji", OrgKind.BUREAU, "上街区科学技术局", "科技局", GOVERNMENT),
    ("gongan", OrgKind.BUREAU, "郑州市公安局上街分局", "公安分局", GOVERNMENT),
    ("minzheng", OrgKind.BUREAU, "上街区民政局", "民政局", GOVERNMENT),
    ("renshe", OrgKind.BUREAU, "上街区人力资源和社会保障局", "人社局", GOVERNMENT),
    ("huanjing", OrgKind.BUREAU, "郑州市生态环境局上街分局", "生态环境分局", GOVERNMENT),
    ("zhujian", OrgKind.BUREAU, "上街区住房和城乡建设局", "住建局", GOVERNMENT),
    ("chengguan", OrgKind.BUREAU, "上街区城市管理局", "城管局", GOVERNMENT),
    ("yibao", OrgKind.BUREAU, "上街区医疗保障局", "医保局", GOVERNMENT),
    ("shichang", OrgKind.BUREAU, "上街区市场监督管理局", "市场监管局", GOVERNMENT),
    ("tongji", OrgKind.BUREAU, "上街区统计局", "统计局", GOVERNMENT),
    ("shuiwu", OrgKind.BUREAU, "上街区税务局", "税务局", GOVERNMENT),
    ("reli", OrgKind.UTILITY, "上街区热力公司", "热力公司", GOVERNMENT),
    ("sifasuo", OrgKind.JUSTICE_OFFICE, "工业路司法所", "工业路司法所", GOVERNMENT),
    # A court answers to the congress, not to the government, so it hangs on the district itself.
    ("fayuan", OrgKind.COURT, "上街区人民法院", "区法院", DISTRICT),
)

# The committee that runs the demo, third in the row, has the telephone of the settings' default office.
_FIRST_NUMBER = 9
NEXT_NUMBER = _FIRST_NUMBER + len(_BODIES)

BODIES = tuple(
    Unit(key, kind, name, short_name, parent, f"0371-0000 {number:04}", number * 10)
    for number, (key, kind, name, short_name, parent) in enumerate(_BODIES, start=_FIRST_NUMBER)
)

SHORT_NAMES = {unit.key: unit.short_name for unit in BODIES}
BUREAUS = tuple(key for key, kind, *_ in _BODIES if kind is OrgKind.BUREAU)

ALIASES = tuple(
    Alias(name, unit)
    for name, unit in (
        ("国税局", "shuiwu"),
        ("地税局", "shuiwu"),
        ("国家税务总局郑州市上街区税务局", "shuiwu"),
        ("选举任免代表联络工作委员会", DEPUTY_AFFAIRS),
        ("选工委", DEPUTY_AFFAIRS),
        ("工商局", "shichang"),
        ("质监局", "shichang"),
        ("食药监局", "shichang"),
        ("环保局", "huanjing"),
        ("生态环境局", "huanjing"),
        ("房管局", "zhujian"),
        ("建设局", "zhujian"),
        ("城管执法局", "chengguan"),
        ("劳动局", "renshe"),
        ("人事局", "renshe"),
        ("教体局", "jiaoyu"),
        ("发改局", "fagai"),
        ("公安局", "gongan"),
        ("暖气公司", "reli"),
        ("供热公司", "reli"),
    )
)
