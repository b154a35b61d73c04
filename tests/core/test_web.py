"""What every answer has in common: headers, switches of the display, error pages."""

import pytest

from liaison_app.core.web import here

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@pytest.mark.parametrize("path", ["/", "/login", "/no-such-page", "/desk"])
def test_every_answer_wears_the_same_headers(client, path):
    reply = client.get(path)
    assert {name: reply.headers.get(name) for name in HEADERS} == HEADERS


def test_https_is_kept_once_it_was_used(make_app):
    safe = make_app(base_url="https://mdm.example.test").test_client()
    assert "max-age=31536000" in safe.get("/login").headers["Strict-Transport-Security"]


def test_a_switch_sets_its_cookie_and_shows_the_same_page(client):
    reply = client.get("/calendar?month=2026-11&display=elder-1")
    assert (reply.status_code, reply.location) == (303, "/calendar?month=2026-11")
    assert "HttpOnly" in reply.headers["Set-Cookie"]
    assert 'class="elder' in client.get(reply.location).text
    client.get("/?display=elder-0")
    assert 'class="elder' not in client.get("/").text


def test_english_is_one_link_away(client):
    assert 'lang="en"' in client.get("/?display=lang-en", follow_redirects=True).text


@pytest.mark.parametrize("asked", ["elder-2", "lang-fr", "secret-1", "elder", "-", "elder-1-2"])
def test_an_unknown_switch_does_nothing(client, asked):
    reply = client.get("/", query_string={"display": asked})
    assert reply.status_code == 200
    assert "Set-Cookie" not in reply.headers or "session" not in reply.headers["Set-Cookie"]


def test_a_switch_never_leads_to_another_host(client):
    # The client would take such an address for a host; a server does not.
    reply = client.get("/?display=elder-1", environ_overrides={"PATH_INFO": "//evil.example/"})
    assert (reply.status_code, reply.location) == (303, "/evil.example/")


def test_the_links_of_the_switches_carry_no_token_in_a_query(client):
    page = client.get("/setup/some-token").text
    assert "next=" not in page
    assert "?display=elder-1" in page


@pytest.mark.parametrize(
    "path", ["/no-such-page", "/meetings/1/none", "/m/xxxx", "/t/xxxx", "/a/xxxx", "/me/x.css"]
)
def test_what_is_not_there_is_said_in_words_with_a_way_back(client, path):
    reply = client.get(path)
    assert reply.status_code == 404
    assert "没有这一页" in reply.text
    assert "Traceback" not in reply.text


def test_health_says_ready_and_no_more(client):
    reply = client.get("/healthz")
    assert (reply.status_code, reply.text) == (200, "ok\n")


def test_a_huge_body_is_refused_in_words(client):
    reply = client.post("/login", data={"login": "a" * 2_000_000})
    assert reply.status_code == 413


def test_a_forged_host_appears_nowhere(client):
    reply = client.get("/login", headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    assert "evil.example" not in reply.text


def test_an_address_that_is_built_on_takes_no_argument_of_ours_from_the_reader(app):
    with app.test_request_context("/messages?endpoint=x&_scheme=javascript&page=2&display=elder-1"):
        assert here(page=3) == "/messages?endpoint=x&_scheme=javascript&page=3"
        assert here("/messages.csv", page=None) == "/messages.csv?endpoint=x&_scheme=javascript"


# --- What another site sends (SECURITY E1) ------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:81"},
        {"Origin": "http://[::1"},
        {"Origin": "http://"},
        {"HX-Request": "true", "Origin": "https://evil.example"},
    ],
)
def test_what_another_site_sends_is_refused_whatever_it_holds(client, headers):
    reply = client.post("/login", headers=headers)
    assert reply.status_code == 403
    assert "别的网站" in reply.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "http://localhost"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_what_our_own_pages_and_old_browsers_send_goes_on_to_the_check_of_the_token(client, headers):
    reply = client.post("/login", headers=headers)
    assert reply.status_code != 403


def test_the_address_in_the_settings_is_our_own_whatever_host_a_proxy_gives(client):
    base = client.application.config["LIAISON"].base_url
    assert client.post("/login", headers={"Origin": base, "Host": "10.0.0.5:8000"}).status_code != 403
    assert client.post("/login", headers={"Origin": f"{base}1", "Host": "10.0.0.5:8000"}).status_code == 403


def test_reading_from_another_site_is_free(client):
    assert client.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
