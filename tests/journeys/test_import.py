"""A list of deputies brought in from the browser: nothing is written until somebody says so."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from liaison_app.core.db import db
from liaison_app.people.models import Person
from tests.imports.lists import sheet
from tests.journeys.engines import with_and_without_script
from tests.journeys.people import Clerk
from tests.journeys.town import STATION, Town

pytestmark = pytest.mark.browser

NEW = {"姓名": "冯试九", "层级": "市、区", "所属站": STATION, "手机": "13900000009"}
KNOWN = {"姓名": "赵试四", "层级": "区", "所属站": STATION, "手机": "13900000004"}


class Registrar(Clerk):
    """The clerk who brings lists in."""

    def upload(self, *rows: dict[str, str]) -> None:
        self.open("/imports")
        self.tick("radio", "代表")
        unit = self.page.get_by_label("归哪个单位")
        if unit.count():
            unit.select_option(label="测试区")
        file = {"name": "代表名单.csv", "mimeType": "text/csv", "buffer": sheet(*rows)}
        self.page.locator("input[type=file]").set_input_files([file])  # type: ignore[list-item]
        self.press("上传")
        self.sees("正在读")

    def wait_for(self, words: str, *, script: bool) -> None:
        """Watch the page move on by itself, or ask for it again where no script runs."""
        if not script:
            self.press("刷新")
        self.sees(words)


def is_known(name: str) -> bool:
    db.session.rollback()
    return db.session.query(Person).filter_by(name=name).count() == 1


@with_and_without_script
def test_a_list_is_checked_row_by_row_and_written_when_somebody_confirms_it(town: Town, visit, script):
    clerk = Registrar(visit(java_script_enabled=script), town.url)
    clerk.sign_in("office")
    clerk.upload(NEW, KNOWN)
    expect(clerk.page.get_by_role("progressbar")).to_be_visible()
    town.work_off()
    clerk.wait_for("写入", script=script)
    clerk.sees("冯试九", "新增")
    assert not is_known("冯试九")
    clerk.press("写入")
    clerk.sees("已写入")
    assert is_known("冯试九")

    # The same once more: nothing to do.
    clerk.upload(NEW, KNOWN)
    town.work_off()
    clerk.wait_for("每一行都和系统里一样", script=script)

    # One wrong row, and nothing of the list is written.
    clerk.upload({**NEW, "姓名": "陆试十", "手机": "13900000010"}, {**NEW, "姓名": "何试十一", "手机": "12"})
    town.work_off()
    clerk.wait_for("所以一行也不写入", script=script)
    clerk.sees("何试十一", "12")
    assert not is_known("陆试十")
