"""The page behind the personal link, and the host's desk."""

from __future__ import annotations

from datetime import timedelta

import pytest

from liaison_app.access.permissions import Role
from liaison_app.accounts.models import Account
from liaison_app.core.db import db, transaction
from liaison_app.invitations.kinds import Door
from liaison_app.messages.models import Message
from liaison_app.proposals import queries
from liaison_app.proposals.kinds import ProposalState
from liaison_app.proposals.models import Proposal
from liaison_app.scheduling import services as scheduling
from liaison_app.scheduling.kinds import RoleCode
from liaison_app.scheduling.rules import MeetingPlan, PlannedPerson
from tests.factories.accounts import make_account, sign_in
from tests.factories.orgs import make_unit
from tests.invitations.conftest import STARTS
from tests.proposals.conftest import WISHED

WISH = {"day": "2026-11-23", "starts": "14:30", "comment": "那天在外地", "sequence": "0"}


@pytest.fixture
def browser_of(app, published):
    """Sign a new account of the host in, or one of `unit`: `browser_of(Role.STREET)`."""

    def browser(role, unit=None):
        with transaction():
            account_id = make_account(role, db.session.merge(unit or published.host)).id
        return sign_in(app.test_client(), db.session.get_one(Account, account_id))

    return browser


@pytest.fixture
def clerk(browser_of):
    return browser_of(Role.STREET)


def link(scene, person=None) -> str:
    return scene.link(person or scene.head) + "/propose"


def desk(scene) -> str:
    return f"/meetings/{scene.meeting_id}/proposals"


def proposals() -> list[Proposal]:
    return list(db.session.query(Proposal).order_by(Proposal.id))


# --- behind the personal link ---------------------------------------------------


def test_the_invitation_leads_to_the_page_and_a_look_changes_nothing(published, client):
    assert link(published) in client.get(published.link(published.head)).text
    reply = client.get(link(published) + "?offer=2026-11-23T06:30:00%2B00:00&day=2026-11-23&starts=14:30")
    assert reply.status_code == 200
    assert reply.headers["Cache-Control"] == "no-store"
    assert proposals() == []


def test_a_wish_is_one_post_and_the_page_then_says_that_it_waits(published, client):
    reply = client.post(link(published), data=WISH)
    assert (reply.status_code, reply.headers["Location"]) == (303, link(published))
    (made,) = proposals()
    assert (made.starts_at, made.ends_at, made.door) == (WISHED, WISHED + timedelta(hours=2), Door.LINK)
    page = client.get(link(published)).text
    assert "收到了。主办单位看过会告诉您" in page
    assert "11月23日" in page


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"day": ""}, "请选日期"),
        ({"starts": "25:99"}, "comment"),
        ({"day": "2026-11-20"}, "现在就是这个时间"),
        ({"day": "2026-11-09"}, "这个时间已经过了"),
        ({"ends": "14:00"}, "一场最短 15 分钟"),
        ({"day": "2031-01-01"}, "最远只能提到两年以后"),
        ({"comment": "长" * 301}, "最多 300 个字"),
    ],
)
def test_a_wish_that_cannot_be_comes_back_with_what_was_typed(published, client, wrong, words):
    reply = client.post(link(published), data=WISH | wrong)
    assert reply.status_code == 422
    assert words in reply.text
    assert (wrong.get("comment") or "那天在外地") in reply.text
    assert proposals() == []


def test_a_page_from_before_a_move_is_told_so_and_the_next_try_counts(published, client):
    published.move(days=1)
    reply = client.post(link(published), data=WISH)
    assert reply.status_code == 422
    assert "时间或地点刚改过" in reply.text
    assert 'name="sequence" type="hidden" value="1"' in reply.text
    assert client.post(link(published), data=WISH | {"sequence": "1"}).status_code == 303


def test_a_foreign_link_and_a_meeting_that_is_off_take_no_wish(published, client):
    assert client.get("/a/nobody/propose").status_code == 404
    published.step("cancel", reason="暴雪")
    page = client.get(link(published))
    assert "已经取消" in page.text
    assert "<form" not in page.text.split("<main")[1].split("</main")[0]
    assert client.post(link(published), data=WISH).status_code == 422
    assert proposals() == []


def test_an_offered_time_is_taken_by_a_post_alone(published, client, clerk, wish):
    proposal = wish()
    times = [span[0].isoformat() for span in queries.list_feasible(proposal)]
    clerk.post(
        f"{desk(published)}/{proposal.id}/decline", data={"reply": "那天全市开会。", "offers": times[:2]}
    )
    page = client.get(link(published)).text
    assert "那天全市开会。" in page
    assert page.count('name="offer"') == 2
    reply = client.post(link(published), data={"offer": times[1], "sequence": "0"})
    assert reply.status_code == 303
    assert [one.state for one in proposals()] == [ProposalState.DECLINED, ProposalState.OPEN]
    assert proposals()[-1].is_offered
    assert published.meeting.starts_at == STARTS


def test_an_offer_that_was_never_made_is_refused_in_place(published, client):
    reply = client.post(link(published), data={"offer": "2026-11-24T01:00:00+00:00", "sequence": "0"})
    assert reply.status_code == 422


def test_foreign_words_stay_words(published, client, clerk):
    client.post(link(published), data=WISH | {"comment": "<script>alert(1)</script>"})
    assert "<script>alert" not in clerk.get(desk(published)).text
    assert "&lt;script&gt;alert" in clerk.get(desk(published)).text


# --- the desk --------------------------------------------------------------------


def test_the_desk_says_whether_it_can_be_and_for_whom(published, clerk, wish):
    wish()
    page = clerk.get(desk(published)).text
    for words in (
        "可以照办",
        "程试一想改到",
        "2026年11月23日",
        "那天在外地",
        "从链接来",
        "改期要请 3 位重新答复",
        "照办，改期",
    ):
        assert words in page
    assert desk(published) in clerk.get("/desk").text
    assert "另提时间" in clerk.get(f"/meetings/{published.meeting_id}/invitations").text


def test_accepting_asks_first_and_then_moves(published, clerk, wish):
    proposal = wish()
    url = f"{desk(published)}/{proposal.id}/accept"
    page = clerk.get(url).text
    assert "改期，通知 3 人" in page
    assert published.meeting.starts_at == STARTS
    reply = clerk.post(url, data={"version": published.meeting.version})
    assert (reply.status_code, reply.headers["Location"]) == (303, desk(published))
    assert published.meeting.starts_at == WISHED
    assert "已照办" in clerk.get(desk(published)).text
    assert clerk.get(url).status_code == 303


@pytest.mark.parametrize("version", ["1", "", "x", "99"])
def test_a_card_that_is_out_of_date_says_so_and_moves_nothing(published, clerk, wish, version):
    proposal = wish()
    reply = clerk.post(
        f"{desk(published)}/{proposal.id}/accept", data={"version": version}, follow_redirects=True
    )
    assert "刚被别人改过" in reply.text
    assert published.meeting.starts_at == STARTS


def test_declining_asks_what_to_say_and_sends_it_once(published, clerk, wish):
    proposal = wish()
    url = f"{desk(published)}/{proposal.id}/decline"
    page = clerk.get(url).text
    assert page.count('name="offers"') == len(queries.list_feasible(proposal))
    before = db.session.query(Message).count()
    assert clerk.post(url, data={"reply": "排不开。"}).status_code == 303
    assert clerk.post(url, data={"reply": "排不开。"}).status_code == 303
    assert db.session.query(Message).count() == before + 1
    assert db.session.get_one(Proposal, proposal.id).offers == []
    assert clerk.post(url, data={"reply": "长" * 301}).status_code == 303


def test_who_may_only_read_sees_no_reason_and_no_button(published, browser_of, wish):
    proposal = wish()
    page = browser_of(Role.RECORDER).get(desk(published)).text
    assert "程试一想改到" in page
    assert "那天在外地" not in page
    assert "照办，改期" not in page
    assert browser_of(Role.RECORDER).get(f"{desk(published)}/{proposal.id}/accept").status_code == 404


def test_a_proposal_is_reached_by_its_own_meeting_alone(published, clerk, wish):
    proposal = wish()
    assert (
        clerk.get(f"/meetings/{published.meeting_id + 1}/proposals/{proposal.id}/accept").status_code == 404
    )


def test_the_card_names_what_stands_in_the_way_and_leads_to_it(published, clerk, wish):
    with transaction():
        plan = MeetingPlan(
            kind="forum", title="座谈会", starts_at=WISHED, ends_at=WISHED + timedelta(hours=1), place_kind="outside",
            place_text="礼堂", people=(PlannedPerson(published.deputy.id, RoleCode.DEPUTY),),
        )  # fmt: skip
        other = scheduling.create_meeting(plan, unit_id=published.host.id, by=None)
    proposal = wish()
    for path in (desk(published), f"{desk(published)}/{proposal.id}/accept"):
        page = clerk.get(path).text
        assert "不行，因为" in page
        assert "王试三" in page
        assert f'<a href="/meetings/{other.id}">座谈会</a>' in page
    assert "回绝时可以一起给" in clerk.get(desk(published)).text


def test_a_foreign_units_meeting_is_not_named_on_the_card(published, clerk, wish):
    with transaction():
        plan = MeetingPlan(
            kind="forum", title="秘密会", starts_at=WISHED, ends_at=WISHED + timedelta(hours=1), place_kind="outside",
            place_text="秘密楼", people=(PlannedPerson(published.deputy.id, RoleCode.DEPUTY),),
        )  # fmt: skip
        scheduling.create_meeting(plan, unit_id=make_unit("外区").id, by=None)
    proposal = wish()
    page = clerk.get(desk(published)).text
    assert "秘密" not in page
    assert "别的单位的活动" in page
    reply = clerk.get(f"{desk(published)}/{proposal.id}/accept")
    assert "秘密" not in reply.text
    assert "改期，通知" not in reply.text


def test_the_board_shows_whom_the_address_asks_for(published, clerk, wish):
    wish()
    board = f"/meetings/{published.meeting_id}/invitations"
    shown = {
        show: [
            name
            for name in ("程试一", "王试三", "赵试四")
            if f">{name}" in clerk.get(f"{board}?show={show}").text
        ]
        for show in ("", "waiting", "answered", "proposed", "nonsense")
    }
    everybody = ["程试一", "王试三", "赵试四"]
    assert shown == {
        "": everybody, "waiting": everybody, "answered": [], "proposed": ["程试一"], "nonsense": everybody,
    }  # fmt: skip
