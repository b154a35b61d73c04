"""The pages of the import through HTTP, without script and as fragments; on both engines."""

import io
import re
from datetime import timedelta

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select

from liaison_app.access.permissions import Role
from liaison_app.accounts import services as accounts
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.imports import services
from liaison_app.imports.kinds import ListKind
from liaison_app.imports.models import ImportRun
from liaison_app.jobs import services as jobs
from liaison_app.jobs import worker
from liaison_app.orgs.models import OrgUnit
from liaison_app.people.models import Person
from tests.factories.accounts import make_account, sign_in
from tests.factories.orgs import make_unit
from tests.imports.lists import DEPUTY, make_district, sheet
from tests.imports.workbooks import inline, sheet_xml, workbook
from tests.parts.databases import queries

AS_FRAGMENT = {"HX-Request": "true"}
ROWS = [DEPUTY | {"姓名": name, "手机": f"1390000000{n}"} for n, name in enumerate(("甲", "乙", "丙"))]


@pytest.fixture
def office(app, client):
    with transaction():
        root, _ = make_district()
        account = make_account(Role.OFFICE, root)
    return sign_in(client, account)


def token(page: str) -> str:
    return re.search(r'name="form_token"[^>]*value="([^"]+)"', page)[1]


def send(browser, data: bytes, *, kind: str = "deputies", name: str = "名册.csv", form_token: str = ""):
    form_token = form_token or token(browser.get("/imports").text)
    fields = {"kind": kind, "form_token": form_token, "file": (io.BytesIO(data), name)}
    return browser.post("/imports", data=fields, content_type="multipart/form-data")


def upload(browser, *rows) -> str:
    reply = send(browser, sheet(*rows))
    assert reply.status_code == 303, reply.text
    return reply.location


def people() -> list[str]:
    return list(db.session.scalars(select(Person.name).order_by(Person.id)))


def test_a_list_is_uploaded_checked_confirmed_and_written(office):
    url = upload(office, *ROWS)
    page = office.get(url).text
    assert "正在读代表名册：0/3 行" in page
    assert re.search(r'<progress[^>]* value="0" max="3">', page)
    worker.drain()
    page = office.get(url).text
    assert "写入 3 行" in page
    assert "第 2 行" in page
    assert "139****0000" in page
    assert "13900000000" not in page
    assert people() == []
    reply = office.post(f"{url}/confirm", follow_redirects=True)
    assert "已写入 3 行" in reply.text
    assert "写好了 3 行。" in reply.text
    assert people() == ["甲", "乙", "丙"]
    url = upload(office, *ROWS)
    worker.drain()
    assert "每一行都和系统里一样，不用写入" in office.get(url).text


def test_a_template_is_filled_in_and_comes_back(office):
    rows = {
        "stations": {"名称": "甲站", "类型": "代表之家", "层次": "市级基层示范点", "所属街道": "甲街道", "房间": "厅:20"},
        "bureaus": {"单位全称": "某某局", "简称": "某局", "局长姓名": "程建业", "局长手机": "13900000002"},
        "deputies": {"姓名": "𠮷田·买买提", "层级": "区", "所属站": "甲站", "手机": "13900000003", "代表证号": "0140001"},
    }  # fmt: skip
    for kind in ("stations", "bureaus", "deputies"):
        reply = office.get(f"/imports/{kind}/template.xlsx")
        assert reply.content_type == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        book = load_workbook(io.BytesIO(reply.data))
        headers = [str(cell.value).rstrip("*") for cell in book.active[1]]
        book.active.append([rows[kind].get(header) for header in headers])
        packed = io.BytesIO()
        book.save(packed)
        for outcome in ("写入 1 行", "每一行都和系统里一样，不用写入"):
            url = send(office, packed.getvalue(), kind=kind, name="模板.xlsx").location
            worker.drain()
            assert outcome in office.get(url).text
            office.post(f"{url}/confirm")
    assert "𠮷田·买买提" in people()


def test_a_template_of_something_else_is_not_found(office):
    assert office.get("/imports/accounts/template.xlsx").status_code == 404


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_comes_in_each_usual_encoding(office, encoding):
    data = sheet(DEPUTY | {"姓名": "䶮·𠮷"}).decode().encode(encoding)
    url = send(office, data).location
    worker.drain()
    office.post(f"{url}/confirm")
    assert people() == ["䶮·𠮷"]


FORMULA = workbook(
    sheet_xml(inline("姓名", "层级", "所属站"), "<c><f>A1</f><v>甲</v></c>" + inline("区", "站"))
)
BOMB = workbook(sheet_xml(), bomb__bin=bytes(21 * 1024 * 1024))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"MZ\x90\x00\x03" + bytes(range(256)), "这不是表格文件。"),
        (b"%PDF-1.7 ...", "这不是表格文件。"),
        (FORMULA, "A2 是公式或错误值"),
        (BOMB, "文件解开后太大"),
        (b"PK\x03\x04 broken", "文件已损坏"),
        (b" ", "文件是空的。"),
        ("备注,电话\n甲,1\n".encode(), "没有找到表头。"),
        (b"," * (11 * 1024 * 1024), "文件有 11 MB，最大 10 MB。"),
    ],
)
def test_what_is_no_list_is_refused_beside_the_field(office, data, reason):
    reply = send(office, data, name="看起来像.xlsx")
    assert reply.status_code == 422
    beside = re.search(r'id="file-err">(.*?)</p>', reply.text, re.DOTALL)
    assert reason in beside[1]
    assert db.session.scalar(select(func.count()).select_from(ImportRun)) == 0


def test_thirty_megabytes_are_answered_in_words(office):
    reply = send(office, b"0" * 30 * 1024 * 1024)
    assert reply.status_code == 413
    assert "文件太大，没有收下。" in reply.text


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"kind": "deputies"}, "请选一个文件。"), ({"kind": "users"}, "请选一种名册。"), ({}, "请选一种名册。")],
)
def test_a_form_that_is_not_complete_says_what_is_missing(office, fields, reason):
    reply = office.post("/imports", data=fields)
    assert reply.status_code == 422
    assert reason in reply.text


def test_a_day_that_does_not_exist_stops_the_list_and_names_the_row(office):
    url = upload(office, *ROWS, DEPUTY | {"姓名": "戊", "出生年月": "2025/2/30"})
    worker.drain()
    page = office.get(f"{url}?show=error").text
    assert "有 1 行有误，所以一行也不写入" in page
    assert "出生年月“2025/2/30”：2025年2月没有30日。" in page
    assert "甲" not in re.findall(r'scope="row"[^>]*>([^<]+)', page)
    assert "confirm" not in page
    office.post(f"{url}/confirm")
    assert people() == []


def test_a_double_click_makes_one_list(office):
    form_token = token(office.get("/imports").text)
    urls = {send(office, sheet(*ROWS), form_token=form_token).location for _ in range(2)}
    assert len(urls) == 1
    worker.drain()
    for _ in range(2):
        office.post(f"{urls.copy().pop()}/confirm")
    assert people() == ["甲", "乙", "丙"]


def test_a_token_that_we_never_gave_out_is_replaced(office):
    assert send(office, sheet(*ROWS), form_token="chosen").status_code == 303
    assert db.session.scalars(select(ImportRun.form_token)).one() != "chosen"


def test_the_progress_is_a_fragment_with_a_real_link(office):
    url = upload(office, *ROWS)
    run_id = int(url.rsplit("/", 1)[1])
    with transaction():
        found = services.begin(run_id, 1)
        lines = services.check(found.kind, services.read_file(found.kind, found.data).entries)
        services.note_lines(run_id, lines[:2])
    part = office.get(url, headers=AS_FRAGMENT).text
    assert part.startswith('<section id="run"')
    assert "正在读代表名册：2/3 行" in part
    link = re.search(r'<a [^>]*id="run-refresh"[^>]*>', part)[0]
    assert f'href="{url}"' in link
    assert 'hx-trigger="every 1s"' in link
    worker.drain()
    assert "every 1s" not in office.get(url, headers=AS_FRAGMENT).text


def test_who_waits_for_a_worker_is_told_so_after_ten_seconds(office):
    url = upload(office, *ROWS)
    assert "没有应答" not in office.get(url).text
    now = clock.now()
    with clock.frozen(now + timedelta(seconds=11)):
        assert "它还从来没有应答过。" in office.get(url).text
        with transaction():
            jobs.beat("worker")
        assert "前面还有别的事，轮到就开始" in office.get(url).text
    with clock.frozen(now + timedelta(minutes=3)):
        assert "它最近一次应答是" in office.get(url).text


def test_a_long_list_is_left_to_the_worker(office, monkeypatch):
    monkeypatch.setattr(services, "AT_ONCE", 2)
    url = upload(office, *ROWS)
    worker.drain()
    assert "正在写入代表名册，共 3 行" in office.post(f"{url}/confirm", follow_redirects=True).text
    worker.drain()
    assert "已写入 3 行" in office.get(url).text


def test_a_list_that_is_not_wanted_leaves_nothing(office):
    url = upload(office, *ROWS)
    worker.drain()
    assert "什么也没有写入" in office.post(f"{url}/discard", follow_redirects=True).text
    assert "写入 3 行" not in office.get(url).text
    office.post(f"{url}/confirm")
    assert people() == []


def test_what_changed_meanwhile_is_shown_before_it_is_written(office):
    first, second = upload(office, *ROWS), upload(office, ROWS[0])
    worker.drain()
    office.post(f"{second}/confirm")
    page = office.post(f"{first}/confirm", follow_redirects=True).text
    assert "核对以后，系统里的内容变了" in page
    assert "写入 2 行" in page
    assert people() == ["甲"]
    assert "已写入 2 行" in office.post(f"{first}/confirm", follow_redirects=True).text


def test_only_who_may_import_gets_in(app, client):
    with transaction():
        root, station = make_district()
        clerk = make_account(Role.LIAISON, station.unit)
        office = make_account(Role.OFFICE, root)
    url = upload(sign_in(client, office), *ROWS)
    paths = ("/imports", "/imports/deputies/template.xlsx", url)
    stranger = app.test_client()
    assert [stranger.get(path).status_code for path in paths] == [303, 303, 303]
    foreign = sign_in(app.test_client(), clerk)
    assert [foreign.get(path).status_code for path in paths] == [403, 403, 404]
    assert [foreign.post(f"{url}/{step}").status_code for step in ("confirm", "discard")] == [404, 404]
    worker.drain()
    assert "写入 3 行" in client.get(url).text


def test_an_office_of_a_street_keeps_to_its_own_part(app, client):
    with transaction():
        root, _ = make_district()
        street = make_unit("别的街道人大工委", parent=root)
        local_office, office = make_account(Role.OFFICE, street), make_account(Role.OFFICE, root)
    url = upload(sign_in(client, local_office), *ROWS)
    worker.drain()
    assert "这个站点不归您的单位管" in client.get(url).text
    other = upload(sign_in(app.test_client(), office), *ROWS)
    assert client.get(other).status_code == 404
    assert other not in client.get("/imports").text
    assert url in sign_in(app.test_client(), office).get("/imports").text


def test_who_holds_the_role_twice_says_for_which_unit(app, client):
    with transaction():
        root, _ = make_district()
        streets = [make_unit(f"街道{n}", parent=root) for n in range(2)]
        account = make_account(Role.OFFICE, streets[0])
        accounts.grant(account, Role.OFFICE, streets[1].id, by=None)
    browser = sign_in(client, account)
    page = browser.get("/imports").text
    assert all(f">{street.name}</option>" in page for street in streets)
    fields = {"kind": "deputies", "unit_id": root.id, "file": (io.BytesIO(sheet(*ROWS)), "a.csv")}
    assert "请选一个单位。" in browser.post("/imports", data=fields).text
    fields = fields | {"unit_id": streets[1].id, "file": (io.BytesIO(sheet(*ROWS)), "a.csv")}
    assert browser.post("/imports", data=fields).status_code == 303
    assert db.session.scalars(select(ImportRun.unit_id)).one() == streets[1].id


def test_hostile_text_in_a_list_stays_text(office):
    row = DEPUTY | {"姓名": "<script>甲", "所属站": "<img src=x>", "{config}": "x", "备注": "{0.__class__}"}
    url = send(office, sheet(row), name="<script>.csv").location
    worker.drain()
    page = office.get(url).text
    assert "&lt;img src=x&gt;" in page
    assert not re.search(r"<script>甲|<img src=x>|<script>\.csv", page)


def test_a_list_of_many_rows_costs_few_statements(office):
    url = upload(office, *(DEPUTY | {"姓名": f"甲{n}", "手机": f"139{n:08}"} for n in range(120)))
    worker.drain()
    with queries(at_most=9):
        page = office.get(url).text
    assert "第 1 页，共 3 页，120 行" in page
    assert "第 52 行" in office.get(f"{url}?page=2").text


def test_units_that_are_added_stand_in_the_tree(office):
    row = {"名称": "甲站", "类型": "代表之家", "层次": "区级", "所属街道": "甲镇", "房间": "厅:20"}
    url = send(office, sheet(row), kind=ListKind.STATIONS).location
    worker.drain()
    assert "系统里没有“甲镇人大主席团”，写入时新建。" in office.get(url).text
    office.post(f"{url}/confirm")
    unit = db.session.scalars(select(OrgUnit).where(OrgUnit.name == "甲站")).one()
    assert unit.path.startswith(unit.parent.parent.path)
