"""Files as they come: what is read from them, and what is refused before it does harm."""

import io
import random
import struct
import time
import tracemalloc
import zipfile
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from liaison_app.imports.errors import SheetRefused
from liaison_app.imports.sheets import MAX_UPLOAD, read_sheet
from tests.imports.workbooks import inline, sheet_xml, workbook

HEADER = ("姓名", "手机", "出生年月")


def texts(data: bytes) -> list[list[str]]:
    return [list(row.cells) for row in read_sheet(data)]


def reason(data: bytes) -> str:
    with pytest.raises(SheetRefused) as refusal:
        read_sheet(data)
    assert refusal.value.status == 422
    return str(refusal.value)


def saved(book: Workbook) -> bytes:
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def filled(*rows: tuple) -> Workbook:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    return book


# --- xlsx that people send --------------------------------------------------


def test_a_workbook_becomes_rows_of_text_with_their_numbers():
    book = filled(HEADER, ("陈立新", "13900000001", "1975-08"))
    book.active.append([])
    book.active.append(["𠮷田·买买提", None, "x"])
    rows = read_sheet(saved(book))
    assert [(row.number, list(row.cells)) for row in rows] == [
        (1, list(HEADER)),
        (2, ["陈立新", "13900000001", "1975-08"]),
        (4, ["𠮷田·买买提", "", "x"]),
    ]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("1.3800138002E10", "13800138002"),
        ("13800138002", "13800138002"),
        ("13800138002.0", "13800138002"),
        ("1975.8", "1975.8"),
        ("0.1", "0.1"),
        ("-0", "0"),
        ("1E+300", "1e+300"),
        ("1E+999999", "inf"),
        ("NaN", "nan"),
        ("六", "六"),
    ],
)
def test_a_number_becomes_what_a_person_would_write(raw, text):
    assert texts(workbook(sheet_xml(f"<c><v>{raw}</v></c>"))) == [[text]]


def test_dates_and_times_become_iso_text():
    book = filled(
        (date(2024, 10, 24), datetime(2024, 10, 24, 15, 0), datetime(2024, 10, 24, 9, 5, 30), 45589)
    )
    book.active["E1"] = 0.625
    book.active["E1"].number_format = "h:mm"
    book.active["F1"] = 27607
    book.active["F1"].number_format = 'yyyy"年"m"月"'
    book.active["G1"] = 12
    book.active["G1"].number_format = '0"号"'
    book.active["H1"] = 13800138002
    book.active["H1"].number_format = "yyyy-mm-dd"
    assert texts(saved(book)) == [
        [
            "2024-10-24",
            "2024-10-24 15:00",
            "2024-10-24 09:05:30",
            "45589",
            "15:00",
            "1975-08-01",
            "12",
            "13800138002",
        ]
    ]


def test_a_workbook_of_an_old_macintosh_counts_its_days_from_1904():
    styles = '<styleSheet><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="14"/></cellXfs></styleSheet>'
    data = workbook(sheet_xml('<c s="0"><v>44127</v></c>'), styles=styles, epoch=' date1904="1"')
    assert texts(data) == [["2024-10-24"]]


def test_rich_text_is_joined_and_reading_aids_are_left_out():
    strings = "<sst><si><r><t>陈</t></r><r><t>立新</t></r><rPh><t>chén</t></rPh></si><si><t>甲_x000A_乙</t></si></sst>"
    data = workbook(sheet_xml('<c t="s"><v>0</v></c><c t="s"><v>1</v></c>'), strings=strings)
    assert texts(data) == [["陈立新", "甲\n乙"]]


def test_prefixed_names_of_elements_are_understood():
    sheet = (
        '<x:worksheet xmlns:x="urn:x"><x:sheetData><x:row r="7"><x:c r="B7" t="str">'
        "<x:v>在任</x:v></x:c></x:row></x:sheetData></x:worksheet>"
    )
    (row,) = read_sheet(workbook(sheet))
    assert (row.number, list(row.cells)) == (7, ["", "在任"])


def test_the_first_visible_sheet_is_read():
    book = filled(("隐藏的",))
    book.active.sheet_state = "hidden"
    book.create_sheet("名单").append(["看得见的"])
    book.create_sheet("说明").append(["第三张"])
    assert texts(saved(book)) == [["看得见的"]]


def test_formulas_and_error_values_are_marked_where_they_stand():
    book = filled(("陈立新", "=1+1", "=A1", "13900000001"))
    (row,) = read_sheet(saved(book))
    assert row.formulas == {1, 2}
    cells = inline("甲") + '<c t="e"><v>#REF!</v></c>'
    (row,) = read_sheet(workbook(sheet_xml(cells)))
    assert row.formulas == {1}


def test_a_row_of_nothing_but_formulas_is_not_lost():
    (row,) = read_sheet(workbook(sheet_xml("<c><f>1+1</f></c>")))
    assert (list(row.cells), row.formulas) == ([""], {0})


# --- csv that people send ---------------------------------------------------

LIST = "姓名,手机\r\n𠮷田·䶮,13900000001\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_csv_is_read_in_each_usual_encoding(encoding):
    assert texts(LIST.encode(encoding)) == [["姓名", "手机"], ["𠮷田·䶮", "13900000001"]]


def test_a_csv_of_an_old_system_in_gbk_is_read():
    assert texts("姓名,手机\n陈立新,13900000001\n".encode("gbk"))[1] == ["陈立新", "13900000001"]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_a_csv_may_be_separated_otherwise(delimiter):
    assert texts(LIST.replace(",", delimiter).encode()) == [["姓名", "手机"], ["𠮷田·䶮", "13900000001"]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_csv_keeps_line_ends_in_quotes_and_counts_records(end):
    data = f'姓名,房间{end}{end}"甲{end}乙",30{end}'.encode()
    rows = read_sheet(data)
    assert [(row.number, list(row.cells)) for row in rows] == [
        (1, ["姓名", "房间"]),
        (3, [f"甲{end}乙", "30"]),
    ]


def test_texts_forced_by_spreadsheets_lose_their_guards_and_formulas_are_marked():
    (row,) = read_sheet('="0371",\'13900000001,=1+1,陈'.encode())
    assert list(row.cells) == ["0371", "13900000001", "=1+1", "陈"]
    assert row.formulas == {2}


def test_an_open_quote_is_refused_with_its_line():
    assert reason('姓名,手机\n"陈立新,13900000001\n'.encode()) == "第 2 行读不懂，多半是引号不成对。"


# --- what is no list --------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"  \r\n\t", b"\n"])
def test_an_empty_file_is_refused(data):
    assert reason(data) == "文件是空的。"


@pytest.mark.parametrize(
    "data",
    [
        b"MZ\x90\x00\x03\x00\x00\x00" + bytes(range(256)) * 8,
        b"\x7fELF\x02\x01\x01\x00" + bytes(512),
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        b"%PDF-1.7\n1 0 obj\n",
        "<html><table><tr><td>姓名</td></tr></table></html>".encode(),
        '{"姓名": "陈立新"}'.encode(),
        LIST.encode("utf-16-le"),
        LIST.encode()[:-20] + b"\xff\xff,1\n",
        random.Random(7).randbytes(4096),
        bytes(byte | 128 for byte in random.Random(7).randbytes(4096)),
    ],
)
def test_what_is_no_spreadsheet_is_refused_whatever_its_name(data):
    assert reason(data) == "这不是表格文件。请上传 .xlsx，或 UTF-8、GB 18030 编码的 .csv。"


def test_an_old_or_locked_workbook_is_sent_back_with_what_to_do():
    assert "另存为不带密码的 .xlsx" in reason(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2048))


def test_another_archive_is_no_workbook():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    assert "不是 .xlsx 表格" in reason(packed.getvalue())


def test_thirty_megabytes_are_refused_unread():
    began = time.monotonic()
    assert reason(b"PK\x03\x04" + bytes(30 * 2**20)) == "文件有 31 MB，最大 10 MB。"
    assert reason(b"a," * (MAX_UPLOAD // 2) + b"a") == "文件有 11 MB，最大 10 MB。"
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("length", [4, 30, 200, 600, -40, -23, -1])
def test_a_workbook_cut_off_anywhere_is_damaged(length):
    assert reason(saved(filled(HEADER))[:length]).startswith("文件已损坏")


def test_no_flipped_byte_makes_anything_but_rows_or_a_refusal():
    honest = saved(filled(HEADER, ("陈立新", "13900000001", date(1975, 8, 1))))
    dice = random.Random(20241024)
    for _ in range(400):
        broken = bytearray(honest)
        for _ in range(dice.randrange(1, 6)):
            broken[dice.randrange(4, len(broken))] = dice.randrange(256)
        with suppress(SheetRefused):
            read_sheet(bytes(broken))


@pytest.mark.parametrize(
    "sheet",
    [
        sheet_xml('<c t="s"><v>5</v></c>'),
        sheet_xml('<c t="s"><v>x</v></c>'),
        sheet_xml('<c r="ABCD1"><v>1</v></c>'),
        sheet_xml('<c r="甲1"><v>1</v></c>'),
        sheet_xml("<c><v>1</v></c>").replace("<row>", '<row r="0">'),
        sheet_xml("<c><v>1</v></c>").replace("<row>", f'<row r="{"9" * 5000}">'),
        sheet_xml("<c>&missing;</c>"),
        "<worksheet><sheetData>",
        '<?xml version="1.0" encoding="big5"?><worksheet/>',
        "",
    ],
)
def test_a_sheet_that_contradicts_itself_is_damaged(sheet):
    assert reason(workbook(sheet)).startswith("文件已损坏")


def test_a_locked_member_is_refused():
    data = bytearray(workbook(sheet_xml(inline("甲"))))
    at = data.find(b"PK\x01\x02")
    data[at + 8] |= 1
    assert "密码" in reason(bytes(data))


# --- what is built to do harm -----------------------------------------------


class Cost:
    """Seconds and the peak of memory, in bytes, of what happens inside."""

    def __enter__(self):
        tracemalloc.start()
        self.began = time.monotonic()
        return self

    def __exit__(self, *_error):
        self.seconds = time.monotonic() - self.began
        self.peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()


def test_a_zip_bomb_is_refused_before_it_is_unpacked():
    data = workbook(sheet_xml(inline("姓名")), xl__media__bomb=bytes(100 * 2**20))
    with Cost() as cost:
        assert reason(data) == "文件解开后太大（超过 20 MB），没有读取。请只留下要导入的那张表。"
    assert cost.seconds < 1
    assert cost.peak < 2**20


def test_a_small_file_that_grows_more_than_a_hundredfold_is_refused():
    assert "太大" in reason(workbook(sheet_xml(inline("甲" * 4_000_000))))


def test_a_member_that_lies_about_its_size_is_read_no_further():
    data = workbook(sheet_xml(inline("甲" * 200_000)), padding=random.Random(1).randbytes(40_000))
    true_size = struct.pack("<I", len(sheet_xml(inline("甲" * 200_000)).encode()))
    assert reason(data.replace(true_size, struct.pack("<I", 100))).startswith("文件已损坏")


def test_an_archive_of_very_many_members_is_refused():
    many = {f"m{number}": "" for number in range(250)}
    assert "太大" in reason(workbook(sheet_xml(inline("甲")), **many))
    with Cost() as cost:
        assert "太大" in reason(workbook(sheet_xml(inline("甲")), **{f"m{n}" * 9: "" for n in range(9000)}))
    assert cost.peak < 30 * 2**20


def test_a_cell_in_the_last_corner_does_not_hang():
    stray = '<row r="1048576"><c r="XFD1048576" {}</row></sheetData>'
    honest = sheet_xml(inline(*HEADER))
    with Cost() as cost:
        styled = honest.replace("</sheetData>", stray.format('s="0"/>'))
        assert texts(workbook(styled)) == [list(HEADER)]
        full = honest.replace("</sheetData>", stray.format("><v>1</v></c>"))
        assert reason(workbook(full)) == "XFD1048576 单元格里有内容，超出了 60 列。请删去多余的列再传。"
    assert cost.seconds < 1


def test_a_claimed_dimension_is_not_believed():
    sheet = sheet_xml(inline(*HEADER)).replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>')
    assert texts(workbook(sheet)) == [list(HEADER)]


def test_two_hundred_thousand_rows_stop_early_with_little_memory():
    cells = "".join(f"<c><v>{number}</v></c>" for number in range(3))
    data = workbook(sheet_xml(*[cells] * 200_000), padding=random.Random(2).randbytes(300_000))
    with Cost() as cost:
        assert reason(data) == "表格超过 5020 行，请分成几个文件。"
    assert cost.seconds < 3
    assert cost.peak < 10 * 2**20


def test_two_hundred_thousand_lines_of_csv_stop_early():
    with Cost() as cost:
        assert reason(b"a,b\n" * 200_000) == "表格超过 5020 行，请分成几个文件。"
    assert cost.seconds < 3


def test_a_csv_wider_than_any_list_is_refused_with_the_cell():
    assert reason(b"," * 60 + b"x") == "BI1 单元格里有内容，超出了 60 列。请删去多余的列再传。"
    assert texts(b"x" + b"," * 500) == [["x"] + [""] * 59]


@pytest.mark.parametrize("member", ["sheet", "strings", "styles"])
def test_a_doctype_is_refused_in_every_member_that_is_read(member):
    bomb = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
    parts = {"sheet": sheet_xml(inline("甲")), "strings": "<sst/>", "styles": "<styleSheet/>"}
    parts[member] = bomb + parts[member].partition("?>")[2] if member == "sheet" else bomb + parts[member]
    assert "DOCTYPE" in reason(workbook(parts.pop("sheet"), **parts))


def test_an_entity_of_another_file_is_not_opened(tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("秘密")
    sheet = sheet_xml(inline("&x;"), before=f'<!DOCTYPE x [<!ENTITY x SYSTEM "{secret.as_uri()}">]>')
    assert "DOCTYPE" in reason(workbook(sheet))
    assert "DOCTYPE" in reason(workbook(sheet.replace('"UTF-8"', '"UTF-16"').encode("utf-16")))


def test_deeply_nested_elements_are_damage_and_cost_no_memory():
    data = workbook(f"<worksheet>{'<a>' * 4_000_000}", padding=random.Random(3).randbytes(200_000))
    with Cost() as cost:
        assert reason(data).startswith("文件已损坏")
    assert cost.peak < 10 * 2**20


def test_one_long_text_shown_in_very_many_cells_is_kept_once():
    strings = f"<sst><si><t>{'长' * 30_000}</t></si></sst>"
    cells = '<c t="s"><v>0</v></c>' * 60
    padding = random.Random(4).randbytes(200_000)
    with Cost() as cost:
        rows = read_sheet(workbook(sheet_xml(*[cells] * 400), strings=strings, padding=padding))
    assert len(rows) == 400
    assert cost.peak < 10 * 2**20
