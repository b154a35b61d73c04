"""`flask import`, as an operator types it."""

import pytest
from sqlalchemy import func, select

from liaison_app.audit.models import Entry
from liaison_app.core.db import db, transaction
from liaison_app.imports.models import ImportRun
from liaison_app.people.models import Person
from tests.imports.lists import DEPUTY, STATION, make_district, sheet


@pytest.fixture
def run(app, tmp_path):
    def run(kind: str, data: bytes, *options: str):
        file = tmp_path / "名册.csv"
        file.write_bytes(data)
        return app.test_cli_runner().invoke(args=["import", kind, str(file), *options])

    return run


def count(model) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_list_is_written_with_its_counts(run):
    assert run("stations", sheet(STATION)).output.endswith(
        "已写入：新增 1 行，更改 0 行，不变 0 行，有误 0 行\n"
    )
    result = run("deputies", sheet(DEPUTY))
    assert result.output == "已写入：新增 1 行，更改 0 行，不变 0 行，有误 0 行\n"
    assert result.exit_code == 0
    again = run("deputies", sheet(DEPUTY | {"民族": "汉族"}))
    assert (
        again.output
        == "第 2 行 陈立新　民族：（空） → 汉族\n已写入：新增 0 行，更改 1 行，不变 0 行，有误 0 行\n"
    )
    same = run("deputies", sheet(DEPUTY))
    assert same.output == "已写入：新增 0 行，更改 0 行，不变 1 行，有误 0 行\n"
    assert count(Person) == 1
    trail = db.session.scalars(select(Entry.sentence).where(Entry.action == "imports:run:write")).all()
    assert trail == ["联络站名册：新增 1", "代表名册：新增 1", "代表名册：更改 1", "代表名册：不变 1"]


def test_a_dry_run_writes_nothing(run):
    with transaction():
        make_district()
    result = run("deputies", sheet(DEPUTY), "--dry-run")
    assert (result.exit_code, result.output) == (0, "没有写入：新增 1 行，更改 0 行，不变 0 行，有误 0 行\n")
    assert count(Person) == count(ImportRun) == 0


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_rows_in_error_are_named_and_nothing_is_written(run, options):
    with transaction():
        make_district()
    wrong = DEPUTY | {"姓名": "王素梅", "手机": "1390000", "出生年月": "2025/2/30"}
    result = run("deputies", sheet(DEPUTY, wrong), *options)
    assert result.exit_code == 1
    assert "第 3 行 王素梅　手机“1390000”：现在是 7 位，手机号应为 11 位。\n" in result.output
    assert "第 3 行 王素梅　出生年月“2025/2/30”：2025年2月没有30日。\n" in result.output
    assert "没有写入：新增 1 行，更改 0 行，不变 0 行，有误 1 行" in result.output
    assert count(Person) == count(ImportRun) == 0


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"%PDF-1.7", "这不是表格文件"),
        (b"0" * (30 * 1024 * 1024), "最大 10 MB"),
        ("姓名,层级,所属站\n=1+1,区,站\n".encode(), "A2 是公式或错误值"),
    ],
)
def test_a_file_that_is_no_list_is_refused_in_one_line(run, data, reason):
    result = run("deputies", data)
    assert result.exit_code == 1
    assert reason in result.output
    assert "Traceback" not in result.output


def test_a_kind_or_a_file_that_is_not_there_is_refused(app):
    runner = app.test_cli_runner()
    assert runner.invoke(args=["import", "users", "x.csv"]).exit_code == 2
    assert runner.invoke(args=["import", "deputies", "没有.csv"]).exit_code == 2


def test_a_database_of_another_version_is_refused(run, spoil):
    spoil("UPDATE alembic_version SET version_num = '0000'")
    result = run("deputies", sheet(DEPUTY))
    assert result.exit_code == 1
    assert "数据表和程序版本对不上" in result.output
