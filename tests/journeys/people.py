"""The people of the journeys, each at a browser: what they do, in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.journeys.town import PASSWORD

PATIENCE = 10_000  # milliseconds
# What a label may say besides its own words.
REMARK = r"(\s*(\*|可不填|可不选))?"


def exactly(label: str) -> re.Pattern[str]:
    return re.compile(rf"^\s*{re.escape(label)}{REMARK}\s*$")


def beginning(words: str) -> re.Pattern[str]:
    return re.compile(rf"^\s*{re.escape(words)}")


class Visitor:
    """Somebody who reads labels and presses buttons; on a phone with a finger."""

    def __init__(self, page: Page, url: str):
        self.page, self.url = page, url
        page.set_default_timeout(PATIENCE)
        self.has_finger = bool(page.evaluate("navigator.maxTouchPoints"))

    def open(self, place: str) -> None:
        """Open a path of the server, or a whole address from a letter."""
        answer = self.page.goto(place if place.startswith("http") else self.url + place)
        assert answer
        assert answer.ok, (place, answer.status)

    def field(self, label: str) -> Locator:
        return self.page.get_by_label(exactly(label))

    def fill(self, **fields: str) -> None:
        """Write into fields by their labels."""
        for label, words in fields.items():
            self.field(label).fill(words)

    def tick(self, role: Any, words: str) -> None:
        """Choose a “radio” or “checkbox” by the words it begins with."""
        self.page.get_by_role(role, name=beginning(words)).check()

    def press(self, words: str, within: Locator | None = None) -> None:
        """Press the button, or follow the link, that begins with these words."""
        place = within or self.page.locator("main")
        button = place.get_by_role("button", name=beginning(words)).or_(
            place.get_by_role("link", name=beginning(words))
        )
        self.touch(button.first)

    def touch(self, what: Locator) -> None:
        what.tap() if self.has_finger else what.click()

    def sees(self, *words: str) -> None:
        for each in words:
            expect(self.page.locator("main").get_by_text(each).first).to_be_visible()

    def title(self) -> str:
        return self.page.locator("h1").inner_text()

    def is_too_wide(self, width: int) -> bool:
        """Return whether the open page scrolls sideways in a window that wide."""
        size = self.page.viewport_size
        assert size
        self.page.set_viewport_size({"width": width, "height": size["height"]})
        wide = self.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        self.page.set_viewport_size(size)
        return bool(wide)


@dataclass(frozen=True)
class Wish:
    """What an organizer has in mind; words as the form shows them."""

    title: str
    day: str
    starts: str
    ends: str
    room: str
    chair: str
    lead: str
    others: Sequence[str] = ()
    deputies: Sequence[str] = ()
    found_deputies: Sequence[str] = ()
    seats: tuple[int, int, int] = (6, 4, 2)


class Clerk(Visitor):
    """Somebody with an account."""

    def sign_in(self, login: str) -> None:
        self.open("/login")
        self.fill(账号=login, 密码=PASSWORD)
        self.field("密码").press("Enter")
        self.page.wait_for_url(lambda address: "/login" not in address)


class Organizer(Clerk):
    """The street's clerk, who puts a meeting on and keeps it going."""

    def plan(self, wish: Wish) -> None:
        """Fill the editor in; saves nothing."""
        self.open("/meetings/new")
        self.page.locator("#what").get_by_label(exactly("活动类型")).select_option(label="代表·局长面对面")
        self.fill(主题=wish.title, 日期=wish.day, 开始=wish.starts, 结束=wish.ends)
        self.tick("radio", "联络站的房间")
        self.choose("房间", wish.room)
        self.choose("主持人", wish.chair)
        self.choose("主办部门和到场的人", wish.lead)
        self.page.locator("summary", has_text="同来的部门").click()
        for other in wish.others:
            self.page.get_by_role("checkbox", name=re.compile(other)).check()
        for name in wish.found_deputies:
            self.find_deputy(name)
        for name in wish.deputies:
            self.tick("checkbox", name)
        for label, seats in zip(("人大代表", "群众", "物业公司"), wish.seats, strict=True):
            self.field(label).fill(str(seats))
        self.tick("checkbox", "公开")
        self.fill(报名开始="2026-11-16", 几点开始="9:00", 报名截止="2026-11-19", 几点截止="18:00")
        self.fill(
            谈什么="暖气不够热，报修电话打不通。",
            议程="一、城管局通报\n二、提问和答复",
            公告="供暖专场公告\n欢迎参加。",
        )

    def choose(self, label: str, words: str) -> None:
        """Pick the one entry of a list that holds these words."""
        control = self.field(label)
        entry = control.locator("option", has_text=words).first
        control.select_option(value=entry.get_attribute("value"))

    def find_deputy(self, name: str) -> None:
        """Search for a deputy of another station and invite that one too."""
        self.fill(找别的代表=name)
        offer = self.page.get_by_role("checkbox", name=beginning(name))
        self.press("找代表")
        offer.check()

    def save(self) -> None:
        self.press("存草稿")

    def take_first_way_out(self) -> str:
        """Take the first free time that the card offers, and return the start that the form shows then."""
        card = self.page.get_by_role("group", name="冲突")
        self.press("用这个时间", within=card)
        expect(card).to_have_count(0)
        return self.field("开始").input_value()

    def open_meeting(self, id: int) -> None:
        self.open(f"/meetings/{id}")

    def step(self, id: int, words: str, confirm: str, *, reason: str = "") -> None:
        """Take a step of the meeting's life: the page asks, then it is done."""
        self.open_meeting(id)
        self.press(words)
        if reason:
            self.fill(原因=reason)
        self.press(confirm)
        expect(self.page).to_have_url(f"{self.url}/meetings/{id}")

    def reschedule(self, id: int, *, day: str, starts: str, ends: str, save: str) -> None:
        self.open(f"/meetings/{id}/edit")
        self.fill(日期=day, 开始=starts, 结束=ends)
        self.press(save)
        expect(self.page).to_have_url(f"{self.url}/meetings/{id}")

    def board(self, id: int) -> dict[str, tuple[str, str]]:
        """Return what the answers' page says of each invited person: the answer, and by which door it came."""
        self.open(f"/meetings/{id}/invitations")
        said = {}
        for row in self.page.locator("#board > table > tbody > tr").all():
            name = row.locator("th").inner_text().splitlines()[0].strip()
            answer, door = row.locator('[data-th="答复"]'), row.locator('[data-th="从哪里答的"]')
            said[name] = (answer.inner_text().strip(), door.inner_text().strip())
        return said

    def people_to_call(self) -> list[str]:
        """Return whom the messages page asks to be told by telephone."""
        self.open("/messages?state=attention")
        return sorted(self.page.locator("#outbox tbody th > a").all_inner_texts())

    def told_by_phone(self, name: str) -> None:
        row = self.page.locator("#outbox tbody tr", has=self.page.get_by_role("link", name=name, exact=True))
        self.press("已电话通知", within=row)
        # Without script the page comes anew, with only what still waits.
        expect(row.get_by_role("button", name=beginning("已电话通知"))).to_have_count(0)

    def roster(self, id: int) -> list[str]:
        """Return the names on the list of a meeting's sign-ups that still count."""
        self.open(f"/meetings/{id}/signups")
        return [
            one.splitlines()[0].strip()
            for one in self.page.locator("#roster tbody tr:not(.gone) th").all_inner_texts()
        ]


class Invited(Visitor):
    """Somebody invited, or who opens that one's mail: answers by the personal link, without an account."""

    def answer(self, link: str, words: str, *, reason: str = "", stand_in: str = "") -> None:
        self.open(link)
        self.tick("radio", words)
        if stand_in:
            self.field("由谁代会").select_option(label=stand_in)
        if reason:
            self.field("原因").fill(reason)
        self.press("交答复")
        self.sees("记下了")


class Citizen(Visitor):
    """Somebody who wants a seat."""

    def fill_in(
        self, code: str, name: str, mobile: str, *, role: str = "群众", firm: str = "", question: str = ""
    ) -> None:
        self.open(f"/m/{code}")
        self.fill(姓名=name, 手机号=mobile)
        self.tick("radio", role)
        if firm:
            self.fill(单位=firm)
        if question:
            self.fill(想问的事=question)
        self.tick("checkbox", "我看过")

    def send(self) -> None:
        self.touch(self.page.locator("#ask-send"))
        self.page.wait_for_url("**/t/*")

    def sign_up(self, code: str, name: str, mobile: str, **more: str) -> str:
        """Sign up and return the address of the ticket."""
        self.fill_in(code, name, mobile, **more)
        self.send()
        return self.page.url.partition("#")[0]

    def ticket_number(self) -> str:
        return re.sub(r"\s", "", self.page.locator(".code").inner_text())

    def has_picture(self) -> bool:
        """Return whether the QR code came, as a picture."""
        picture = self.page.locator("main img.qr:visible").first
        picture.scroll_into_view_if_needed()
        return bool(picture.evaluate("image => image.decode().then(() => image.naturalWidth > 0)"))

    def save_to_calendar(self) -> bytes:
        with self.page.expect_download() as waiting:
            self.press("加入日历")
        return waiting.value.path().read_bytes()

    def give_back(self, ticket: str, words: str = "退席位") -> None:
        self.open(ticket)
        self.page.get_by_role("link", name="退").first.click()
        self.press(words)
        self.sees("席位退了")
