"""What is printed and taken along for a meeting, and the photograph of the signed sheet."""

from __future__ import annotations

import io
import struct
import zlib
from datetime import timedelta
from itertools import pairwise

import docx
import pytest
from openpyxl import load_workbook
from PIL import Image, PngImagePlugin
from sqlalchemy import text

from liaison_app.access.permissions import Role
from liaison_app.attendance import queries, seating, services
from liaison_app.attendance.models import SheetPhoto
from liaison_app.attendance.seating import Even
from liaison_app.audit.models import Entry
from liaison_app.core import clock, pictures
from liaison_app.core.db import SecretBytes, db, transaction
from liaison_app.core.pictures import NoPicture, PictureTooLarge
from liaison_app.demo.drawings import signed_sheet
from liaison_app.privacy import jobs as privacy
from liaison_app.scheduling.kinds import RoleCode
from liaison_app.scheduling.models import Meeting
from tests.factories.accounts import make_account, sign_in
from tests.factories.attendance import soon
from tests.factories.forms import token_of
from tests.factories.scheduling import make_meeting
from tests.factories.signups import make_signup

HOSTILE = ("=HYPERLINK(\"http://evil.example\")", "+8613700000000", "-2+3", "@SUM(A1)", "𠮷野")
PLACE = {1: "N", 2: (39.0, 54.0, 15.0), 3: "E", 4: (116.0, 23.0, 30.0)}


@pytest.fixture
def meeting(app) -> Meeting:
    with transaction():
        meeting = make_meeting(seats={RoleCode.CITIZEN: 20}, **soon())
        for n, name in enumerate(HOSTILE):
            make_signup(meeting.pools[0], name=name, mobile=f"1390000{n:04}", organisation="=1+1")
        return meeting


@pytest.fixture
def clerk(client, meeting):
    with transaction():
        account = make_account(Role.OFFICE, meeting.unit, login="clerk")
    return sign_in(client, account)


def home(meeting: Meeting) -> str:
    return f"/meetings/{meeting.id}/sheets"


def lines(action: str) -> list[Entry]:
    db.session.rollback()
    return db.session.query(Entry).filter_by(action=action).all()


# --- seats --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "even", "seen"),
    [
        (8, Even.SECOND_LEFT, "75312468"), (8, Even.FIRST_LEFT, "86421357"),
        (7, Even.SECOND_LEFT, "7531246"), (7, Even.FIRST_LEFT, "7531246"),
        (2, Even.SECOND_LEFT, "12"), (2, Even.FIRST_LEFT, "21"), (1, Even.FIRST_LEFT, "1"), (0, Even.FIRST_LEFT, ""),
    ],
)  # fmt: skip
def test_the_first_sits_in_the_middle_and_the_second_at_the_left_hand(number, even, seen):
    assert "".join(map(str, seating.ranks(number, even))) == seen


@pytest.mark.parametrize("even", Even)
@pytest.mark.parametrize("number", range(30))
def test_everybody_has_one_seat_and_nobody_is_far_from_a_neighbour_in_rank(number, even):
    ranks = seating.ranks(number, even)
    assert sorted(ranks) == list(range(1, number + 1))
    assert all(abs(one - two) <= 2 for one, two in pairwise(ranks))


def test_who_sits_with_the_back_to_us_is_seen_the_other_way_round():
    people = list("甲乙丙")
    assert seating.row(people, Even.SECOND_LEFT) == [(3, "丙"), (1, "甲"), (2, "乙")]
    assert seating.row(people, Even.SECOND_LEFT, from_behind=True) == [(2, "乙"), (1, "甲"), (3, "丙")]


def test_the_map_seats_the_table_in_its_order_and_the_room_in_rows(clerk, meeting):
    page = clerk.get(f"{home(meeting)}/seats?row=4").text
    table = [one.name for one in queries.list_guests(meeting.id) if one.is_at_table]
    places = [page.index(f"<b>{name}</b>") for name in table]
    ranks = seating.ranks(len(table))
    assert sorted(places) == [places[rank - 1] for rank in ranks]
    assert "2排1座" in page
    facing = clerk.get(f"{home(meeting)}/seats?layout=facing&even=86421357").text
    assert "会议桌" in facing
    assert clerk.get(f"{home(meeting)}/seats?layout=x&even=y&row=9999999999").status_code == 200


# --- lists ----------------------------------------------------------------------


def test_everybody_who_is_expected_stands_on_each_page_and_no_number_does(clerk, meeting):
    for page in ("roster", "badges", "cards?who=all", "seats"):
        said = clerk.get(f"{home(meeting)}/{page}").text
        assert "𠮷野" in said
        assert "HYPERLINK(&#34;" in said
        assert "1390000" not in said
    assert "𠮷野" not in clerk.get(f"{home(meeting)}/cards").text


@pytest.mark.parametrize("name", ["roster", "attendance"])
def test_a_cell_of_a_workbook_is_text_whatever_it_begins_with(clerk, meeting, name):
    reply = clerk.get(f"{home(meeting)}/{name}.xlsx")
    sheet = load_workbook(io.BytesIO(reply.data)).active
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.quotePrefix for cell in cells)
    assert {*HOSTILE, "=1+1"} <= {cell.value for cell in cells}
    assert "1390000" not in str([cell.value for cell in cells])
    assert "账号 clerk" in cells[-1].value
    (line,) = lines("attendance:list:export")
    assert line.sentence.startswith(f"{sheet.max_row - 3} 条")


@pytest.mark.parametrize(("name", "names"), [("sign-in", HOSTILE), ("cards", ())])
def test_a_document_holds_who_is_expected_and_leaves_a_line(clerk, meeting, name, names):
    reply = clerk.get(f"{home(meeting)}/{name}.docx")
    paper = docx.Document(io.BytesIO(reply.data))
    said = [one.text for one in paper.paragraphs]
    said += [cell.text for table in paper.tables for row in table.rows for cell in row.cells]
    table = [one.name for one in queries.list_guests(meeting.id) if one.is_at_table]
    assert {*names, *table} <= set(said)
    assert "attachment" in reply.headers["Content-Disposition"]
    assert len(lines("attendance:list:export")) == 1


# --- photographs: what is taken in --------------------------------------------------


def jpeg_with_place() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "A telephone of somebody"
    exif.get_ifd(0x8825).update(PLACE)
    made = io.BytesIO()
    Image.new("RGB", (80, 40), "red").save(made, "JPEG", exif=exif, comment=b"taken at home")
    return made.getvalue()


def png_bomb(side: int = 60_000) -> bytes:
    """A few kilobytes that say of themselves that they are 3.6 thousand million pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100_000))
        + chunk(b"IEND", b"")
    )


def png_with_text() -> bytes:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "taken at home", zip=True)
    made = io.BytesIO()
    Image.new("RGBA", (30, 20), (0, 0, 0, 0)).save(made, "PNG", pnginfo=notes)
    return made.getvalue()


def webp() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (30, 20), "blue").save(made, "WEBP")
    return made.getvalue()


def test_place_time_and_telephone_are_gone_and_the_picture_stands_upright():
    """H6, with the control: they are in what was sent."""
    sent = jpeg_with_place()
    assert dict(Image.open(io.BytesIO(sent)).getexif().get_ifd(0x8825)) != {}
    assert b"A telephone of somebody" in sent
    made = pictures.made_anew(sent)
    found = Image.open(io.BytesIO(made.content))
    assert found.size == (made.width, made.height) == (40, 80)
    assert dict(found.getexif()) == {}
    assert {*found.info} <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert b"A telephone" not in made.content
    assert b"taken at home" not in made.content


@pytest.mark.parametrize("sent", [png_with_text(), webp()])
def test_other_kinds_become_a_plain_jpeg(sent):
    made = pictures.made_anew(sent)
    found = Image.open(io.BytesIO(made.content))
    assert (found.format, found.size) == ("JPEG", (30, 20))
    assert b"taken at home" not in made.content


def test_what_is_see_through_becomes_white_as_paper():
    made = pictures.made_anew(png_with_text())
    assert Image.open(io.BytesIO(made.content)).getpixel((3, 3)) == (255, 255, 255)


def test_a_picture_of_a_telephone_is_made_smaller_and_can_still_be_read():
    large = io.BytesIO()
    Image.open(io.BytesIO(signed_sheet(1))).resize((6000, 8000)).save(large, "JPEG")
    made = pictures.made_anew(large.getvalue())
    assert max(made.width, made.height) == pictures.LONGEST_SIDE
    assert len(made.content) < 1_000_000


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"
NONE_AT_ALL = {
    "svg": SVG,
    "html": HTML,
    "a picture that is a page": b"GIF89a" + HTML,
    "cut off": signed_sheet(1)[:2000],
    "empty": b"",
    "head alone": b"\xff\xd8\xff\xe0",
    "another program's": b"%PDF-1.7\n" + HTML,
    "tiff": b"II*\x00\x08\x00\x00\x00" + bytes(40),
    "text that unfolds": png_with_text()[:40] + bytes(200),
}


@pytest.mark.parametrize("sent", NONE_AT_ALL.values(), ids=NONE_AT_ALL)
def test_what_is_no_photograph_is_refused(sent):
    """H3."""
    with pytest.raises(NoPicture):
        pictures.made_anew(sent)


def test_a_bomb_is_refused_before_it_is_unpacked():
    """H7."""
    assert len(png_bomb()) < 5_000
    with pytest.raises(PictureTooLarge):
        pictures.made_anew(png_bomb())
    with pytest.raises(PictureTooLarge):
        pictures.made_anew(bytes(pictures.LARGEST_BYTES + 1))


def test_without_the_limit_the_bomb_is_unpacked(monkeypatch):
    """The control: a smaller one, for the machine's sake, is taken apart."""
    unpacked = []
    monkeypatch.setattr(Image.Image, "load", lambda self: unpacked.append(self.size))
    monkeypatch.setattr(pictures, "_refuse_bomb", lambda size, most: None)
    with pytest.raises(NoPicture):
        pictures.made_anew(png_bomb(9_000))
    assert unpacked[0] == (9_000, 9_000)


def test_a_page_behind_a_picture_is_not_kept():
    """A polyglot: what stands behind the picture is gone."""
    assert HTML not in pictures.made_anew(jpeg_with_place() + HTML).content


# --- photographs: filed with the meeting ---------------------------------------------


def send(client, meeting: Meeting, data: bytes, name: str = "IMG_0001.jpg", token: str = ""):
    given = token or token_of(client.get(home(meeting)).text)
    return client.post(
        f"{home(meeting)}/photos",
        data={"photo": (io.BytesIO(data), name), "form_token": given},
        content_type="multipart/form-data",
    )


def filed(meeting: Meeting) -> SheetPhoto:
    db.session.rollback()
    return (
        db.session.query(SheetPhoto).filter_by(meeting_id=meeting.id).order_by(SheetPhoto.id.desc()).first()
    )


def test_a_photograph_is_filed_given_out_and_taken_off_and_each_leaves_a_line(clerk, meeting):
    """H3, H10, K7: a file to keep, of its own type, never shown in place; after it was taken off the address is dead."""
    assert send(clerk, meeting, jpeg_with_place(), "../../../etc/x.svg").status_code == 303
    photo = filed(meeting)
    address = f"{home(meeting)}/photos/{photo.id}.jpg"
    assert address in clerk.get(home(meeting)).text
    reply = clerk.get(address)
    assert reply.headers["Content-Type"] == "image/jpeg"
    assert reply.headers["Content-Disposition"] == f"attachment; filename=sheet-{meeting.code}-{photo.id}.jpg"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Cache-Control"] == "no-store"
    assert Image.open(io.BytesIO(reply.data)).size == (40, 80)
    asked = clerk.get(f"{home(meeting)}/photos/{photo.id}/remove")
    assert "删了就找不回来" in asked.text
    assert clerk.post(f"{home(meeting)}/photos/{photo.id}/remove").status_code == 303
    assert clerk.get(address).status_code == 404
    assert filed(meeting).picture is None
    for action in ("file", "export", "remove"):
        (line,) = lines(f"attendance:photo:{action}")
        assert (line.thing_kind, line.thing_id, line.unit_id) == ("sheetphoto", photo.id, meeting.unit_id)


@pytest.mark.parametrize("data", [SVG, HTML, png_bomb()], ids=["svg", "html", "bomb"])
def test_what_is_refused_is_said_beside_the_field_and_leaves_nothing(clerk, meeting, data):
    reply = send(clerk, meeting, data, "photo.jpg")
    assert reply.status_code == 422
    assert "不是照片" in reply.text or "照片太大" in reply.text
    assert filed(meeting) is None


def test_the_same_form_twice_files_one(clerk, meeting):
    token = token_of(clerk.get(home(meeting)).text)
    for _ in range(2):
        assert send(clerk, meeting, webp(), token=token).status_code == 303
    assert db.session.query(SheetPhoto).count() == 1


def test_a_photograph_of_another_meeting_is_not_found_under_this_one(clerk, meeting):
    with transaction():
        other = make_meeting("另一场", unit=meeting.unit, **soon())
        photo = services.file_photo(
            other.id, pictures.made_anew(webp()), form_token="x", by=make_account(Role.OFFICE, meeting.unit)
        )
        photo_id = photo.id
    assert clerk.get(f"{home(other)}/photos/{photo_id}.jpg").status_code == 200
    assert clerk.get(f"{home(meeting)}/photos/{photo_id}.jpg").status_code == 404


def test_there_is_no_signed_sheet_before_the_door_opens_and_not_more_than_ten(clerk, meeting):
    with transaction():
        later = make_meeting("以后", unit=meeting.unit, starts_at=clock.now() + timedelta(days=3))
    assert "name=\"photo\"" not in clerk.get(home(later)).text
    assert "不签到" in send(clerk, later, webp(), token="x").text or filed(later) is None
    for _ in range(10):
        send(clerk, meeting, webp())
    assert "已经有 10 张" in send(clerk, meeting, webp()).text


def test_in_the_database_a_photograph_is_sealed(clerk, meeting):
    send(clerk, meeting, webp())
    raw = bytes(db.session.execute(text("SELECT picture FROM sheet_photo")).scalar_one())
    assert b"JFIF" not in raw
    assert SecretBytes().process_result_value(raw, None)[6:10] == b"JFIF"


def test_ninety_days_after_the_meeting_it_is_gone(clerk, meeting):
    send(clerk, meeting, webp())
    with clock.frozen(clock.now() + timedelta(days=89)):
        privacy.sweep()
    assert filed(meeting).picture is not None
    with clock.frozen(clock.now() + timedelta(days=92)):
        privacy.sweep()
    assert filed(meeting).picture is None
    assert queries.list_photos(meeting.id) == []
