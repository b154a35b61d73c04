"""What is found in the database for each row, and what writing it leaves there; on both engines."""

from datetime import date

import pytest
from sqlalchemy import select

from liaison_app.core.db import db, transaction
from liaison_app.imports.errors import RowsRefused
from liaison_app.imports.kinds import ListKind
from liaison_app.orgs.kinds import OrgKind
from liaison_app.orgs.models import Alias, OrgUnit
from liaison_app.people import services as people
from liaison_app.people.models import Mandate, Person, Post
from liaison_app.stations.kinds import StationKind, Tier
from liaison_app.stations.models import Membership, Room, Station
from tests.factories.orgs import make_unit
from tests.factories.people import make_deputy, make_official, make_person
from tests.factories.stations import make_membership, make_station
from tests.imports.lists import (
    BUREAU,
    DEPUTY,
    STATION,
    bring_in,
    changes,
    check,
    make_district,
    outcomes,
    reasons,
)

DEPUTIES, BUREAUS, STATIONS = ListKind.DEPUTIES, ListKind.BUREAUS, ListKind.STATIONS


@pytest.fixture
def district(app):
    with transaction():
        make_district()


def only(model):
    return db.session.scalars(select(model)).one()


def mandates() -> list[tuple[int, str, str, str, str]]:
    found = db.session.scalars(select(Mandate).order_by(Mandate.level, Mandate.id))
    return [(one.level, one.term, one.constituency, one.card_no, str(one.state)) for one in found]


def homes() -> list[str]:
    found = db.session.scalars(select(Membership).where(Membership.left_on.is_(None)).order_by(Membership.id))
    return [one.station.name for one in found]


# --- deputies ------------------------------------------------------------------


def test_a_new_deputy_is_a_person_with_mandates_and_a_station(district):
    row = DEPUTY | {
        "姓名": "单志平",
        "出生年月": "1975-08",
        "选区": "第12选区",
        "代表证号": "0140001",
        "届次": "第十四届",
        "特长领域": "供热,物业",
        "邮箱": "shan@example.test",
        "民族": "汉族",
    }
    assert outcomes(bring_in(DEPUTIES, row)) == ["new"]
    person = only(Person)
    assert (person.name, person.pinyin, person.mobile, person.email) == (
        "单志平",
        "shan zhi ping",
        "13900000001",
        "shan@example.test",
    )
    assert person.mobile_key == people.mobile_key("13900000001")
    assert (person.born_on, person.expertise) == (date(1975, 8, 1), "供热、物业")
    assert mandates() == [(3, "", "", "", "active"), (4, "第十四届", "第12选区", "0140001", "active")]
    assert homes() == ["示例街人大代表联络站"]


@pytest.mark.parametrize(
    ("kind", "rows"),
    [
        (
            DEPUTIES,
            [
                DEPUTY,
                DEPUTY | {"姓名": "王素梅", "手机": "", "代表证号": "7", "届次": "第十四届", "状态": "终止"},
            ],
        ),
        (
            BUREAUS,
            [
                BUREAU
                | {
                    "曾用名": "城市综合执法局、市容局",
                    "副局长姓名": "郝云峰、邢春燕",
                    "副局长手机": "-、13900000007",
                    "联系人姓名": "尚小禾",
                    "联系人邮箱": "shang@example.test",
                    "办公电话": "0371-60000000",
                },
                BUREAU
                | {"单位全称": "某某区人民法院", "简称": "区法院", "类别": "人民法院", "局长姓名": "谭守义"},
            ],
        ),
        (
            STATIONS,
            [
                STATION | {"房间": "大会议室:30；接待室:8（无障碍）", "电话": "0371-60000001"},
                STATION | {"名称": "某某镇站", "所属街道": "某某镇"},
            ],
        ),
    ],
)
def test_the_same_list_twice_changes_nothing(district, kind, rows):
    bring_in(kind, *rows)
    before = {table: db.session.execute(select(table)).all() for table in db.metadata.sorted_tables}
    again = bring_in(kind, *rows)
    assert outcomes(again) == ["same"] * len(rows)
    for table, found in before.items():
        if table.name not in {"import_run", "import_line", "audit_entry"}:
            assert db.session.execute(select(table)).all() == found, table.name


def test_an_empty_cell_leaves_what_is_stored(district):
    bring_in(DEPUTIES, DEPUTY | {"邮箱": "chen@example.test", "代表证号": "7"})
    lines = bring_in(DEPUTIES, DEPUTY | {"手机": "", "邮箱": "", "代表证号": "7", "民族": "汉族"})
    assert changes(lines) == [("民族", "", "汉族")]
    assert (only(Person).mobile, only(Person).email) == ("13900000001", "chen@example.test")


def test_the_day_of_birth_stays_where_the_month_agrees(district):
    bring_in(DEPUTIES, DEPUTY)
    with transaction():
        only(Person).born_on = date(1975, 8, 17)
    assert outcomes(check(DEPUTIES, DEPUTY | {"出生年月": "1975年8月"})) == ["same"]
    assert changes(check(DEPUTIES, DEPUTY | {"出生年月": "1975年9月"})) == [
        ("出生年月", "1975-08", "1975-09")
    ]


def test_a_deputy_is_known_by_the_card_even_under_another_mobile(district):
    bring_in(DEPUTIES, DEPUTY | {"代表证号": "7"})
    lines = bring_in(DEPUTIES, DEPUTY | {"代表证号": "7", "手机": "13900000002"})
    assert changes(lines) == [("手机", "139****0001", "139****0002")]
    assert only(Person).mobile == "13900000002"


def test_a_name_is_put_right_where_card_and_mobile_agree(district):
    bring_in(DEPUTIES, DEPUTY | {"姓名": "张吉", "代表证号": "7"})
    assert changes(bring_in(DEPUTIES, DEPUTY | {"姓名": "张𠮷", "代表证号": "7"})) == [
        ("姓名", "张吉", "张𠮷")
    ]
    assert only(Person).name_key == "张𠮷"


def test_a_card_of_somebody_else_is_refused(district):
    bring_in(DEPUTIES, DEPUTY | {"代表证号": "7"})
    stranger = DEPUTY | {"姓名": "王素梅", "手机": "13900000009", "代表证号": "7"}
    assert reasons(check(DEPUTIES, stranger)) == [
        "代表证号“7”：系统里这个证号是陈立新的，姓名和手机都对不上。"
    ]


def test_an_official_who_is_elected_stays_one_person(district):
    with transaction():
        make_official(make_unit("示例局", OrgKind.BUREAU), "陈立新", mobile="13900000001")
    lines = bring_in(DEPUTIES, DEPUTY)
    assert [header for header, *_ in changes(lines)] == ["层级", "所属站"]
    assert only(Person).posts
    assert len(mandates()) == 2


def test_without_card_and_mobile_a_name_counts_within_the_station(district):
    with transaction():
        make_membership(make_station("别的站"), make_deputy("陈立新", level=3))
    row = DEPUTY | {"手机": "", "层级": "区"}
    assert outcomes(bring_in(DEPUTIES, row)) == ["new"]
    assert outcomes(bring_in(DEPUTIES, row)) == ["same"]
    assert len(db.session.scalars(select(Person)).all()) == 2


def test_two_namesakes_in_a_station_are_told_apart_or_refused(district):
    rows = [DEPUTY, DEPUTY | {"手机": "13900000002"}]
    assert outcomes(bring_in(DEPUTIES, *rows)) == ["new", "new"]
    assert outcomes(bring_in(DEPUTIES, *rows)) == ["same", "same"]
    assert reasons(check(DEPUTIES, DEPUTY | {"手机": ""})) == [
        "姓名“陈立新”：这个站有 2 位同名的代表，请写上代表证号或手机。"
    ]


def test_who_is_surely_meant_by_one_row_is_not_guessed_for_another(district):
    bring_in(DEPUTIES, DEPUTY)
    rows = [DEPUTY | {"手机": "13900000002"}, DEPUTY]
    assert outcomes(check(DEPUTIES, *rows)) == ["new", "same"]


def test_two_rows_about_one_person_are_refused(district):
    bring_in(DEPUTIES, DEPUTY | {"代表证号": "7"})
    rows = [DEPUTY | {"手机": "", "代表证号": "7"}, DEPUTY]
    assert reasons(check(DEPUTIES, *rows)) == ["姓名“陈立新”：与第 2 行说的是同一个，请合成一行。"]


def test_a_level_that_is_not_named_any_more_ends(district):
    bring_in(DEPUTIES, DEPUTY)
    assert changes(bring_in(DEPUTIES, DEPUTY | {"层级": "区"})) == [("层级", "市、区", "区")]
    assert [(level, state) for level, *_, state in mandates()] == [(3, "ended"), (4, "active")]


def test_a_new_term_is_a_new_mandate(district):
    bring_in(DEPUTIES, DEPUTY | {"层级": "区", "届次": "第十四届", "代表证号": "7"})
    row = DEPUTY | {"层级": "区", "届次": "第十五届", "代表证号": "8"}
    assert changes(bring_in(DEPUTIES, row)) == [("代表证号", "7", "8"), ("届次", "第十四届", "第十五届")]
    assert mandates() == [(4, "第十四届", "", "7", "ended"), (4, "第十五届", "", "8", "active")]
    assert outcomes(check(DEPUTIES, row)) == ["same"]
    bring_in(DEPUTIES, row | {"届次": "第十四届", "状态": "终止"})
    assert outcomes(check(DEPUTIES, row | {"届次": "第十四届", "状态": "终止"})) == ["same"]


def test_a_term_that_was_not_known_is_filled_in(district):
    bring_in(DEPUTIES, DEPUTY | {"层级": "区"})
    bring_in(DEPUTIES, DEPUTY | {"层级": "区", "届次": "第十四届"})
    assert mandates() == [(4, "第十四届", "", "", "active")]


def test_the_state_of_a_row_is_that_of_all_its_levels(district):
    bring_in(DEPUTIES, DEPUTY)
    assert changes(bring_in(DEPUTIES, DEPUTY | {"状态": "暂停"})) == [("状态", "在任", "暂停执行职务")]
    assert [state for *_, state in mandates()] == ["suspended", "suspended"]
    assert outcomes(check(DEPUTIES, DEPUTY)) == ["same"]
    bring_in(DEPUTIES, DEPUTY | {"状态": "终止"})
    assert outcomes(check(DEPUTIES, DEPUTY)) == ["same"]
    assert changes(check(DEPUTIES, DEPUTY | {"状态": "在任"})) == [("状态", "资格终止", "在任")]


def test_a_deputy_moves_to_another_station_and_back(district):
    with transaction():
        make_station("别的站")
    bring_in(DEPUTIES, DEPUTY)
    moved = bring_in(DEPUTIES, DEPUTY | {"所属站": "别的站"})
    assert changes(moved) == [("所属站", "示例街人大代表联络站", "别的站")]
    assert homes() == ["别的站"]
    bring_in(DEPUTIES, DEPUTY)
    assert homes() == ["示例街人大代表联络站"]
    assert len(db.session.scalars(select(Membership)).all()) == 2


def test_a_station_is_found_by_its_short_or_former_name(district):
    with transaction():
        unit = only(Station).unit
        unit.short_name = "示例街站"
        db.session.add(Alias(unit_id=unit.id, name="老站"))
    for name in ("示例街站", "老站", "示例街 人大代表联络站"):
        assert outcomes(check(DEPUTIES, DEPUTY | {"所属站": name})) == ["new"]


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("示例街联络站", "所属站“示例街联络站”：系统里没有这个站点，是不是“示例街人大代表联络站”？"),
        ("别处", "所属站“别处”：系统里没有这个站点，请先导入联络站点。"),
    ],
)
def test_an_unknown_station_is_refused_with_the_one_that_may_be_meant(district, typed, reason):
    assert reasons(check(DEPUTIES, DEPUTY | {"所属站": typed})) == [reason]


def test_a_row_is_told_all_that_is_wrong_with_it_at_once(district):
    said = reasons(check(DEPUTIES, DEPUTY | {"所属站": "不存在的站", "手机": "1381111"}))
    assert len(said) == 2
    assert any("系统里没有这个站点" in one for one in said)


def test_a_street_may_not_change_other_streets_deputies(district):
    with transaction():
        other = make_unit("别的街道人大工委", parent=db.session.scalars(select(OrgUnit)).first())
        make_station("别的站", parent=other)
        scope = other.path
    bring_in(DEPUTIES, DEPUTY | {"代表证号": "7"})
    assert reasons(check(DEPUTIES, DEPUTY, scope=scope)) == [
        "所属站“示例街人大代表联络站”：这个站点不归您的单位管，请交给区里导入。"
    ]
    poached = DEPUTY | {"代表证号": "7", "所属站": "别的站"}
    assert reasons(check(DEPUTIES, poached, scope=scope)) == [
        "姓名“陈立新”：这位代表现在属于示例街人大代表联络站，不归您的单位管。"
    ]
    assert outcomes(check(DEPUTIES, DEPUTY | {"手机": "13900000005", "所属站": "别的站"}, scope=scope)) == [
        "new"
    ]


# --- bureaus -------------------------------------------------------------------


def posts(unit: str = "某某区城市管理局") -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    held = select(Post).join(Post.unit).where(Post.ended_at.is_(None), OrgUnit.name == unit).order_by(Post.id)
    for post in db.session.scalars(held):
        found.setdefault(f"{post.kind} {post.title}", []).append(post.person.name)
    return found


def test_a_new_bureau_stands_below_the_government_with_its_people(district):
    row = BUREAU | {
        "曾用名": "城市综合执法局",
        "副局长姓名": "郝云峰、邢春燕",
        "副局长手机": "-、13900000007",
        "联系人姓名": "尚小禾",
        "联系人邮箱": "shang@example.test",
    }
    assert outcomes(bring_in(BUREAUS, row)) == ["new"]
    unit = db.session.scalars(select(OrgUnit).where(OrgUnit.kind == OrgKind.BUREAU)).one()
    assert (unit.name, unit.short_name, unit.parent.kind) == (
        "某某区城市管理局",
        "城管局",
        OrgKind.GOVERNMENT,
    )
    assert unit.path == f"{unit.parent.path}{unit.id}/"
    assert only(Alias).name == "城市综合执法局"
    assert posts() == {
        "head 局长": ["程建业"],
        "deputy_head 副局长": ["郝云峰", "邢春燕"],
        "contact 联系人": ["尚小禾"],
    }
    mobiles = {one.name: one.mobile for one in db.session.scalars(select(Person))}
    assert (mobiles["郝云峰"], mobiles["邢春燕"]) == (None, "13900000007")


def test_a_court_stands_beside_the_government(district):
    bring_in(BUREAUS, {"单位全称": "某某区人民法院", "简称": "区法院", "类别": "法院", "局长姓名": "谭守义"})
    court = db.session.scalars(select(OrgUnit).where(OrgUnit.kind == OrgKind.COURT)).one()
    assert court.parent.kind is OrgKind.DISTRICT
    assert posts("某某区人民法院") == {"head 院长": ["谭守义"]}


def test_a_former_name_finds_the_bureau_and_does_not_rename_it(district):
    bring_in(BUREAUS, BUREAU | {"曾用名": "城市综合执法局"})
    assert outcomes(check(BUREAUS, BUREAU | {"单位全称": "城市综合执法局"})) == ["same"]


def test_a_bureau_that_was_renamed_is_found_by_its_former_name_in_the_row(district):
    bring_in(BUREAUS, BUREAU)
    row = BUREAU | {"单位全称": "某某区综合执法局", "曾用名": "某某区城市管理局"}
    assert changes(bring_in(BUREAUS, row)) == [
        ("单位全称", "某某区城市管理局", "某某区综合执法局"),
        ("曾用名", "", "某某区城市管理局"),
    ]
    assert posts("某某区综合执法局") == {"head 局长": ["程建业"]}
    assert outcomes(check(BUREAUS, row)) == ["same"]


def test_a_new_head_takes_over_the_title_and_the_old_one_goes(district):
    bring_in(BUREAUS, BUREAU | {"局长手机": "13900000002"})
    with transaction():
        only(Post).title = "党组书记、局长"
    lines = bring_in(BUREAUS, BUREAU | {"局长姓名": "潘红英", "局长手机": "13900000003"})
    assert changes(lines) == [("局长姓名", "程建业", "潘红英"), ("局长手机", "139****0002", "139****0003")]
    assert posts() == {"head 党组书记、局长": ["潘红英"]}
    assert len(db.session.scalars(select(Post)).all()) == 2


def test_a_deputy_head_who_becomes_head_is_the_same_person_and_deputy_head_no_more(district):
    bring_in(BUREAUS, BUREAU | {"副局长姓名": "郝云峰、邢春燕"})
    bring_in(BUREAUS, BUREAU | {"局长姓名": "郝云峰"})
    assert posts() == {"head 局长": ["郝云峰"], "deputy_head 副局长": ["邢春燕"]}
    bring_in(BUREAUS, BUREAU | {"局长姓名": "邢春燕", "副局长姓名": "郝云峰"})
    assert posts() == {"head 局长": ["邢春燕"], "deputy_head 副局长": ["郝云峰"]}
    assert len(db.session.scalars(select(Person)).all()) == 3


def test_deputy_heads_and_contacts_that_are_named_are_all_there_are(district):
    bring_in(BUREAUS, BUREAU | {"副局长姓名": "郝云峰、邢春燕", "联系人姓名": "尚小禾"})
    lines = bring_in(BUREAUS, BUREAU | {"副局长姓名": "邢春燕、汤文礼"})
    assert changes(lines) == [("副局长姓名", "邢春燕；郝云峰", "邢春燕；汤文礼")]
    assert posts()["deputy_head 副局长"] == ["邢春燕", "汤文礼"]
    assert posts()["contact 联系人"] == ["尚小禾"]


def test_the_order_of_deputy_heads_does_not_matter_and_their_mobiles_follow_it(district):
    bring_in(BUREAUS, BUREAU | {"副局长姓名": "郝云峰、邢春燕", "副局长手机": "13900000006、13900000007"})
    row = BUREAU | {"副局长姓名": "邢春燕、郝云峰", "副局长手机": "13900000007、13900000006"}
    assert outcomes(check(BUREAUS, row)) == ["same"]
    crossed = BUREAU | {"副局长姓名": "邢春燕、郝云峰", "副局长手机": "13900000006、-"}
    assert changes(check(BUREAUS, crossed)) == [
        ("副局长手机", "139****0007；139****0006", "139****0006；139****0006")
    ]


def test_one_person_may_answer_for_two_bureaus(district):
    row = BUREAU | {"联系人姓名": "尚小禾", "联系人手机": "13900000008"}
    bring_in(BUREAUS, row, row | {"单位全称": "某某区环境局", "简称": "环境局", "局长姓名": "丁雅琴"})
    named = select(Person).where(Person.name == "尚小禾")
    assert len(db.session.scalars(named).one().posts) == 2


def test_a_name_that_belongs_to_another_body_is_refused(district):
    bring_in(BUREAUS, BUREAU)
    other = BUREAU | {"单位全称": "某某区税务局", "简称": "税务局"}
    assert reasons(check(BUREAUS, other | {"单位全称": "示例街人大代表联络站"})) == [
        "单位全称“示例街人大代表联络站”：系统里有这个名称，但不是局委办。"
    ]
    with transaction():
        db.session.add(Alias(unit_id=db.session.scalars(select(OrgUnit.id)).first(), name="国税局"))
    bring_in(BUREAUS, other)
    assert reasons(check(BUREAUS, other | {"曾用名": "国税局"})) == [
        "曾用名“国税局”：“国税局”在系统里是“本区”的名称。"
    ]


def test_two_rows_about_one_bureau_are_refused(district):
    bring_in(BUREAUS, BUREAU | {"曾用名": "城市综合执法局"})
    assert reasons(check(BUREAUS, BUREAU, BUREAU | {"单位全称": "城市综合执法局"})) == [
        "单位全称“某某区城市管理局”：与第 2 行说的是同一个，请合成一行。"
    ]


def test_a_street_may_not_bring_in_bureaus(district):
    scope = db.session.scalars(select(OrgUnit.path).where(OrgUnit.name == "示例街道人大工委")).one()
    assert reasons(check(BUREAUS, BUREAU, scope=scope)) == [
        "单位全称“某某区城市管理局”：局委办不归您的单位管，请交给区里导入。"
    ]


# --- stations ------------------------------------------------------------------


def test_a_new_station_stands_below_its_street_with_its_rooms(district):
    row = STATION | {
        "名称": "中街人大代表联络站",
        "类型": "代表之家",
        "层次": "省级",
        "房间": "大会议室:30；接待室:8（无障碍）",
        "地址": "中街 1 号",
        "电话": "0371-60000001",
        "所属街道": "示例街道办事处",
    }
    assert outcomes(bring_in(STATIONS, row)) == ["new"]
    station = db.session.scalars(select(Station).where(Station.address == "中街 1 号")).one()
    assert (station.kind, station.tier) == (StationKind.HOME, Tier.PROVINCIAL_DEMO)
    assert (station.unit.parent.name, station.unit.short_name) == ("示例街道人大工委", "中街站")
    assert station.unit.path == f"{station.unit.parent.path}{station.unit_id}/"
    assert station.phone == "0371-60000001"
    assert [(room.name, room.capacity, room.is_accessible) for room in station.rooms] == [
        ("大会议室", 30, False),
        ("接待室", 8, True),
    ]


def test_a_street_that_is_not_there_is_announced_and_added_once(district):
    rows = [STATION | {"名称": name, "所属街道": "某某镇"} for name in ("甲村站", "乙村站")]
    lines = bring_in(STATIONS, *rows)
    assert [str(note) for line in lines for note in line.notes] == [
        "系统里没有“某某镇人大主席团”，写入时新建。"
    ] * 2
    town = db.session.scalars(select(OrgUnit).where(OrgUnit.kind == OrgKind.TOWNSHIP_PRESIDIUM)).one()
    assert (town.name, town.parent.kind) == ("某某镇人大主席团", OrgKind.STANDING_COMMITTEE)
    assert outcomes(check(STATIONS, *rows)) == ["same", "same"]


def test_rooms_are_added_and_changed_and_none_is_taken_away(district):
    bring_in(STATIONS, STATION | {"房间": "大会议室:30；接待室:8"})
    lines = bring_in(STATIONS, STATION | {"房间": "大会议室:24（无障碍）；谈心室:4"})
    assert changes(lines) == [("房间", "大会议室:30；接待室:8", "大会议室:24（无障碍）；接待室:8；谈心室:4")]
    rooms = db.session.execute(select(Room.name, Room.capacity).order_by(Room.id)).all()
    assert rooms == [("大会议室", 24), ("接待室", 8), ("谈心室", 4)]


def test_a_station_that_moves_to_another_street_takes_its_path_along(district):
    with transaction():
        make_unit("别的街道人大工委", parent=db.session.scalars(select(OrgUnit)).first())
    bring_in(STATIONS, STATION)
    lines = bring_in(STATIONS, STATION | {"所属街道": "别的街道"})
    assert changes(lines) == [("所属街道", "示例街道人大工委", "别的街道人大工委")]
    unit = only(Station).unit
    assert unit.path == f"{db.session.get(OrgUnit, unit.parent_id).path}{unit.id}/"


def test_a_station_of_a_foreign_street_is_refused(district):
    with transaction():
        scope = make_unit("别的街道人大工委", parent=db.session.scalars(select(OrgUnit)).first()).path
    row = STATION | {"名称": "新站"}
    assert reasons(
        check(STATIONS, STATION, row, row | {"名称": "新站二", "所属街道": "没有的街道"}, scope=scope)
    ) == [
        "名称“示例街人大代表联络站”：这个站点不归您的单位管，请交给区里导入。",
        "所属街道“示例街道人大工委”：这个街道不归您的单位管。",
        "所属街道“没有的街道人大工委”：这个街道不归您的单位管。",
    ]
    assert outcomes(check(STATIONS, row | {"所属街道": "别的街道"}, scope=scope)) == ["new"]


# --- all kinds -----------------------------------------------------------------


def test_lists_fill_an_empty_database(app):
    bring_in(STATIONS, STATION)
    bring_in(BUREAUS, BUREAU)
    bring_in(DEPUTIES, DEPUTY)
    kinds = dict(db.session.execute(select(OrgUnit.name, OrgUnit.kind)).all())
    assert kinds["示例街道人大工委"] is OrgKind.STREET_WORKING_COMMITTEE
    assert outcomes(check(STATIONS, STATION)) == outcomes(check(BUREAUS, BUREAU)) == ["same"]


def test_one_row_in_error_and_nothing_is_written(district):
    rows = [DEPUTY, DEPUTY | {"姓名": "王素梅", "手机": "13900000002", "所属站": "没有的站"}]
    with pytest.raises(RowsRefused, match="有 1 行有误，一行也没有写入。"):
        bring_in(DEPUTIES, *rows)
    db.session.rollback()
    assert db.session.scalars(select(Person)).all() == []


def test_two_people_of_one_name_and_mobile_in_the_database_are_refused(district):
    with transaction():
        for _ in range(2):
            make_person("陈立新", mobile="13900000001")
    assert reasons(check(DEPUTIES, DEPUTY)) == [
        "姓名“陈立新”：系统里有 2 位同名同号的人，分不清是哪一位，请先在系统里改正。"
    ]
