"""The product as real processes: what they write down, what they keep, and what a flood does to them."""

from __future__ import annotations

import os
import re
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from liaison_app.app import ROOT
from tests.parts.databases import ENGINES
from tests.parts.servers import GunicornServer
from tests.security.hostile import Hostile

pytestmark = pytest.mark.skipif("sqlite" not in ENGINES, reason="the processes are the same on both engines")
# What one request may add to a process, in KB: its own limit of twelve megabytes and some room.
MOST_GROWTH_KB = 60 * 1024
PATHS = (
    "/a/{answer}",
    "/a/{answer}/invite.ics",
    "/t/{ticket}",
    "/t/{ticket}/qr.png",
    "/feeds/{feed}.ics",
    "/setup/{setup}",
)


@pytest.fixture
def server(hostile_on, tmp_path) -> Iterator[tuple[GunicornServer, Hostile, Path]]:
    """Gunicorn's processes on the hostile world, with their log."""
    world, log = hostile_on("sqlite"), tmp_path / "log"
    running = GunicornServer(world.database, log)
    yield running, world, log
    running.stop()


def ask(url: str, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> int:
    """Return the status of a request, or 0 where the server hung up on it before it was sent."""
    line = HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        with suppress(BrokenPipeError, ConnectionResetError):
            line.request(method, path, body, headers or {})
        try:
            return line.getresponse().status
        except (BrokenPipeError, ConnectionResetError):
            return 0
    finally:
        line.close()


def raw(url: str, text: bytes) -> bytes:
    """Return what the server says to bytes that may be no request at all."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as line:
        line.sendall(text)
        said = b""
        with suppress(OSError):
            while more := line.recv(65536):
                said += more
    return said


def workers(server: GunicornServer) -> dict[int, int]:
    """Return the most memory that each process of the server ever had, in KB."""
    master = server._process.pid
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    found = {}
    for pid in children:
        status = Path(f"/proc/{pid}/status").read_text()
        found[int(pid)] = int(re.search(r"VmHWM:\s+(\d+)", status)[1])
    return found


# --- B4: links in what the processes write down ------------------------------------------


def test_no_personal_link_stands_in_the_log_of_the_processes(server):
    running, world, log = server
    for path in PATHS:
        address = path.format(**world.places)
        assert ask(running.url, "GET", address) == 200, path
        ask(running.url, "POST", address, b"csrf_token=x")
        ask(running.url, "PUT", address)
        # No request that the server understands: it complains of these in words of its own.
        for broken in (
            f"GET {address} HTTP/9.9\r\nHost: x\r\n\r\n",
            f"GET {address}\r\n\r\n",
            f"GET {address} HTTP/1.1\r\nHost: x\r\nContent-Length: {world.places['answer']}\r\n\r\n",
            f"GET {address} HTTP/1.1\r\n{world.places['answer']}\r\n\r\n",
        ):
            raw(running.url, broken.encode())
    time.sleep(0.5)
    written = log.read_text(encoding="utf-8", errors="replace")
    assert [
        name for name in ("answer", "ticket", "feed", "setup") if str(world.places[name]) in written
    ] == []
    assert written.count("endpoint=") >= len(PATHS)  # the control: each request is noted


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "PATH_INFO", "Script-Name"])
def test_no_header_moves_the_application_or_the_page(server, name):
    """Gunicorn believes these of a proxy on the same machine, and every visitor of a demo comes from there."""
    running, _, _ = server
    for value in ("//evil.test", "/metrics", "/evil"):
        told = f"GET /login HTTP/1.1\r\nHost: x\r\n{name}: {value}\r\nConnection: close\r\n\r\n"
        answer = raw(running.url, told.encode())
        assert answer.startswith(b"HTTP/1.1 200"), answer[:200]
        assert b"evil" not in answer
        assert b"<html" in answer


def test_a_server_that_notes_addresses_would_hold_them(hostile_on, tmp_path):
    """The control: gunicorn as it comes, without our file."""
    world, log = hostile_on("sqlite"), tmp_path / "log"
    with socket.create_server(("127.0.0.1", 0)) as door:
        url = f"http://127.0.0.1:{door.getsockname()[1]}"
        options = ["--bind", f"fd://{door.fileno()}", "--config", "/dev/null", "--access-logfile", str(log)]
        plain = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "wsgi:application", *options, "--no-control-socket"],
            cwd=ROOT,
            env={
                **os.environ,
                "LIAISON_DATA": str(world.database.data),
                "LIAISON_SECRET_KEY": world.database.settings.secret_key,
            },
            pass_fds=[door.fileno()],
            stderr=subprocess.DEVNULL,
        )
    try:
        assert ask(url, "GET", f"/a/{world.places['answer']}") == 200
        time.sleep(0.5)
        assert str(world.places["answer"]) in log.read_text()
    finally:
        plain.terminate()
        plain.wait(20)


def test_the_sample_for_nginx_notes_no_address():
    sample = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    form = re.search(r"log_format (\w+) (.*?);", sample, re.S)
    assert not re.search(r"\$(request|request_uri|uri|args|http_referer|query_string)\b", form[2])
    assert set(re.findall(r"access_log ([^;]+);", sample)) <= {"off", f"/var/log/nginx/liaison.log {form[1]}"}
    assert all(one.endswith(" crit") for one in re.findall(r"error_log ([^;]+);", sample))
    assert sample.count("server {") == sample.count("access_log ") == 2


# --- K1: too much -------------------------------------------------------------------------


def zeros(megabytes: int) -> Iterator[bytes]:
    for _ in range(megabytes * 16):
        yield b"x" * (64 * 1024)


def test_a_flood_costs_no_memory_and_kills_no_process(server):
    """Fifty megabytes, ten thousand fields, deep JSON, wrong charsets: 4xx, the same processes, little memory."""
    running, world, _ = server
    page, form = f"/m/{world.places['code']}", "application/x-www-form-urlencoded"
    for _ in range(20):
        ask(running.url, "GET", page)
    before = workers(running)
    fifty = str(50 * 1024 * 1024)
    tries = {
        "a long form": (zeros(50), {"Content-Type": form, "Content-Length": fifty}),
        "a long form in pieces": (zeros(50), {"Content-Type": form}),
        "pieces that are none": (zeros(50), {"Content-Type": form, "Transfer-Encoding": "chunked"}),
        "a long file": (zeros(50), {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": fifty}),
        "many fields": ("&".join(f"f{n}=1" for n in range(10_000)).encode(), {"Content-Type": form}),
        "many parts": (
            b"".join(b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n1\r\n' for _ in range(10_000)) + b"--x--\r\n",
            {"Content-Type": "multipart/form-data; boundary=x"},
        ),
        "deep JSON": (b"[" * 500_000, {"Content-Type": "application/json"}),
        "a charset that is none": (b"name=%ff%fe&csrf_token=\xff\xfe", {"Content-Type": f"{form}; charset=utf-7"}),
        "a boundary that is none": (b"--x", {"Content-Type": "multipart/form-data; boundary=" + "y" * 5000}),
        "a part without an end": (
            b'--x\r\nContent-Disposition: form-data; name="' + b"a" * 900_000,
            {"Content-Type": "multipart/form-data; boundary=x"},
        ),
        "packed": (b"\x1f\x8b" + b"\0" * 1000, {"Content-Type": form, "Content-Encoding": "gzip"}),
    }  # fmt: skip
    statuses = {}
    for path in (page, "/login", f"/a/{world.places['answer']}"):
        for name, (body, headers) in tries.items():
            if isinstance(body, bytes):
                statuses[path, name] = ask(running.url, "POST", path, body, headers)
            else:
                statuses[path, name] = ask(running.url, "POST", path, zeros(50), headers)
    wrong = {one: status for one, status in statuses.items() if not (status == 0 or 400 <= status < 500)}
    assert wrong == {}
    assert sum(status > 0 for status in statuses.values()) > len(statuses) / 2
    after = workers(running)
    assert after.keys() == before.keys()
    assert max(after[pid] - before[pid] for pid in before) < MOST_GROWTH_KB
    assert ask(running.url, "GET", page) == 200


# --- I6: who may read what is kept -----------------------------------------------------------


def test_what_the_program_writes_is_for_its_own_user_alone(tmp_path):
    """Whatever the mask of the shell that started it."""
    data = tmp_path / "fresh"
    environment = {**os.environ, "LIAISON_DATA": str(data), "LIAISON_MODE": "demo"}
    environment.pop("LIAISON_SECRET_KEY", None)
    command = f"umask 000; exec {sys.executable} -m flask --app wsgi db upgrade"
    subprocess.run(["sh", "-c", command], cwd=ROOT, env=environment, check=True, capture_output=True)
    kept = [data, *data.rglob("*")]
    assert any(one.name == "liaison.sqlite3" for one in kept)
    assert {
        str(one): oct(one.stat().st_mode) for one in kept if stat.S_IMODE(one.stat().st_mode) & 0o077
    } == {}
