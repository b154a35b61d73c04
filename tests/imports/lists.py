"""Lists as people would send them, and what the product makes of them."""

import csv
import io
from collections.abc import Mapping

from liaison_app.core.db import db, transaction
from liaison_app.imports import services
from liaison_app.imports.kinds import ListKind
from liaison_app.imports.plan import Line
from liaison_app.orgs import services as orgs
from liaison_app.orgs.kinds import OrgKind
from liaison_app.orgs.models import OrgUnit
from liaison_app.stations.models import Station
from tests.factories.orgs import make_unit
from tests.factories.stations import make_station

DEPUTY = {"姓名": "陈立新", "层级": "市、区", "所属站": "示例街人大代表联络站", "手机": "13900000001"}
BUREAU = {"单位全称": "某某区城市管理局", "简称": "城管局", "局长姓名": "程建业"}
STATION = {
    "名称": "示例街人大代表联络站", "类型": "代表联络站", "层次": "区级代表联络站", "所属街道": "示例街道", "房间": "大会议室:30",
}  # fmt: skip


def sheet(*rows: Mapping[str, str]) -> bytes:
    """Return a CSV file with a column for whatever any of the rows says."""
    headers = list(dict.fromkeys(header for row in rows for header in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, headers, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def bring_in(kind: ListKind, *rows: Mapping[str, str]) -> list[Line]:
    """Write a list as the command line does."""
    reading = services.read_file(kind, sheet(*rows))
    with transaction():
        return services.write_at_once(reading, "名册.csv")


def check(kind: ListKind, *rows: Mapping[str, str], scope: str = "") -> list[Line]:
    """Say what would become of each row."""
    reading = services.read_file(kind, sheet(*rows))
    try:
        return services.check(kind, reading.entries, scope)
    finally:
        db.session.rollback()


def outcomes(lines: list[Line]) -> list[str]:
    return [str(line.verdict.outcome) for line in lines]


def changes(lines: list[Line]) -> list[tuple[str, str, str]]:
    """Return (header, before, after) of all rows that are changed."""
    return [
        (one.header, one.before, one.after)
        for line in lines
        if line.verdict.outcome == "changed"
        for one in line.verdict.changes
    ]


def reasons(lines: list[Line]) -> list[str]:
    return [str(problem) for line in lines for problem in line.verdict.problems]


def make_district() -> tuple[OrgUnit, Station]:
    """Add the trunk of a district, and one street with one station."""
    root = orgs.root_unit()
    committee = db.session.query(OrgUnit).filter_by(kind=OrgKind.STANDING_COMMITTEE).one()
    street = make_unit("示例街道人大工委", parent=committee)
    return root, make_station("示例街人大代表联络站", parent=street)
