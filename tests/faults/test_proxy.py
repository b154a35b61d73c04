"""Debian's nginx with the sample from deploy/ in front of the program: who sends slowly holds nginx, and nobody else."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from liaison_app.app import ROOT
from tests.parts.installations import Installation
from tests.parts.report import do_without, note, remark

pytestmark = [pytest.mark.storm, pytest.mark.only_on("sqlite")]
HOST = "mdm.example.gov.cn"
SLOW, SECONDS, PATIENCE = 50, 6, 3.0
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"


class Proxy:
    """nginx with the sample, which is changed in nothing but ports, folders and certificate."""

    def __init__(self, folder: Path, installation: Installation):
        folder.mkdir()
        self.folder, (self.plain, self.secure) = folder, (free_port(), free_port())
        make_certificate(folder)
        changes = {
            "unix:/run/liaison/web.sock": f"127.0.0.1:{installation.port}",
            "    listen [::]:80;\n": "",
            "    listen [::]:443 ssl;\n": "",
            "listen 80;": f"listen 127.0.0.1:{self.plain};",
            "listen 443 ssl;": f"listen 127.0.0.1:{self.secure} ssl;",
            "/etc/ssl/liaison/": f"{folder}/",
            "/var/log/nginx/": f"{folder}/",
            "/opt/liaison-station/": f"{ROOT}/",
        }
        sample = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
        for old, new in changes.items():
            assert old in sample, f"the sample has no {old!r} any more"
            sample = sample.replace(old, new)
        places = "".join(
            f"{kind}_temp_path {folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = "user root;\n" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(
            f"{user}worker_processes 1;\npid {folder}/pid;\nerror_log {folder}/error.log;\ndaemon off;\n"
            f"events {{ worker_connections 512; }}\nhttp {{\n{places}{sample}\n}}\n"
        )
        words = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")]
        self.process = subprocess.Popen(words, stderr=subprocess.STDOUT, stdout=subprocess.DEVNULL)
        give_up = time.monotonic() + 20
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.secure), 1):
                return
            assert self.process.poll() is None, (folder / "error.log").read_text()
            assert time.monotonic() < give_up
            time.sleep(0.05)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return door.getsockname()[1]


def make_certificate(folder: Path) -> None:
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)]),
    )
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )


@pytest.fixture
def served(installation: Installation) -> Installation:
    installation.changes |= {"LIAISON_TRUSTED_PROXIES": "1", "LIAISON_BASE_URL": f"https://{HOST}"}
    installation.start_web()
    return installation


@pytest.fixture
def proxy(served: Installation, tmp_path: Path) -> Iterator[Proxy]:
    if not Path(NGINX).exists():
        do_without("there is no nginx on this machine")
    proxy = Proxy(tmp_path / "nginx", served)
    said = subprocess.run([NGINX, "-v"], capture_output=True, text=True, check=True).stderr
    note(said.strip().rpartition(" ")[2])
    yield proxy
    proxy.stop()


def dial(port: int, *, secure: bool) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    if not secure:
        return line
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(line, server_hostname=HOST)


def send_slowly(port: int, *, secure: bool) -> list[socket.socket]:
    """Open so many lines that send a byte now and then: half of them never end a header, half never end a form."""
    lines = []
    for n in range(SLOW):
        line = dial(port, secure=secure)
        head = f"POST /m/none HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        line.sendall((head + ("" if n % 2 else "Content-Length: 5000\r\n\r\n")).encode())
        lines.append(line)

    def drip() -> None:
        give_up = time.monotonic() + 30
        while time.monotonic() < give_up and any(one.fileno() >= 0 for one in lines):
            for one in lines:
                with suppress(OSError):
                    one.sendall(b"a")
            time.sleep(0.5)

    threading.Thread(target=drip, daemon=True).start()
    return lines


def slowest_page(port: int, *, secure: bool) -> float | None:
    """Ask for a page again and again while others send slowly; return the longest wait, or None for none at all."""
    worst, give_up = 0.0, time.monotonic() + SECONDS
    while time.monotonic() < give_up:
        began = time.monotonic()
        try:
            with dial(port, secure=secure) as line:
                line.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
                assert line.recv(64).startswith(b"HTTP/1.1 200"), "no page"
        except TimeoutError:
            return None
        worst = max(worst, time.monotonic() - began)
        time.sleep(0.2)
    return worst


def hang_up(lines: list[socket.socket]) -> None:
    for line in lines:
        line.close()


def test_behind_nginx_who_sends_slowly_holds_no_thread(proxy):
    """K2."""
    lines = send_slowly(proxy.secure, secure=True)
    time.sleep(1)
    worst = slowest_page(proxy.secure, secure=True)
    hang_up(lines)
    assert worst is not None
    remark(f"nginx: {SLOW} slow senders, the slowest page took {worst:.2f} s")


def test_without_nginx_they_hold_all_of_them(served):
    """K2, the negative control."""
    lines = send_slowly(served.port, secure=False)
    time.sleep(1)
    worst = slowest_page(served.port, secure=False)
    hang_up(lines)
    assert worst is None


def test_the_sample_serves_pages_files_and_addresses_as_it_says(proxy, served):
    """The sample is a whole: what it says of its log, of files, and of figures holds."""
    for path, wanted in (
        ("/", b"200"),
        ("/static/app.css", b"200"),
        ("/metrics", b"404"),
        ("/t/a-token", b"404"),
    ):
        with dial(proxy.secure, secure=True) as line:
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
            assert line.recv(64).split()[1] == wanted
    with dial(proxy.plain, secure=False) as line:
        line.sendall(f"GET /m/x HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        said = line.recv(2000).decode()
    assert said.startswith("HTTP/1.1 301")
    assert f"Location: https://{HOST}/m/x" in said
    logged = (proxy.folder / "liaison.log").read_text()
    assert "a-token" not in logged
    assert " /t " in logged
