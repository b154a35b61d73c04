"""The only way out to an address that somebody typed, against a host in its own process (SECURITY I8).

Beside each refusal stands the same question with the defence taken away: then the harm is done.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import pytest

from liaison_app.core import fetch
from liaison_app.core.fetch import Trust
from liaison_app.settings import Settings, SettingsRefused
from tests.parts.calendar_host import CalendarHost

CALENDAR = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"
NOBODY = Trust()


class Canary:
    """A port of loopback that sings when somebody comes."""

    def __init__(self, door: socket.socket):
        self.port, self.visits = door.getsockname()[1], 0
        self._door = door
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            try:
                visitor, _place = self._door.accept()
            except OSError:
                return
            self.visits += 1
            visitor.close()

    def sang(self) -> bool:
        time.sleep(0.1)
        return self.visits > 0


@contextmanager
def open_canary() -> Iterator[Canary]:
    with socket.create_server(("127.0.0.1", 0)) as door:
        yield Canary(door)


@pytest.fixture
def canary() -> Iterator[Canary]:
    with open_canary() as one:
        yield one


@pytest.fixture
def resolver(monkeypatch):
    """Let the names of the world be answered by a list, one look-up after the other, the last for ever."""

    def answer(*places: str) -> None:
        left = list(places)

        def look_up(host, port, *args, **kwargs):
            place = left.pop(0) if len(left) > 1 else left[0]
            family = socket.AF_INET6 if ":" in place else socket.AF_INET
            return [(family, socket.SOCK_STREAM, 6, "", (place, port))]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    return answer


def ask(address: str, trust: Trust = NOBODY, **marks: str) -> fetch.Answer:
    return fetch.fetch(address, trust=trust, **marks)


def test_a_file_of_a_named_host_comes_with_its_marks_and_only_once(calendar_host: CalendarHost):
    address = calendar_host.put("/mine.ics", CALENDAR)
    calendar_host.asked()
    first = ask(address, calendar_host.trust)
    assert first.body == CALENDAR
    assert ask(address, calendar_host.trust, etag=first.etag) == fetch.Answer(None, first.etag)
    (_path, headers), _again = calendar_host.asked()
    assert headers["host"] == f"localhost:{calendar_host.port}"
    assert {"cookie", "authorization", "referer"} & set(headers) == set()


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com/a.ics",
        "ftp://example.com/a.ics",
        "file:///etc/passwd",
        "https://user:word@example.com/a.ics",
        "https://user@example.com/a.ics",
        "https://example.com:8443/a.ics",
        "https://example.com:22/",
        "https:///a.ics",
        "https://example.com\\@127.0.0.1/",
        "https://exa mple.com/",
        "https://example.com/a\r\nX: y",
        "https://[::1",
        "https://" + "a" * 3000 + ".com/",
        "//example.com/a.ics",
        "",
    ],
)
def test_an_address_that_is_none_of_https_is_refused_before_anybody_is_asked(address, resolver):
    resolver("127.0.0.1")
    with pytest.raises(fetch.NotAllowed):
        ask(address)


PRIVATE = [
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "100.100.100.200", "192.0.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1",
    "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2001:0:4136:e378::1", "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("place", PRIVATE)
def test_no_address_of_a_private_network_is_public(place):
    assert not fetch.is_public(ip_address(place))


@pytest.mark.parametrize(
    "place", ["93.184.215.14", "1.1.1.1", "114.114.114.114", "2606:4700:4700::1111", "240e::1"]
)
def test_addresses_of_the_world_are_public(place):
    assert fetch.is_public(ip_address(place))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "0x7f000001", "2130706433", "127.1", "[::1]", "[::ffff:127.0.0.1]", "0"],
)
@pytest.mark.parametrize("is_judged", [True, False])
def test_this_machine_is_not_asked_however_it_is_spelled(host, is_judged, canary, monkeypatch):
    """Without the judgement on the address the canary sings, so it would hear the others, too."""
    monkeypatch.setattr(fetch, "PORT", canary.port)
    if not is_judged:
        monkeypatch.setattr(fetch, "is_public", lambda place: True)
    with pytest.raises(fetch.FetchRefused) as refusal:
        ask(f"https://{host}/latest/meta-data")
    assert isinstance(refusal.value, fetch.NotAllowed) is is_judged
    if is_judged or host not in {"[::1]", "[::ffff:127.0.0.1]"}:
        assert canary.sang() is not is_judged


@pytest.mark.parametrize("is_judged", [True, False])
def test_a_redirect_to_this_machine_is_not_followed(
    is_judged, calendar_host: CalendarHost, canary, monkeypatch
):
    monkeypatch.setattr(fetch, "PORT", canary.port)
    if not is_judged:
        monkeypatch.setattr(fetch, "is_public", lambda place: True)
    with pytest.raises(fetch.FetchRefused) as refusal:
        ask(f"{calendar_host.url}/redirect?to=https://127.0.0.1/secret", calendar_host.trust)
    assert isinstance(refusal.value, fetch.NotAllowed) is is_judged
    assert canary.sang() is not is_judged


@pytest.mark.parametrize(
    "to", ["http://localhost/a", "https://who:what@localhost/a", "file:///etc/passwd", "//[::1"]
)
def test_a_redirect_away_from_https_is_not_followed(to, calendar_host: CalendarHost):
    with pytest.raises(fetch.NotAllowed):
        ask(f"{calendar_host.url}/redirect?to={to}", calendar_host.trust)


def test_a_redirect_to_another_port_of_a_named_host_is_not_followed(calendar_host: CalendarHost):
    calendar_host.put("/mine.ics", CALENDAR)
    away = f"https://localhost:{calendar_host.second_port}/mine.ics"
    with pytest.raises(fetch.NotAllowed):
        ask(f"{calendar_host.url}/redirect?to={away}", calendar_host.trust)
    wider = Trust(
        calendar_host.trust.hosts | {f"localhost:{calendar_host.second_port}"}, calendar_host.ca_file
    )
    assert ask(f"{calendar_host.url}/redirect?to={away}", wider).body == CALENDAR


def test_an_honest_redirect_is_followed_without_the_cookie_that_came_with_it(calendar_host: CalendarHost):
    calendar_host.put("/mine.ics", CALENDAR)
    calendar_host.asked()
    assert ask(f"{calendar_host.url}/redirect?to=/mine.ics", calendar_host.trust).body == CALENDAR
    assert all("cookie" not in headers for _path, headers in calendar_host.asked())


def test_a_circle_of_redirects_ends(calendar_host: CalendarHost):
    calendar_host.asked()
    with pytest.raises(fetch.TooManyRedirects):
        ask(f"{calendar_host.url}/circle", calendar_host.trust)
    assert len(calendar_host.asked()) == fetch.MOST_REDIRECTS + 1


@pytest.mark.parametrize("is_pinned", [True, False])
def test_a_name_that_turns_into_this_machine_leads_nowhere(is_pinned, canary, resolver, monkeypatch):
    """The first look-up says a public address, every later one this machine (DNS rebinding)."""
    monkeypatch.setattr(fetch, "PORT", canary.port)
    monkeypatch.setattr(fetch, "LONGEST_SECONDS", 1.0)
    # An address that is public by its number; whether anybody answers there is all the same.
    resolver("203.0.114.1", "127.0.0.1")
    if not is_pinned:
        monkeypatch.setattr(
            fetch,
            "_connected",
            lambda places, port, deadline: socket.create_connection(("rebound.example", port), 1),
        )
    with pytest.raises(fetch.FetchRefused):
        ask("https://rebound.example/a.ics")
    assert canary.sang() is not is_pinned


def test_of_a_name_with_a_public_and_a_private_address_neither_is_asked(canary, monkeypatch):
    monkeypatch.setattr(fetch, "PORT", canary.port)
    both = [(socket.AF_INET, 1, 6, "", (place, canary.port)) for place in ("1.1.1.1", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: both)
    with pytest.raises(fetch.NotAllowed):
        ask("https://two.example/a.ics")
    assert not canary.sang()


@pytest.mark.parametrize("path", ["/drip", "/drip-head"])
@pytest.mark.parametrize("is_hurried", [True, False])
def test_a_slow_drip_ends_when_the_time_is_up(path, is_hurried, calendar_host: CalendarHost, monkeypatch):
    monkeypatch.setattr(fetch, "LONGEST_SECONDS", 1.0)
    if not is_hurried:
        # As a library does it: so long for each byte.
        monkeypatch.setattr(fetch, "_left", lambda deadline: 1.0)
    began = time.monotonic()
    try:
        ask(calendar_host.url + path, calendar_host.trust)
        came = True
    except fetch.TooSlow:
        came = False
    assert came is not is_hurried
    assert (time.monotonic() - began < 2) is is_hurried


def test_a_resolver_that_never_answers_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(fetch, "LONGEST_SECONDS", 0.3)
    held = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: held.wait(20) and [])
    began = time.monotonic()
    with pytest.raises(fetch.TooSlow):
        ask("https://slow.example/a.ics")
    held.set()
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("path", ["/bomb", "/huge"])
def test_more_than_is_allowed_is_not_taken_packed_or_not(path, calendar_host: CalendarHost, monkeypatch):
    with pytest.raises(fetch.TooLarge):
        ask(calendar_host.url + path, calendar_host.trust)
    # Without the measure all of it comes: a hundred megabytes out of a tenth of one.
    monkeypatch.setattr(fetch, "LARGEST_BYTES", 10**9)
    assert len(ask(calendar_host.url + path, calendar_host.trust).body) > fetch.LARGEST_BYTES / 200


@pytest.mark.parametrize(
    ("path", "refusal"),
    [
        ("/half", fetch.FetchRefused),
        ("/brotli", fetch.Unpackable),
        ("/garbage", fetch.Unpackable),
        ("/away?status=404", fetch.TurnedAway),
        ("/away?status=401", fetch.TurnedAway),
        ("/away?status=500", fetch.TurnedAway),
        ("/away?status=204", fetch.TurnedAway),
    ],
)
def test_what_is_no_whole_file_is_refused_with_its_reason(path, refusal, calendar_host: CalendarHost):
    with pytest.raises(refusal):
        ask(calendar_host.url + path, calendar_host.trust)


def test_a_certificate_of_nobody_known_or_for_another_name_is_refused(calendar_host: CalendarHost, resolver):
    hosts = calendar_host.trust.hosts
    with pytest.raises(fetch.NotSecure):
        ask(f"{calendar_host.url}/mine.ics", Trust(hosts))
    resolver("127.0.0.1")
    other = Trust(frozenset({f"calendar.example:{calendar_host.port}"}), calendar_host.ca_file)
    with pytest.raises(fetch.NotSecure):
        ask(f"https://calendar.example:{calendar_host.port}/mine.ics", other)


def test_a_refusal_never_holds_the_address(calendar_host: CalendarHost):
    with pytest.raises(fetch.TurnedAway) as refusal:
        ask(f"{calendar_host.url}/away?status=404&key=s3cret", calendar_host.trust)
    assert "s3cret" not in f"{refusal.value} {refusal.value!r} {vars(refusal.value)}"


def test_settings_name_the_hosts_of_the_own_network(tmp_path):
    env = {"LIAISON_DATA": str(tmp_path), "LIAISON_FETCH_HOSTS": "Mail.Example.gov.cn, cal.local:8443"}
    assert Settings.from_env(env).fetch_hosts == ("mail.example.gov.cn", "cal.local:8443")
    with pytest.raises(SettingsRefused):
        Settings.from_env({**env, "LIAISON_FETCH_CA_FILE": str(tmp_path / "none.pem")})
