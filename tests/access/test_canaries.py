"""Nothing of a foreign street on any page, list, export, feed or fragment of the own accounts."""

import html
import io
import os
import re
import zipfile
from urllib.parse import quote

import pytest
from flask import Flask

from liaison_app.access.permissions import Role
from liaison_app.app import create_app
from liaison_app.settings import Settings
from tests.access.test_matrix import ROWS
from tests.access.worlds import World

ENGINES = os.environ.get("TEST_ENGINES", "sqlite,postgresql").split(",")
AS_FRAGMENT = {"HX-Request": "true"}
# What else is asked of a page than its bare address: filters, searches, numbers of foreign things.
ASKED = {
    "accounts.accounts": ("?q={word}", "?show=idle", "?q=clerk"),
    "accounts.who": ("?permission=signups:signup:read&unit={own_unit}",),
    "audit.export": ("?q={word}", "?action=accounts:account:create"),
    "audit.trail": ("?q={word}", "?page=1", "?action=accounts:account:create"),
    "dashboards.calendar": ("?month={month}", "?view=week&week={day}", "?month={month}&station={station}"),
    "invitations.board": ("?answer={invitation}",),
    "invitations.own": ("?answer={invitation}",),
    "messages.outbox": ("?q={word}", "?meeting={meeting}", "?state=attention", "?meeting={draft}"),
    "people.deputies": ("?q={word}", "?station={station}", "?q=王试&all=1"),
    "scheduling.check": (
        "?day={day}&starts=00:00&ends=23:59&room_id={room}&deputies={person}&heads={official}",
        "?day={day}&starts=00:00&ends=11:59&deputies={person}",
        "?day={day}&starts=12:00&ends=23:59&deputies={person}",
    ),
    "scheduling.deputies": ("?find=王试", "?find={word}", "?deputies={person}", "?room_id={room}"),
    "scheduling.meetings": ("?q={word}", "?when=all", "?when=past", "?when=all&station={station}", "?when=all&state=draft"),
    "scheduling.new": ("?room={room}", "?day={day}", "?kind=reception"),
    "signups.roster": ("?show=live", "?show=withdrawn"),
    "stations_public.index": ("?q={word}",),
    "web.calendar": ("?month={month}", "?view=week&week={day}", "?month={month}&station={station}"),
}  # fmt: skip


@pytest.fixture(scope="module")
def product(tmp_path_factory) -> Flask:
    return create_app(Settings(data=tmp_path_factory.mktemp("data")))


def addresses(product: Flask, world: World) -> list[str]:
    """Return every address that can be read: of things of the own street, with the foreign one in the questions."""
    own, foreign = world.own.places, world.foreign.places
    asked = {
        **foreign, "word": quote(world.foreign.mark), "own_unit": own["unit"],
        "month": str(foreign["day"])[:7],
    }  # fmt: skip
    found = []
    for rule in product.url_map.iter_rules():
        if rule.endpoint == "static" or "GET" not in rule.methods:
            continue
        path = ROWS[rule.endpoint].path.format(**own)
        found.append(path)
        found += [path + more.format(**asked) for more in ASKED.get(rule.endpoint, ())]
        if "{meeting}" in ROWS[rule.endpoint].path:
            found.append(ROWS[rule.endpoint].path.format(**{**own, "meeting": own["hidden"]}))
    # The card of a deputy and of an official of the other street: the list is the district's, the number is not.
    return [*found, f"/people/{foreign['person']}", f"/people/{foreign['official']}"]


def text_of(reply) -> str:
    """Return what a body says, whatever it is packed in."""
    if reply.data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(reply.data)) as book:
            return "\n".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
    # Folded lines of a calendar file are put together again.
    return html.unescape(re.sub(r"\r\n[ \t]", "", reply.data.decode("utf-8", "replace")))


@pytest.mark.parametrize("engine", ENGINES)
def test_no_role_reads_a_word_of_the_foreign_street(product, world_on, engine):
    world = world_on(engine)
    leaks, read = [], 0
    for role in (*Role, None) if engine == "sqlite" else (Role.OFFICE, Role.BUREAU_CONTACT):
        browser = world.browser(role)
        for address in addresses(product, world):
            for headers in ({}, AS_FRAGMENT) if role == Role.OFFICE else ({},):
                reply = browser.get(address, headers=headers)
                assert reply.status_code < 500, address
                if reply.status_code != 200:
                    continue
                read += 1
                said = text_of(reply)
                if quote(world.foreign.mark) in address:
                    # What the reader typed is shown back in its field.
                    said = said.replace(f'value="{world.foreign.mark}"', "")
                leaks += [
                    f"{role}: {address} says {one}" for one in world.foreign.secrets if str(one) in said
                ]
    assert sorted(set(leaks)) == []
    assert read > 250


@pytest.mark.parametrize("engine", ENGINES)
def test_the_own_street_is_found_by_the_same_words(world_on, engine):
    """The control: a test that finds nothing because nothing is there would not notice a leak."""
    world = world_on(engine)
    browser, mark = world.browser(Role.OFFICE), world.own.mark
    pages = (
        "/meetings?when=all",
        "/messages",
        "/accounts",
        "/desk",
        f"/meetings/{world.own.places['meeting']}/signups",
    )
    assert [page for page in pages if mark not in browser.get(page).text] == []
    assert mark in world.browser(Role.AUDITOR).get("/audit.csv").text


@pytest.mark.parametrize(
    "role", [Role.ADMIN, Role.AUDITOR, Role.RECORDER, Role.REVIEWER, Role.SECURITY_ADMIN, Role.BUREAU_HEAD]
)
def test_who_only_reads_gets_no_link_no_number_and_no_reason(product, world_on, role):
    world = world_on(ENGINES[0])
    places, browser = world.own.places, world.browser(role)
    hidden = [places["ticket"], places["setup"], places["feed"], "13800001002", "13700001003", "要住院"]
    if role != Role.BUREAU_HEAD:
        hidden.append(places["answer"])
    pages = [
        one
        for one in addresses(product, world)
        if not one.startswith(("/a/", "/t/", "/setup/", "/sign-in/", "/feeds/"))
    ]
    pages.append(f"/meetings/{places['meeting']}/invitations?answer={places['invitation']}")
    leaks = []
    for page in pages:
        reply = browser.get(page)
        if reply.status_code == 200:
            leaks += [f"{page} says {secret}" for secret in hidden if secret in text_of(reply)]
    assert leaks == []


def test_who_answers_gets_both(world_on):
    """The control of the test above."""
    world = world_on(ENGINES[0])
    places = world.own.places
    page = f"/meetings/{places['meeting']}/invitations?answer={places['invitation']}"
    text = world.browser(Role.STREET).get(page).text
    assert places["answer"] in text
    assert "要住院" in text
