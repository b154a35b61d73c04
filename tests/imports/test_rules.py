"""Lists as offices keep them: headers, cells, doubles, and what becomes of each row."""

from contextlib import suppress
from datetime import date
from io import BytesIO

import pytest
from openpyxl import load_workbook

from liaison_app.core.text import Unreadable
from liaison_app.imports.cells import RoomSpec
from liaison_app.imports.errors import SheetRefused
from liaison_app.imports.kinds import TABLES, ListKind, Official, officials
from liaison_app.imports.rules import (
    EXAMPLE,
    MAX_ROWS,
    Outcome,
    SheetRow,
    column_letters,
    header_key,
    judge,
    read_list,
    refused,
    resolved,
)
from liaison_app.imports.sheets import read_sheet
from liaison_app.imports.templates import template_xlsx
from liaison_app.orgs.kinds import OrgKind
from liaison_app.people.rules import MandateState, PostKind
from liaison_app.stations.kinds import StationKind, Tier

DEPUTY = {"姓名": "陈立新", "层级": "区", "所属站": "中安街站"}
BUREAU = {"单位全称": "上街区城市管理局", "简称": "城管局", "局长姓名": "程建业"}
STATION = {
    "名称": "中安街人大代表联络站",
    "类型": "代表联络站",
    "层次": "区级代表联络站",
    "所属街道": "济源路街道",
    "房间": "大会议室:30",
}


def sheet(*rows: tuple[str, ...], formulas: dict[int, set[int]] | None = None) -> list[SheetRow]:
    marked = formulas or {}
    return [
        SheetRow(number, row, frozenset(marked.get(number, ()))) for number, row in enumerate(rows, start=1)
    ]


def listed(kind: ListKind, *records: dict[str, str]):
    headers = tuple(dict.fromkeys(header for record in records for header in record))
    rows = [tuple(record.get(header, "") for header in headers) for record in records]
    return read_list(kind, sheet(headers, *rows))


def deputies(*changed: dict[str, str]):
    return listed(ListKind.DEPUTIES, *(DEPUTY | change for change in changed)).entries


def deputy(**change: str):
    return deputies(change)[0]


def bureau(**change: str):
    return listed(ListKind.BUREAUS, BUREAU | change).entries[0]


def station(**change: str):
    return listed(ListKind.STATIONS, STATION | change).entries[0]


def words(entry) -> list[str]:
    return [str(problem) for problem in entry.problems]


def reason(kind: ListKind, rows: list[SheetRow]) -> str:
    with pytest.raises(SheetRefused) as refusal:
        read_list(kind, rows)
    return str(refusal.value)


# --- headers ----------------------------------------------------------------


def test_a_header_is_known_with_stars_spaces_remarks_and_full_width_signs():
    spellings = ("姓名", "姓 名", " 姓名* ", "姓名（必填）", "＊姓名：", "姓名[1]", "姓\n名")
    assert {header_key(spelling) for spelling in spellings} == {"姓名"}


def test_title_rows_above_the_header_are_passed_over():
    rows = sheet(
        ("上街区人大代表名册",), ("2026年11月", "", "制表：田野"), tuple(DEPUTY), tuple(DEPUTY.values())
    )
    (entry,) = read_list(ListKind.DEPUTIES, rows).entries
    assert (entry.number, entry.title, entry.problems) == (4, "陈立新", ())


def test_columns_are_found_in_any_order_and_by_other_usual_names():
    reading = listed(
        ListKind.DEPUTIES,
        {
            "序号": "1",
            "所属联络站": "中安街站",
            "手机号码": "13900000001",
            "代表姓名": "陈立新",
            "代表层级": "市",
            "备注": "x",
        },
    )
    assert reading.ignored == ("序号", "备注")
    assert reading.entries[0].values == {
        "name": "陈立新",
        "levels": (3,),
        "station": "中安街站",
        "mobile": "13900000001",
    }


def test_a_sheet_without_a_header_is_refused_with_the_names_it_needs():
    expected = "没有找到表头。请在第一行写上列名（姓名、层级、所属站……），或下载模板来填。"
    assert reason(ListKind.DEPUTIES, sheet(("陈立新", "区"))) == expected
    assert reason(ListKind.DEPUTIES, []) == expected


def test_missing_and_doubled_columns_are_named():
    assert reason(ListKind.DEPUTIES, sheet(("姓名", "手机"))) == "第 1 行的表头缺少：层级、所属站。"
    doubled = sheet((*DEPUTY, "手机", "手机号"))
    assert reason(ListKind.DEPUTIES, doubled) == "D、E 列都是“手机”，请只留一列。"


def test_a_header_with_nothing_under_it_is_refused():
    assert reason(ListKind.DEPUTIES, sheet(tuple(DEPUTY), ("", " "))) == "表头下面没有内容。"


def test_more_rows_than_can_be_taken_are_refused():
    rows = [tuple(DEPUTY.values())] * (MAX_ROWS + 1)
    assert reason(ListKind.DEPUTIES, sheet(tuple(DEPUTY), *rows)) == "内容超过 5000 行，请分成几个文件。"


def test_a_formula_is_refused_with_its_cell_unless_nobody_reads_the_column():
    rows = (("姓名", "序号", "层级", "所属站"), ("陈立新", "1", "区", "中安街站"))
    assert read_list(ListKind.DEPUTIES, sheet(*rows, formulas={2: {1}})).entries[0].problems == ()
    assert reason(ListKind.DEPUTIES, sheet(*rows, formulas={2: {0, 1, 3}})) == (
        "A2、D2 是公式或错误值，不是填好的内容。请全选、复制，再“选择性粘贴”为数值，然后重新上传。"
    )


def test_empty_rows_rows_of_other_columns_and_the_example_are_passed_over():
    rows = (
        ("姓名", "层级", "所属站", "序号"),
        (f"{EXAMPLE}陈立新", "区", "中安街站", ""),
        ("", "", "", "2"),
        ("王素梅", "区", "中安街站", "3"),
    )
    assert [entry.number for entry in read_list(ListKind.DEPUTIES, sheet(*rows)).entries] == [4]


def test_columns_have_letters_as_in_a_spreadsheet():
    assert [column_letters(place) for place in (0, 25, 26, 51, 52, 701, 702, 16383)] == [
        "A", "Z", "AA", "AZ", "BA", "ZZ", "AAA", "XFD",
    ]  # fmt: skip


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_no_two_columns_of_a_list_answer_to_one_header(table):
    keys = [header_key(name) for column in table.columns for name in (column.header, *column.aliases)]
    assert len(keys) == len(set(keys))


# --- cells ------------------------------------------------------------------


def test_a_whole_row_of_deputies_is_understood():
    entry = deputy(
        姓名=" 买买提•艾力 ", 性别="女", 出生年月="1975年8月", 民族="维吾尔族", 党派="群众", 学历="大学",
        单位职务="某某机械有限公司 车间主任", 层级="市、区", 代表证号="００１ ２", 选区="第12选区", 届次="第十四届",
        特长领域="供热，物业", 手机="+86 139-0000-0001", 邮箱="A@Example.test", 状态="暂停",
    )  # fmt: skip
    assert entry.problems == ()
    assert entry.values == {
        "name": "买买提·艾力", "gender": "女", "born_on": date(1975, 8, 1), "ethnicity": "维吾尔族", "party": "群众",
        "education": "大学", "job_title": "某某机械有限公司 车间主任", "levels": (3, 4), "card_no": "0012",
        "constituency": "第12选区", "term": "第十四届", "station": "中安街站", "expertise": "供热、物业",
        "mobile": "13900000001", "email": "A@example.test", "state": MandateState.SUSPENDED,
    }  # fmt: skip


def test_an_empty_cell_and_a_dash_say_nothing():
    entry = deputy(手机="", 邮箱="无", 党派="—", 选区=" / ")
    assert entry.problems == ()
    assert set(entry.values) == {"name", "levels", "station"}


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ({"手机": "1380013800"}, "手机“1380013800”：现在是 10 位，手机号应为 11 位。"),
        (
            {"手机": "1.38E+10"},
            "手机“1.38E+10”：“1.38E+10”是表格的科学计数法，号码已不完整；请把该列设为“文本”后重填。",
        ),
        ({"出生年月": "2025/2/30"}, "出生年月“2025/2/30”：2025年2月没有30日。"),
        (
            {"出生年月": "1975.1"},
            "出生年月“1975.1”：“1975.1”分不清是 1 月还是 10 月，请写成 1975-01 或 1975-10。",
        ),
        ({"层级": "街道"}, "层级“街道”：看不懂层级“街道”，请从全国、省、市、区、镇里选，几级用“、”隔开。"),
        ({"姓名": " "}, "姓名：不能空着。"),
        ({"姓名": "123"}, "姓名“123”：“123”不是姓名。"),
        ({"所属站": "—"}, "所属站“—”：不能空着。"),
        ({"姓名": "长" * 101}, f"姓名“{'长' * 40}…”：最多 100 个字，现在是 101 个。"),
        ({"选区": "长" * 3000}, f"选区“{'长' * 40}…”：最多 2000 个字，现在是 3000 个。"),
        (
            {"邮箱": "a@example.test,b@example.test"},
            "邮箱“a@example.test,b@example.test”：一格只能写一个邮箱。",
        ),
        ({"状态": "{0.__class__}"}, "状态“{0.__class__}”：看不懂状态“{0.__class__}”，请写在任、暂停或终止。"),
    ],
)
def test_a_wrong_cell_is_refused_in_the_rows_own_words(cell, expected):
    assert words(deputy(**cell)) == [expected]


def test_every_wrong_cell_of_a_row_is_named_at_once_in_the_order_of_the_sheet():
    entry = deputy(手机="1", 性别="x", 层级="")
    assert [problem.header for problem in entry.problems] == ["层级", "手机", "性别"]


def test_a_row_of_bureaus_names_its_people_in_one_order():
    entry = bureau(
        曾用名="执法局、市容局", 类别="公用企业", 局长手机="13900000002", 副局长姓名="潘红英、任志刚",
        副局长手机="-、13900000003", 联系人姓名="田野", 联系人邮箱="contact@example.test", 办公电话="0371-60000000 转801",
    )  # fmt: skip
    assert entry.problems == ()
    assert entry.values["aliases"] == ("执法局", "市容局")
    assert entry.values["kind"] is OrgKind.UTILITY
    assert officials(entry.values) == [
        Official(PostKind.HEAD, "程建业", "13900000002"),
        Official(PostKind.DEPUTY_HEAD, "潘红英"),
        Official(PostKind.DEPUTY_HEAD, "任志刚", "13900000003"),
        Official(PostKind.CONTACT, "田野", "", "contact@example.test"),
    ]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (
            {"副局长姓名": "潘红英、任志刚", "副局长手机": "13900000003"},
            "“副局长姓名”有 2 位，“副局长手机”却有 1 个；请按同样的顺序写，没有的写“-”。",
        ),
        (
            {"联系人邮箱": "contact@example.test"},
            "“联系人姓名”有 0 位，“联系人邮箱”却有 1 个；请按同样的顺序写，没有的写“-”。",
        ),
    ],
)
def test_a_mobile_or_address_must_belong_to_somebody(cells, expected):
    assert words(bureau(**cells)) == [f"单位全称“上街区城市管理局”：{expected}"]


def test_an_office_may_have_a_landline_and_nothing_that_is_none():
    assert bureau(办公电话="（0371）60000000—801").values["phone"] == "(0371)60000000-801"
    assert words(bureau(办公电话="见门口")) == ["办公电话“见门口”：电话应像 0371-60000000，现在是“见门口”。"]


def test_a_row_of_stations_is_understood():
    entry = station(
        类型="工作室",
        层次="特色",
        房间="大会议室：３０人；二楼 接待室（8人）(无障碍)，201室:12",
        电话="13900000001",
    )
    assert entry.problems == ()
    assert entry.values["kind"] is StationKind.STUDIO
    assert entry.values["tier"] is Tier.SPECIAL
    assert entry.values["rooms"] == (
        RoomSpec("大会议室", 30),
        RoomSpec("二楼接待室", 8, is_accessible=True),
        RoomSpec("201室", 12),
    )


@pytest.mark.parametrize(
    ("rooms", "expected"),
    [
        ("大会议室", "看不懂房间“大会议室”，请写成“名称:人数”，如“大会议室:30”。"),
        ("会议室201", "看不懂房间“会议室201”，请写成“名称:人数”，如“大会议室:30”。"),
        ("大会议室:0", "房间“大会议室”的人数不对：0。"),
        ("大会议室:999999999", "房间“大会议室”的人数不对：999999999。"),
        ("甲:1；甲:2", "有两个房间都叫“甲”。"),
    ],
)
def test_a_room_needs_a_name_and_a_number_of_people(rooms, expected):
    assert words(station(房间=rooms)) == [f"房间“{rooms}”：{expected}"]


def test_a_choice_that_does_not_exist_is_answered_with_those_that_do():
    expected = "层次“国家级”：没有“国家级”这一项，可选：省级基层示范点、市级基层示范点、区级代表联络站、特色代表联络点。"
    assert words(station(层次="国家级")) == [expected]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_example_and_option_of_a_list_can_be_read(table):
    for column in table.columns:
        for text in (column.example, *column.options):
            assert not text or column.read(text)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize(
    "text", ["=1+1", "{x}", "\x00", "𠮷" * 500, "９" * 50, "-1", "1e999", "\u202e甲", "a" * 2000]
)
def test_strange_text_is_answered_with_a_value_or_a_reason_and_never_breaks(table, text):
    for column in table.columns:
        with suppress(Unreadable):
            column.show(column.read(text))


# --- doubles ----------------------------------------------------------------


def test_the_second_row_about_one_person_names_the_first():
    entries = deputies({"手机": "13900000001"}, {"姓名": "陈立 新", "手机": "139 0000 0001"})
    assert words(entries[0]) == []
    assert words(entries[1]) == ["姓名“陈立 新”：与第 2 行重复，请合成一行。"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"代表证号": "001", "手机": "13900000001"}, {"姓名": "王素梅", "代表证号": "001"}),
        ({}, {"所属站": "中安街 站"}),
    ],
)
def test_a_card_number_or_a_name_within_a_station_belongs_to_one_person(one, other):
    assert [len(entry.problems) for entry in deputies(one, other)] == [0, 1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"手机": "13900000001"}, {"手机": "13900000002"}),
        ({"手机": "13900000001"}, {"姓名": "王素梅", "手机": "13900000001"}),
        ({"所属站": "甲站"}, {"所属站": "乙站"}),
    ],
)
def test_namesakes_and_a_shared_number_are_no_doubles(one, other):
    assert [len(entry.problems) for entry in deputies(one, other)] == [0, 0]


def test_a_bureau_is_not_listed_again_under_a_former_name():
    first = BUREAU | {"曾用名": "国税局"}
    second = BUREAU | {"单位全称": "国税局"}
    entries = listed(ListKind.BUREAUS, first, second).entries
    assert [words(entry) for entry in entries] == [[], ["单位全称“国税局”：与第 2 行重复，请合成一行。"]]


def test_a_wrong_row_does_not_make_a_right_one_double():
    assert [len(entry.problems) for entry in deputies({"手机": "1"}, {})] == [1, 0]


# --- what becomes of a row --------------------------------------------------


def test_a_row_is_new_changed_same_or_wrong():
    stored = {
        "name": "陈立新",
        "levels": (4,),
        "station": "中安街站",
        "mobile": "13900000001",
        "party": "群众",
    }
    rows = [deputy(), deputy(手机="13900000001"), deputy(手机="13900000002"), deputy(手机="1")]
    verdicts = [
        judge(ListKind.DEPUTIES, row, against)
        for row, against in zip(rows, (None, *[stored] * 3), strict=True)
    ]
    assert [verdict.outcome for verdict in verdicts] == [
        Outcome.NEW,
        Outcome.SAME,
        Outcome.CHANGED,
        Outcome.ERROR,
    ]


def test_a_change_is_shown_with_before_and_after_and_mobiles_masked():
    stored = {"name": "陈立新", "levels": (4,), "station": "中安街站", "mobile": "13900000001"}
    row = deputy(手机="13900000002", 层级="区、市", 出生年月="1975-08", 状态="终止")
    changes = judge(ListKind.DEPUTIES, row, stored).changes
    assert [(change.header, change.before, change.after) for change in changes] == [
        ("出生年月", "", "1975-08"),
        ("层级", "区", "市、区"),
        ("手机", "139****0001", "139****0002"),
        ("状态", "", "资格终止"),
    ]


def test_a_list_adds_rooms_and_former_names_and_takes_none_away():
    stored = {**station().values, "rooms": (RoomSpec("大会议室", 30), RoomSpec("接待室", 8))}
    assert judge(ListKind.STATIONS, station(), stored).outcome is Outcome.SAME
    assert (
        judge(ListKind.STATIONS, station(房间="大会议室:40"), stored).changes[0].after
        == "大会议室:40；接待室:8"
    )


def test_an_empty_place_in_a_row_of_mobiles_changes_nothing():
    row = bureau(副局长姓名="潘红英、任志刚", 副局长手机="-、13900000003")
    stored = {**row.values, "deputy_head_mobile": ("13900000009", "13900000003")}
    assert judge(ListKind.BUREAUS, row, stored).outcome is Outcome.SAME
    stored["deputy_head_mobile"] = ("13900000009", "13900000008")
    assert judge(ListKind.BUREAUS, row, stored).changes[0].after == "139****0009；139****0003"


def test_names_found_in_the_database_replace_those_of_the_row():
    row = resolved(deputy(), station="中安街人大代表联络站")
    stored = {"name": "陈立新", "levels": (4,), "station": "中安街人大代表联络站"}
    assert judge(ListKind.DEPUTIES, row, stored).outcome is Outcome.SAME


def test_what_only_the_database_knows_makes_a_row_wrong():
    row = refused(ListKind.DEPUTIES, deputy(), "station", Unreadable("系统里没有这个站。"))
    verdict = judge(ListKind.DEPUTIES, row, None)
    assert verdict.outcome is Outcome.ERROR
    assert str(verdict.problems[0]) == "所属站“中安街站”：系统里没有这个站。"


# --- templates --------------------------------------------------------------


@pytest.mark.parametrize("kind", ListKind)
def test_a_template_filled_in_comes_back_as_rows_without_its_example(kind):
    book = load_workbook(BytesIO(template_xlsx(kind)))
    sheet_of_rows, notes = book.worksheets
    example = [cell.value for cell in sheet_of_rows[2]]
    sheet_of_rows.append([example[0].removeprefix(EXAMPLE), *example[1:]])
    packed = BytesIO()
    book.save(packed)
    reading = read_list(kind, read_sheet(packed.getvalue()))
    assert reading.ignored == ()
    assert [(entry.number, entry.problems) for entry in reading.entries] == [(3, ())]
    assert notes.title == "填写说明"


@pytest.mark.parametrize("kind", ListKind)
def test_every_cell_and_column_of_a_template_is_text(kind):
    for sheet_of_template in load_workbook(BytesIO(template_xlsx(kind))).worksheets:
        for cell in (cell for row in sheet_of_template.iter_rows() for cell in row if cell.value is not None):
            assert (cell.data_type, cell.number_format) == ("s", "@")
    first = load_workbook(BytesIO(template_xlsx(kind))).worksheets[0]
    assert {first.column_dimensions[column_letters(place)].number_format for place in range(9)} == {"@"}


def test_a_template_left_as_it_is_holds_nothing():
    assert reason(ListKind.DEPUTIES, read_sheet(template_xlsx(ListKind.DEPUTIES))) == "表头下面没有内容。"


# --- from a file to a row ---------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_in_any_encoding_keeps_rare_characters_to_the_end(encoding):
    data = "姓名,层级,所属站,出生年月\n𠮷田·䶮,区,中安街站,2025/2/30\n".encode(encoding)
    (entry,) = read_list(ListKind.DEPUTIES, read_sheet(data)).entries
    assert entry.values["name"] == "𠮷田·䶮"
    assert words(entry) == ["出生年月“2025/2/30”：2025年2月没有30日。"]
