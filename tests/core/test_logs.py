"""What the log says, and that nothing about people is in it."""

import io
import json
import logging
import re

import pytest

from liaison_app.core import logs
from liaison_app.core.db import transaction
from tests.factories.people import make_person
from tests.factories.scheduling import make_meeting

PHONE, MAIL = "13900001234", "wang.guizhi@example.test"
TOKEN = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7"


@pytest.fixture
def written():
    """What the product's loggers write, as JSON lines."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonLines())
    logger = logging.getLogger("liaison")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield stream
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def lines(stream: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_each_request_is_one_line_with_the_id_that_its_answer_bears(client, written):
    reply = client.get("/privacy")
    (line,) = lines(written)
    assert line["request"] == reply.headers["X-Request-ID"]
    assert (line["method"], line["endpoint"], line["status"]) == ("GET", "web.privacy", 200)
    assert line["bytes"] == len(reply.data)
    assert line["time"].endswith("+08:00")
    assert isinstance(line["ms"], int)
    assert "account" not in line


def test_the_proxys_id_is_taken_over_where_there_is_a_proxy(make_app, client, written):
    given = {"X-Request-ID": "0123456789abcdef0123456789abcdef"}
    behind = make_app(trusted_proxies=1).test_client()
    assert behind.get("/privacy", headers=given).headers["X-Request-ID"] == given["X-Request-ID"]
    forged = {"X-Request-ID": "x\\r\\nlevel=error"}
    assert "level" not in behind.get("/privacy", headers=forged).headers["X-Request-ID"]
    assert client.get("/privacy", headers=given).headers["X-Request-ID"] != given["X-Request-ID"]


PAGES = [
    f"/a/{TOKEN}", f"/t/{TOKEN}", f"/setup/{TOKEN}", f"/feeds/{TOKEN}.ics", f"/deputies?q={PHONE}", f"/{PHONE}",
    f"/m/none?name=王桂枝&mobile={PHONE}",
]  # fmt: skip


def test_no_address_no_number_and_no_token_gets_into_the_log(client, written):
    for page in PAGES:
        client.get(page)
        client.post(page, data={"name": "王桂枝", "mobile": PHONE})
    assert len(lines(written)) == 2 * len(PAGES)
    assert not re.search(f"{PHONE}|{TOKEN}|王桂枝|q=", written.getvalue())


def test_a_log_of_addresses_would_hold_them(client, written):
    """The negative control of the test above."""
    access = logging.getLogger("liaison.access")
    client.application.after_request_funcs[None].append(
        lambda reply: access.info("%s", __import__("flask").request.full_path) or reply
    )
    try:
        for page in PAGES:
            client.get(page)
    finally:
        client.application.after_request_funcs[None].pop()
    # Even so, the blots hide what looks like a number or a token; the name would stand there.
    said = [json.loads(line)["message"] for line in written.getvalue().splitlines()]
    assert any("王桂枝" in one for one in said)
    assert not any(PHONE in one or TOKEN in one for one in said)


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        (f"call {PHONE} now", "call 139**** now"),
        ("call 139 0000 1234", "call 139****"),
        ("0371-00000011", "0371****"),
        ("410106199001011234", "4101****"),
        (f"550 <{MAIL}> unknown", "550 <***@example.test> unknown"),
        (f"GET /a/{TOKEN}", "GET /a/***"),
        (f"key {TOKEN}", "key ***"),
        ("smtp://me:secret@mail.example", "smtp://me:***@mail.example"),
        ("2026-11-25 11:40:00 job 1234567 at 0001_start", "2026-11-25 11:40:00 job 1234567 at 0001_start"),
        ("request 0123456789abcdef0123456789abcdef", "request 0123456789abcdef0123456789abcdef"),
    ],
)
def test_what_looks_like_a_person_or_a_key_is_blotted_out(said, heard):
    assert logs.blotted(said) == heard


def test_a_line_cannot_pass_for_two(written):
    for form in (logs.JsonLines(), logs.Lines()):
        record = logging.LogRecord(
            "liaison", 20, "", 0, "a\nlevel=error \x1b[31m \u202e %s", ("b\r\nc",), None
        )
        said = form.format(record)
        assert said.isascii()
        assert len(said.splitlines()) == 1
        assert "\x1b" not in said


def test_of_an_error_the_place_is_said_and_no_words_of_a_person(app, written):
    log = logging.getLogger("liaison.test")
    with transaction():
        make_person(name="王桂枝", email=MAIL)
    for broken in (lambda: int(PHONE + "王桂枝"), lambda: {}["王桂枝"]):
        try:
            broken()
        except (ValueError, KeyError):
            log.exception("broken")
    try:
        with transaction():
            uid = make_meeting().uid
            # The engine would name the values that stand in the way.
            make_meeting().uid = uid
    except Exception:
        log.exception("twice")
    first, second, third = lines(written)
    assert first["error"][-1] == "ValueError"
    assert second["error"][-1] == "KeyError"
    assert "test_logs.py" in first["error"][0]
    assert third["error"][-1].startswith("IntegrityError")
    assert uid not in written.getvalue()
    assert not re.search(f"王桂枝|{PHONE}", written.getvalue())
