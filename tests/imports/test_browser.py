"""The import in a real browser, with and without script."""

import pytest
from sqlalchemy import func, select

from liaison_app.access.permissions import Role
from liaison_app.accounts import services as accounts
from liaison_app.core.db import db, transaction
from liaison_app.imports import services
from liaison_app.jobs import worker
from liaison_app.people.models import Person
from tests.factories.accounts import make_account
from tests.imports.lists import DEPUTY, make_district, sheet

pytestmark = pytest.mark.browser

PASSWORD = "yi-ju-hua-dang-mi-ma"
ROWS = [DEPUTY | {"姓名": name, "手机": f"1390000000{n}"} for n, name in enumerate(("甲", "乙", "丙"))]


@pytest.fixture
def office(app, live_server):
    with transaction():
        root, _ = make_district()
        account = make_account(Role.OFFICE, root)
        accounts.set_password(account, PASSWORD, by=None)
        login = account.login

    def enter(page):
        page.goto(f"{live_server.url}/login")
        page.fill("[name=login]", login)
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_url(lambda url: "/login" not in url)
        page.goto(f"{live_server.url}/imports")
        return page

    return enter


def upload(page, *rows) -> None:
    page.check("[value=deputies]")
    page.set_input_files("[name=file]", {"name": "名册.csv", "mimeType": "text/csv", "buffer": sheet(*rows)})
    page.click("text=上传，看核对结果")


def count_people() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Person)) or 0


def test_the_page_moves_by_itself_from_the_progress_to_the_result(office, page):
    upload(office(page), *ROWS)
    page.wait_for_selector("text=正在读代表名册：0/3 行")
    run_id = int(page.url.rsplit("/", 1)[1])
    with transaction():
        found = services.begin(run_id, 1)
        lines = services.check(found.kind, services.read_file(found.kind, found.data).entries)
        services.note_lines(run_id, lines[:2])
    page.wait_for_selector("text=正在读代表名册：2/3 行")
    assert page.evaluate("document.querySelector('progress').value") == 2
    worker.drain()
    page.wait_for_selector("text=写入 3 行")
    page.click("text=写入 3 行")
    page.wait_for_selector("text=已写入 3 行")
    assert count_people() == 3


def test_the_whole_way_on_a_phone_without_script(office, scriptless):
    page = office(scriptless)
    upload(page, *ROWS, DEPUTY | {"姓名": "丁", "手机": "12"})
    worker.drain()
    page.click("text=刷新")
    assert page.is_visible("text=有 1 行有误，所以一行也不写入")
    page.click("text=只看有误的")
    assert page.is_visible("text=现在是 2 位，手机号应为 11 位。")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("text=重新上传")
    upload(page, *ROWS)
    worker.drain()
    page.click("text=刷新")
    page.click("text=写入 3 行")
    assert page.is_visible("text=已写入 3 行")
    assert count_people() == 3
