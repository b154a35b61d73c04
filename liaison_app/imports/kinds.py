"""The lists that can be imported, as data: their columns, how each is called, read and shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from liaison_app.core.errors import N_
from liaison_app.core.text import mask_mobile, mobile_normal, name_key, parse_month
from liaison_app.orgs.kinds import ANSWERING, ORG_KIND_NAMES, OrgKind
from liaison_app.people.rules import (
    MANDATE_STATE_NAMES,
    MandateState,
    PostKind,
    email_normal,
    parse_gender,
    parse_levels,
    parse_mandate_state,
    show_levels,
)
from liaison_app.stations.kinds import STATION_KIND_NAMES, TIER_NAMES, StationKind, Tier

from . import cells

Values = Mapping[str, Any]


class ListKind(StrEnum):
    DEPUTIES = "deputies"
    BUREAUS = "bureaus"
    STATIONS = "stations"


LIST_NAMES = {
    ListKind.DEPUTIES: N_("代表名册"),
    ListKind.BUREAUS: N_("局委办名册"),
    ListKind.STATIONS: N_("联络站名册"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `field` names its value in a row; `read` raises Unreadable; `show` is for the preview.

    An empty cell, or a column that is not there, says nothing: what is stored stays. `joined` tells what
    is stored after a value, given first, has come to the one that is stored; mostly the value itself.
    """

    field: str
    header: str
    read: Callable[[str], Any]
    example: str = ""
    note: str = ""
    aliases: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    is_required: bool = False
    in_template: bool = True
    show: Callable[[Any], str] = str
    joined: Callable[[Any, Any], Any] = lambda said, stored: said


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of list. `keys` are what no two rows of a file may share; `check` looks across cells."""

    kind: ListKind
    title: str
    columns: tuple[Column, ...]
    keys: Callable[[Values], list[tuple[str, ...]]]
    check: Callable[[Values], None] = lambda values: None

    @property
    def title_field(self) -> str:
        """The field that says what a row is about: the first column's."""
        return self.columns[0].field


@dataclass(frozen=True, slots=True)
class Official:
    """Somebody who answers for a bureau. An empty text says nothing about the mobile or the address."""

    post: PostKind
    name: str
    mobile: str = ""
    email: str = ""


OFFICIAL_FIELDS = {"head": PostKind.HEAD, "deputy_head": PostKind.DEPUTY_HEAD, "contact": PostKind.CONTACT}


def officials(values: Values) -> list[Official]:
    """Return the people a row of the list of bureaus names, in its order."""
    found = []
    for prefix, post in OFFICIAL_FIELDS.items():
        names = _as_tuple(values.get(f"{prefix}_name"))
        mobiles = _as_tuple(values.get(f"{prefix}_mobile")) or ("",) * len(names)
        emails = _as_tuple(values.get(f"{prefix}_email")) or ("",) * len(names)
        found += [Official(post, *person) for person in zip(names, mobiles, emails, strict=True)]
    return found


def _check_bureau(values: Values) -> None:
    """Refuse a mobile or address that belongs to nobody, or not clearly to one person."""
    headers = {column.field: column.header for column in BUREAUS.columns}
    for prefix in OFFICIAL_FIELDS:
        people = len(_as_tuple(values.get(f"{prefix}_name")))
        for field in (f"{prefix}_mobile", f"{prefix}_email"):
            count = len(_as_tuple(values.get(field)))
            if count not in (0, people):
                raise cells.BadCell(
                    N_("“{one}”有 {people} 位，“{other}”却有 {count} 个；请按同样的顺序写，没有的写“-”。"),
                    one=headers[f"{prefix}_name"],
                    people=people,
                    other=headers[field],
                    count=count,
                )


def _as_tuple(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


def _deputy_keys(values: Values) -> list[tuple[str, ...]]:
    """One person a row: known by the card, else by name and mobile, else by name and station."""
    name = name_key(values["name"])
    keys: list[tuple[str, ...]] = []
    if card := values.get("card_no"):
        keys.append(("card", card))
    if mobile := values.get("mobile"):
        keys.append(("mobile", name, mobile))
    if not keys:
        keys.append(("station", name, name_key(values["station"])))
    return keys


def _unit_keys(values: Values) -> list[tuple[str, ...]]:
    return [("unit", name_key(name)) for name in (values["name"], *(values.get("aliases") or ()))]


def _with_more_names(said: tuple[str, ...], stored: tuple[str, ...] | None) -> tuple[str, ...]:
    """Former names are added, and none is taken away."""
    return tuple(dict.fromkeys((*(stored or ()), *said)))


def _with_more_rooms(
    said: tuple[cells.RoomSpec, ...], stored: tuple[cells.RoomSpec, ...] | None
) -> tuple[cells.RoomSpec, ...]:
    """Rooms are added or changed, and none is taken away."""
    return tuple({room.name: room for room in (*(stored or ()), *said)}.values())


def _people(said: tuple[str, ...], stored: tuple[str, ...] | None) -> tuple[str, ...]:
    """The order of names says nothing."""
    return stored if stored is not None and set(said) == set(stored) else said


def _where_said(said: tuple[str, ...], stored: tuple[str, ...] | None) -> tuple[str, ...]:
    """For what belongs to several people in one order: an empty place says nothing."""
    if stored is None or len(said) != len(stored):
        return said
    return tuple(one or other for one, other in zip(said, stored, strict=True))


def _month(said: date, stored: date | None) -> date:
    """A list knows the month of birth; the day, where it is stored, stays."""
    is_same = stored is not None and (said.year, said.month) == (stored.year, stored.month)
    return stored if stored is not None and is_same else said


def _show_month(day: date) -> str:
    return f"{day.year}-{day.month:02}"


def _show_state(state: MandateState) -> str:
    return MANDATE_STATE_NAMES[state]


def _show_list(items: tuple[object, ...]) -> str:
    return "；".join(str(item) or "-" for item in items)


def _show_mobiles(numbers: tuple[str, ...]) -> str:
    return _show_list(tuple(map(mask_mobile, numbers)))


_NEAREST = N_("兼任几级的，写最基层那一级的。")

DEPUTIES = Table(
    ListKind.DEPUTIES,
    N_("人大代表"),
    (
        Column(
            "name", N_("姓名"), cells.person_name, "陈立新", N_("一人一行；兼任几级代表的也只写一行。"),
            aliases=("代表姓名", "名字"), is_required=True,
        ),
        Column("gender", N_("性别"), parse_gender, "男", N_("男或女。"), options=("男", "女")),
        Column(
            "born_on", N_("出生年月"), parse_month, "1975-08", N_("写成 1975-08 或 1975年8月。"),
            aliases=("出生日期", "出生时间", "生日"), show=_show_month, joined=_month,
        ),
        Column("ethnicity", N_("民族"), cells.line(40), "汉族"),
        Column("party", N_("党派"), cells.line(40), "中共党员", aliases=("政治面貌", "党派团体")),
        Column("education", N_("学历"), cells.line(40), "大学", aliases=("文化程度", "学历学位", "学历及学位")),
        Column(
            "job_title", N_("单位职务"), cells.line(100), "某某机械有限公司车间主任",
            aliases=("工作单位及职务", "单位及职务", "工作单位职务", "职务"),
        ),
        Column("employer", N_("工作单位"), cells.line(100), aliases=("单位",), in_template=False),
        Column(
            "levels", N_("层级"), parse_levels, "市、区", N_("全国、省、市、区、镇；兼任几级的用“、”隔开。"),
            aliases=("代表层级", "代表级别", "级别"), is_required=True, show=show_levels,
        ),
        Column(
            "card_no", N_("代表证号"), cells.card_number, "0140001", _NEAREST,
            aliases=("代表证编号", "证号", "证件号"),
        ),
        Column(
            "constituency", N_("选区"), cells.line(100), "第12选区", _NEAREST,
            aliases=("选举单位", "选区/选举单位", "选区或选举单位", "所属选区"),
        ),
        Column("term", N_("届次"), cells.line(40), "第十四届", _NEAREST, aliases=("届别", "届")),
        Column(
            "station", N_("所属站"), cells.line(100), "中安街人大代表联络站", N_("联络站的全称，须已在系统里。"),
            aliases=("所属联络站", "联络站", "所属站点", "驻站"), is_required=True,
        ),
        Column(
            "expertise", N_("特长领域"), cells.words(200), "供热、物业", N_("几项用“、”隔开。"),
            aliases=("特长", "专业特长", "专业领域"),
        ),
        Column(
            "mobile", N_("手机"), mobile_normal, "13900000001", N_("11 位；单元格请设为“文本”。"),
            aliases=("手机号", "手机号码", "联系电话", "电话", "联系方式"), show=mask_mobile,
        ),
        Column("email", N_("邮箱"), email_normal, "deputy@example.test", aliases=("电子邮箱", "邮件", "email", "e-mail")),
        Column(
            "state", N_("状态"), parse_mandate_state, "在任", N_("在任、暂停或终止；新代表不写就是在任。"),
            aliases=("代表状态", "任职状态"), options=tuple(MANDATE_STATE_NAMES.values()), show=_show_state,
        ),
    ),
    _deputy_keys,
)  # fmt: skip

_ORG_KINDS = {kind: ORG_KIND_NAMES[kind] for kind in ANSWERING}
_ALSO_ORG_KINDS = {
    "局": OrgKind.BUREAU,
    "委": OrgKind.BUREAU,
    "办": OrgKind.BUREAU,
    "政府部门": OrgKind.BUREAU,
    "企业": OrgKind.UTILITY,
    "公司": OrgKind.UTILITY,
    "法院": OrgKind.COURT,
}


_PEOPLE_ALIASES = {
    "deputy_head_name": ("副局长", "分管负责人", "分管负责人姓名", "副职姓名"),
    "deputy_head_mobile": ("副局长手机号", "副局长电话", "分管负责人手机"),
    "deputy_head_email": ("副局长电子邮箱", "分管负责人邮箱"),
    "contact_name": ("联系人", "联络员", "联络员姓名"),
    "contact_mobile": ("联系人手机号", "联系人电话", "联络员手机", "联络员电话"),
    "contact_email": ("联系人电子邮箱", "联络员邮箱"),
}


def _people_columns(
    prefix: str, headers: tuple[str, str, str], examples: tuple[str, str, str]
) -> tuple[Column, ...]:
    """Return name, mobile and address of a post that several people may hold, in one order."""
    same_order = N_("与姓名同样的顺序，没有的写“-”。")
    notes = (N_("几位用“、”隔开。"), same_order, same_order)
    fields = (f"{prefix}_name", f"{prefix}_mobile", f"{prefix}_email")
    readers = (cells.person_names, cells.mobiles, cells.emails)
    shows = (_show_list, _show_mobiles, _show_list)
    joins = (_people, _where_said, _where_said)
    return tuple(
        Column(field, header, read, example, note, aliases=_PEOPLE_ALIASES[field], show=show, joined=joined)
        for field, header, read, example, note, show, joined in zip(
            fields, headers, readers, examples, notes, shows, joins, strict=True
        )
    )


BUREAUS = Table(
    ListKind.BUREAUS,
    N_("局委办"),
    (
        Column(
            "name", N_("单位全称"), cells.line(100), "上街区城市管理局", N_("一个单位一行。"),
            aliases=("单位名称", "全称", "局委名称", "部门名称", "单位"), is_required=True,
        ),
        Column("short_name", N_("简称"), cells.line(40), "城管局", aliases=("单位简称",), is_required=True),
        Column(
            "aliases", N_("曾用名"), cells.names(100), "城市综合执法局", N_("几个用“、”隔开；按曾用名也能找到。"),
            aliases=("别名", "原名称"), show=_show_list, joined=_with_more_names,
        ),
        Column(
            "kind", N_("类别"), cells.choice(_ORG_KINDS, _ALSO_ORG_KINDS), "局委办", N_("新单位不写就是局委办。"),
            aliases=("单位类别", "类型"), options=tuple(_ORG_KINDS.values()), show=ORG_KIND_NAMES.__getitem__,
        ),
        Column(
            "head_name", N_("局长姓名"), cells.person_name, "程建业", N_("主要负责人。"),
            aliases=("局长", "主要负责人", "主要负责人姓名", "负责人", "负责人姓名"), is_required=True,
        ),
        Column(
            "head_mobile", N_("局长手机"), mobile_normal, "13900000002", N_("11 位；单元格请设为“文本”。"),
            aliases=("局长手机号", "局长电话", "主要负责人手机", "负责人手机"), show=mask_mobile,
        ),
        Column("head_email", N_("局长邮箱"), email_normal, "head@example.test", aliases=("局长电子邮箱", "主要负责人邮箱")),
        *_people_columns(
            "deputy_head", (N_("副局长姓名"), N_("副局长手机"), N_("副局长邮箱")),
            ("潘红英", "13900000003", "deputy-head@example.test"),
        ),
        *_people_columns(
            "contact", (N_("联系人姓名"), N_("联系人手机"), N_("联系人邮箱")),
            ("田野", "13900000004", "contact@example.test"),
        ),
        Column("phone", N_("办公电话"), cells.office_phone, "0371-60000000", aliases=("电话", "单位电话", "联系电话")),
    ),
    _unit_keys,
    _check_bureau,
)  # fmt: skip

_ALSO_STATION_KINDS = {
    "联络站": StationKind.STATION,
    "人大代表联络站": StationKind.STATION,
    "站": StationKind.STATION,
    "人大代表之家": StationKind.HOME,
    "家": StationKind.HOME,
    "联络点": StationKind.LIAISON_POINT,
    "人大代表联络点": StationKind.LIAISON_POINT,
    "点": StationKind.LIAISON_POINT,
    "工作室": StationKind.STUDIO,
    "流动工作室": StationKind.MOBILE_STUDIO,
}
_ALSO_TIERS = {
    "省级": Tier.PROVINCIAL_DEMO,
    "省级示范点": Tier.PROVINCIAL_DEMO,
    "市级": Tier.CITY_DEMO,
    "市级示范点": Tier.CITY_DEMO,
    "区级": Tier.DISTRICT,
    "区级联络站": Tier.DISTRICT,
    "特色": Tier.SPECIAL,
    "特色联络点": Tier.SPECIAL,
    "特色工作室": Tier.SPECIAL,
}

STATIONS = Table(
    ListKind.STATIONS,
    N_("联络站点"),
    (
        Column(
            "name", N_("名称"), cells.line(100), "中安街人大代表联络站", N_("一个站点一行。"),
            aliases=("站点名称", "联络站名称", "站名"), is_required=True,
        ),
        Column(
            "kind", N_("类型"), cells.choice(STATION_KIND_NAMES, _ALSO_STATION_KINDS), "代表联络站",
            aliases=("站点类型",), options=tuple(STATION_KIND_NAMES.values()), is_required=True,
            show=STATION_KIND_NAMES.__getitem__,
        ),
        Column(
            "tier", N_("层次"), cells.choice(TIER_NAMES, _ALSO_TIERS), "区级代表联络站",
            aliases=("级别", "示范级别"), options=tuple(TIER_NAMES.values()), is_required=True,
            show=TIER_NAMES.__getitem__,
        ),
        Column(
            "street", N_("所属街道"), cells.line(60), "济源路街道", N_("街道或镇；系统里没有的，写入时新建。"),
            aliases=("街道", "所属街镇", "所属街道/镇", "所属乡镇"), is_required=True,
        ),
        Column("address", N_("地址"), cells.line(200), "中安街 1 号", aliases=("详细地址", "站点地址")),
        Column("phone", N_("电话"), cells.office_phone, "0371-60000001", aliases=("联系电话", "办公电话")),
        Column("open_hours", N_("开放时间"), cells.line(200), "工作日 9:00–17:00", aliases=("接待时间",)),
        Column(
            "rooms", N_("房间"), cells.rooms, "大会议室:30；接待室:8（无障碍）",
            N_("写成“名称:人数”，几间用“；”隔开；轮椅能进的在后面写（无障碍）。"),
            aliases=("会议室", "房间及人数"), is_required=True, show=_show_list, joined=_with_more_rooms,
        ),
        Column("access_notes", N_("无障碍说明"), cells.line(200), "正门有坡道，一楼有无障碍卫生间", aliases=("无障碍",)),
    ),
    _unit_keys,
)  # fmt: skip

TABLES = {table.kind: table for table in (DEPUTIES, BUREAUS, STATIONS)}
