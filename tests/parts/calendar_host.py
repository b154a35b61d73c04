"""A host of somebody else's calendars in a process of its own, by HTTPS, that answers well and badly.

`GET /asked` gives what it was asked: path and headers, one after the other. `PUT /<name>` makes `/<name>` a calendar.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from liaison_app.core.fetch import Trust
from tests.parts.report import note

ROOT = Path(__file__).resolve().parents[2]
MEGABYTE = 1024 * 1024
LOGIN_PAGE = "<!doctype html><title>统一认证</title><form><input name=user></form>"
ASKED: list[tuple[str, dict[str, str]]] = []
FILES: dict[str, bytes] = {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_PUT(self) -> None:
        FILES[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.give(b"")

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/asked":
            self.give(json.dumps(ASKED).encode())
            ASKED.clear()
            return
        ASKED.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        step = getattr(self, "at_" + parts.path.strip("/").replace("-", "_").partition(".")[0], None)
        if parts.path in FILES:
            self.give_file(FILES[parts.path])
        elif step:
            step(parse_qs(parts.query))
        else:
            self.give(b"", status=404)

    def give(self, body: bytes, *, status: int = 200, length: int | None = None, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def give_file(self, body: bytes) -> None:
        mark = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == mark:
            self.give(b"", status=304, ETag=mark)
            return
        self.give(gzip.compress(body), ETag=mark, Content_Encoding="gzip", Content_Type="text/calendar")

    def at_login(self, asked: dict[str, list[str]]) -> None:
        self.give(LOGIN_PAGE.encode(), Content_Type="text/html; charset=utf-8")

    def at_bomb(self, asked: dict[str, list[str]]) -> None:
        self.give(gzip.compress(bytes(100 * MEGABYTE), 9), Content_Encoding="gzip")

    def at_huge(self, asked: dict[str, list[str]]) -> None:
        self.give(b"x" * (6 * MEGABYTE))

    def at_drip(self, asked: dict[str, list[str]]) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "25")
        self.end_headers()
        self.drip(b"x" * 25)

    def at_drip_head(self, asked: dict[str, list[str]]) -> None:
        self.drip(b"HTTP/1.1 200 OK\r\nX: yyyyyy\r\n\r\n")

    def drip(self, body: bytes) -> None:
        for place in range(len(body)):
            self.wfile.write(body[place : place + 1])
            self.wfile.flush()
            time.sleep(0.1)
        self.close_connection = True

    def at_half(self, asked: dict[str, list[str]]) -> None:
        self.give(b"BEGIN:VCALENDAR\r\n", length=5000)

    def at_brotli(self, asked: dict[str, list[str]]) -> None:
        self.give(b"xx", Content_Encoding="br")

    def at_garbage(self, asked: dict[str, list[str]]) -> None:
        self.give(b"no gzip at all", Content_Encoding="gzip")

    def at_redirect(self, asked: dict[str, list[str]]) -> None:
        self.give(b"", status=302, Location=asked["to"][0], Set_Cookie="who=us; Path=/")

    def at_circle(self, asked: dict[str, list[str]]) -> None:
        self.give(b"", status=302, Location="/circle")

    def at_away(self, asked: dict[str, list[str]]) -> None:
        self.give(b"", status=int(asked["status"][0]))


@dataclass(frozen=True)
class CalendarHost:
    """Where the host is, and what an operator writes down to let it be asked."""

    url: str
    port: int
    ca_file: str
    second_port: int

    @property
    def trust(self) -> Trust:
        return Trust(frozenset({f"localhost:{self.port}"}), self.ca_file)

    @property
    def settings(self) -> dict[str, Any]:
        return {"fetch_hosts": tuple(self.trust.hosts), "fetch_ca_file": self.ca_file}

    def _ask(self, path: str, body: bytes | None = None) -> bytes:
        asking = Request(self.url + path, body, method="PUT" if body is not None else "GET")
        with urlopen(asking, context=ssl.create_default_context(cafile=self.ca_file), timeout=10) as answer:
            return answer.read()

    def put(self, path: str, body: bytes) -> str:
        """Let `path` be this calendar from now on, and return its address."""
        self._ask(path, body)
        return self.url + path

    def asked(self) -> list[tuple[str, dict[str, str]]]:
        """Return what was asked since the last time."""
        return json.loads(self._ask("/asked"))


def make_certificates(folder: Path) -> None:
    """Write `ca.pem`, `host.pem` and `host.key` for localhost."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("Test CA", "localhost")]
    for place, (name, key) in enumerate(zip(names, keys, strict=True)):
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(names[0])
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=place == 0, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[0].public_key()), critical=False
            )
        )
        if place:
            hosts = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
            made = made.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        pem = made.sign(keys[0], hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        (folder / ("host.pem" if place else "ca.pem")).write_bytes(pem)
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "host.key").write_bytes(keys[1].private_bytes(*plain))


@pytest.fixture(scope="session")
def calendar_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CalendarHost]:
    """A host of calendars on two ports of loopback; only the first is one that its `trust` names."""
    folder = tmp_path_factory.mktemp("calendar-host")
    make_certificates(folder)
    command = [sys.executable, "-m", "tests.parts.calendar_host", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    first, second = map(int, process.stdout.readline().split())
    note("HTTPS")
    try:
        yield CalendarHost(f"https://localhost:{first}", first, str(folder / "ca.pem"), second)
    finally:
        process.terminate()
        process.wait(10)


def main(folder: Path) -> None:
    """Serve on two ports, and say which."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "host.pem", folder / "host.key")
    servers = []
    for _ in range(2):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        servers.append(server)
    print(*(server.server_address[1] for server in servers), flush=True)
    threading.Thread(target=servers[0].serve_forever, daemon=True).start()
    servers[1].serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
