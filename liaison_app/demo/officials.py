"""Those who hold a post and no mandate: heads of bureaus, their deputies and contacts, station officers."""

from liaison_app.people.rules import PostKind

from .orgs import DEPUTY_AFFAIRS
from .stations import STATIONS
from .values import Person, Post

MAIL = "example.test"

# unit, title of the head, head, title of a deputy head, deputy heads, contact
_BUREAUS = (
    ("chengguan", "局长", "程建业", "副局长", ("郝云峰", "邢春燕"), "尚小禾"),
    ("keji", "局长", "沈卫东", "副局长", ("柴文静",), "蒋一帆"),
    ("yibao", "局长", "方慧", "副局长", ("贾长顺", "温雅丽"), "孟晓晨"),
    ("shichang", "局长", "魏学军", "副局长", ("常海波", "崔玉红"), "乔雨"),
    ("huanjing", "局长", "丁雅琴", "副局长", ("段青松",), "齐悦"),
    ("shuiwu", "局长", "罗振华", "副局长", ("黎明远", "龚秀芝"), "施佳"),
    ("jiaoyu", "局长", "潘红英", "副局长", ("汤文礼", "卢静怡"), "邵丹妮"),
    ("zhujian", "局长", "任志刚", "副局长", ("万立柱", "侯敏"), "葛新宇"),
    ("minzheng", "局长", "姜莉", "副局长", ("殷春雷",), "庞小菊"),
    ("fagai", "主任", "夏明", "副主任", ("樊国安", "章晓岚"), "岳一鸣"),
    ("gongan", "局长", "石磊", "副局长", ("雷振坤", "毛海英"), "祝凯"),
    ("tongji", "局长", "范晓宁", "副局长", ("项红梅",), "滕飞"),
    ("renshe", "局长", "秦玉成", "副局长", ("褚建文", "康丽霞"), "裴文"),
    ("reli", "总经理", "阎国栋", "副总经理", ("米长河",), "柯小燕"),
    ("fayuan", "院长", "谭守义", "副院长", ("喻志坚",), "阮静"),
    ("sifasuo", "所长", "申长林", "副所长", ("苗秋生",), "舒畅"),
)
# key, unit, title, name
_OTHERS = (
    ("reli-service", "reli", "客服经理", "尹涛"),
    ("fayuan-judge", "fayuan", "法官", "俞书言"),
    ("sifasuo-assistant", "sifasuo", "司法助理员", "盛夏禾"),
    ("office-clerk", DEPUTY_AFFAIRS, "工作人员", "顾清和"),
    ("office-auditor", DEPUTY_AFFAIRS, "审计员", "向明哲"),
    ("office-admin", DEPUTY_AFFAIRS, "系统管理员", "陶一然"),
    ("office-security", DEPUTY_AFFAIRS, "安全管理员", "纪安宁"),
    ("office-recorder", DEPUTY_AFFAIRS, "记录员", "褚书华"),
)
_STREET_HEADS = (
    ("jiyuanlu-gongwei", "主任", "闵庆春"),
    ("zhongxinlu-gongwei", "主任", "霍玉兰"),
    ("xinanlu-gongwei", "主任", "单志平"),
    ("gongyelu-gongwei", "主任", "梅向阳"),
    ("kuangshan-gongwei", "主任", "卓建新"),
    ("xiawo-zhuxituan", "主席", "戴振河"),
)
_LIAISON_OFFICERS = {
    "shengji": "祁小雨",
    "shiji": "鲁一诺",
    "zhonganjie": "白雪",
    "jiyuanlu": "傅春来",
    "zhongxinlu": "贺小满",
    "zhongxinlu-2": "路遥遥",
    "xinanlu": "田野",
    "gongyelu": "左晓萌",
    "gongyelu-2": "季文轩",
    "kuangshan": "鲍丽君",
    "xiawo": "解静波",
    "dapoding": "詹新月",
    "fenggou": "靳立春",
    "qiyejie": "崔永安",
    "xiangcun": "房子健",
    "zhuangbei": "凌若溪",
    "linting": "车晓东",
    "zhuzhai": "翟思雨",
}


def _rows() -> list[tuple[str, str, PostKind, str, str]]:
    """List key, unit, kind, title and name of every official, in the order of their telephone numbers."""
    rows = []
    for unit, head_title, head, deputy_title, deputies, contact in _BUREAUS:
        rows.append((f"{unit}-head", unit, PostKind.HEAD, head_title, head))
        for number, name in enumerate(deputies, start=1):
            rows.append((f"{unit}-deputy-{number}", unit, PostKind.DEPUTY_HEAD, deputy_title, name))
        rows.append((f"{unit}-contact", unit, PostKind.CONTACT, "联系人", contact))
    rows += [(key, unit, PostKind.OFFICER, title, name) for key, unit, title, name in _OTHERS]
    rows += [(f"{unit}-head", unit, PostKind.HEAD, title, name) for unit, title, name in _STREET_HEADS]
    for station in STATIONS:
        name = _LIAISON_OFFICERS[station.key]
        rows.append((f"{station.key}-liaison", station.key, PostKind.CONTACT, "联络员", name))
    return rows


def _address(key: str) -> str:
    """Return the e-mail address: a head and a station's officer have their unit's own."""
    return f"{key.removesuffix('-head').removesuffix('-liaison')}@{MAIL}"


OFFICIALS = tuple(
    Person(
        key=key,
        name=name,
        gender="",
        mobile=f"139{number:08}",
        email=_address(key),
        job_title=title,
    )
    for number, (key, _unit, _kind, title, name) in enumerate(_rows(), start=1)
)

OFFICIAL_POSTS = tuple(
    Post(key, unit, kind, title, number * 10)
    for number, (key, unit, kind, title, _name) in enumerate(_rows(), start=1)
)
