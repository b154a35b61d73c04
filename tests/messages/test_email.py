"""The address of a mail server, and lines to it that are secured and signed in."""

import socket
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from liaison_app.messages.channels import email
from liaison_app.messages.channels.email import BadServer, Server, parse
from liaison_app.messages.errors import TemporaryFailure
from liaison_app.messages.kinds import Outcome

RAW = b"Subject: test\r\n\r\n.a line that starts with a dot\r\n"


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.test", Server("smtp", "mail.example.test", 25, "", "")),
        ("smtps://mail.example.test", Server("smtps", "mail.example.test", 465, "", "")),
        ("smtp+starttls://mail.example.test", Server("smtp+starttls", "mail.example.test", 587, "", "")),
        ("smtp://a%40b.test:p%3A%2F%40ss@h:2525", Server("smtp", "h", 2525, "a@b.test", "p:/@ss")),
        ("smtp://[::1]:2525", Server("smtp", "::1", 2525, "", "")),
    ],
)
def test_an_address_is_read(url, server):
    assert parse(url) == server


@pytest.mark.parametrize(
    "url", ["mail.example.test", "http://mail.example.test", "smtp://", "smtp://h:99999", "smtp://h:x"]
)
def test_an_address_that_cannot_be_read_is_refused_without_showing_the_password(url):
    with pytest.raises(BadServer) as refusal:
        parse(url.replace("//h", "//user:geheim@h"))
    assert "geheim" not in str(refusal.value)


def test_an_address_that_cannot_be_read_is_trouble_that_an_operator_can_mend():
    with (
        pytest.raises(TemporaryFailure, match="LIAISON_SMTP_URL") as failure,
        email.connect("http://h", own_host="h"),
    ):
        pass
    assert failure.value.outcome == Outcome.UNREACHABLE


def test_the_check_says_why_the_server_takes_nothing_and_never_shows_the_password(app, monkeypatch):
    url = "smtp+starttls://user:geheim@localhost:1"
    monkeypatch.setitem(app.config, "LIAISON", replace(app.config["LIAISON"], smtp_url=url))
    found = app.test_cli_runner().invoke(args=["check"])
    assert found.exit_code == 1
    assert "不好  发信：" in found.output
    assert "geheim" not in found.output


def test_without_a_mail_server_all_is_well(app):
    found = app.test_cli_runner().invoke(args=["check"])
    assert "\n好    发信：没有配置" in found.output


class Box:
    def __init__(self):
        self.mails = []
        self.hosts = []

    async def handle_DATA(self, server, session, envelope):
        self.mails.append(envelope.content)
        self.hosts.append(session.host_name)
        return "250 OK"


@pytest.fixture
def certificate(tmp_path, monkeypatch):
    """A certificate for localhost that this test trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


@pytest.fixture
def trusted(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


def check_password(server, session, envelope, mechanism, data):
    is_right = (data.login, data.password) == (b"office", b"p:/@ss")
    return AuthResult(success=is_right, handled=False)


@pytest.fixture
def serve(certificate):
    """Start a mail server: `serve("smtps")`; it wants a password where it speaks TLS."""
    running = []

    def start(scheme: str) -> tuple[Box, str]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        secured = {"smtps": {"ssl_context": context}, "smtp+starttls": {"tls_context": context}}.get(
            scheme, {}
        )
        # The server does not see that the line of smtps is secured.
        auth = {"authenticator": check_password, "auth_require_tls": scheme != "smtps"}
        box = Box()
        controller = Controller(
            box, hostname="localhost", port=free_port(), **secured, **(auth if secured else {})
        )
        controller.start()
        running.append(controller)
        return box, f"{scheme}://office:p%3A%2F%40ss@localhost:{controller.port}"

    yield start
    for controller in running:
        controller.stop()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def send(url: str) -> None:
    with email.connect(url, own_host="mdm.example.test") as line:
        email.send(line, sender="office@example.test", recipient="wang@example.test", raw=RAW)


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_a_mail_goes_over_a_secured_line_with_the_password(serve, scheme):
    box, url = serve(scheme)
    send(url)
    assert box.mails == [RAW]
    assert box.hosts == ["mdm.example.test"]


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_the_check_warns_before_the_servers_certificate_ends(serve, scheme, app, monkeypatch):
    _, url = serve(scheme)
    monkeypatch.setitem(app.config, "LIAISON", replace(app.config["LIAISON"], smtp_url=url))
    # Of the test's certificate one day is left.
    assert "不好  发信：邮件服务器的证书" in app.test_cli_runner().invoke(args=["check"]).output


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_a_wrong_password_is_trouble_that_an_operator_can_mend(serve, scheme):
    _, url = serve(scheme)
    with pytest.raises(TemporaryFailure, match="535") as failure:
        send(url.replace("p%3A", "wrong"))
    assert failure.value.outcome == Outcome.UNREACHABLE
    assert "wrong" not in failure.value.why


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_a_certificate_that_nobody_vouches_for_is_refused(serve, scheme):
    box, url = serve(scheme)
    with pytest.raises(TemporaryFailure, match="certificate verify failed"):
        send(url)
    assert box.mails == []


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_host_is_refused(serve):
    _, url = serve("smtps")
    with pytest.raises(TemporaryFailure, match=r"127\.0\.0\.1"):
        send(url.replace("localhost", "127.0.0.1"))


def test_a_server_that_cannot_secure_the_line_gets_no_password(serve):
    box, url = serve("smtp")
    with pytest.raises(TemporaryFailure, match="STARTTLS"):
        send(url.replace("smtp://", "smtp+starttls://"))
    assert box.mails == []
