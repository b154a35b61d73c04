"""A real IMAP server, Debian's Dovecot, private to the run: its own folder, its own port, no service of the system."""

from __future__ import annotations

import getpass
import grp
import imaplib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.parts.report import do_without, note

USER, PASSWORD = "office", "secret"
CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
protocols = imap
listen = 127.0.0.1
log_path = {folder}/log
imap_id_log = *
ssl = no
disable_plaintext_auth = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_location = maildir:{folder}/mail
first_valid_uid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
"""


class DovecotServer:
    """Serves one mailbox on `url`; `deliver` puts mails into it, `renumber` gives all of them new UIDs."""

    def __init__(self) -> None:
        # Short, for the paths of its sockets are bounded; outside the folders that only root may enter.
        self.folder = Path(tempfile.mkdtemp(prefix="dc", dir="/tmp"))
        # Mail of root is not served: then it is nobody's.
        me = "nobody" if os.getuid() == 0 else getpass.getuser()
        group = grp.getgrgid(pwd.getpwnam(me).pw_gid).gr_name
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        for name in ("run", "state", "mail"):
            (self.folder / name).mkdir()
        if os.getuid() == 0:
            for path in (self.folder, self.folder / "mail"):
                shutil.chown(path, me, group)
        self.folder.chmod(0o755)
        config = self.folder / "conf"
        config.write_text(
            CONFIG.format(folder=self.folder, user=me, group=group, port=self.port, password=PASSWORD)
        )
        self.url = f"imap://{USER}:{PASSWORD}@127.0.0.1:{self.port}/INBOX"
        program = shutil.which("dovecot") or "/usr/sbin/dovecot"
        self._process = subprocess.Popen(
            [program, "-F", "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._wait()

    def _wait(self) -> None:
        give_up = time.monotonic() + 20
        while True:
            try:
                with self._client():
                    return
            except (OSError, imaplib.IMAP4.error):
                if time.monotonic() > give_up or self._process.poll() is not None:
                    said = (self.folder / "log").read_text() if (self.folder / "log").exists() else ""
                    self.stop()
                    raise RuntimeError(f"dovecot did not start:\n{said}") from None
                time.sleep(0.1)

    def _client(self) -> imaplib.IMAP4:
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=10)
        client.login(USER, PASSWORD)
        return client

    def deliver(self, *mails: bytes) -> None:
        with self._client() as client:
            for raw in mails:
                status, said = client.append(
                    "INBOX", "", None, raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
                )
                assert status == "OK", said

    def flags(self) -> list[bool]:
        """Return of each mail, in order, whether it is marked as read."""
        with self._client() as client:
            client.select("INBOX", readonly=True)
            _, found = client.search(None, "ALL")
            _, unseen = client.search(None, "UNSEEN")
            return [number not in unseen[0].split() for number in found[0].split()]

    def renumber(self) -> None:
        """Let the same mails have another UIDVALIDITY, as after a move to another machine."""
        for file in (self.folder / "mail").glob("dovecot*"):
            file.unlink()
        for file in (self.folder / "mail").glob("dovecot-uidlist*"):
            file.unlink()
        time.sleep(1.1)  # it is made of the clock's seconds

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture
def dovecot() -> Iterator[DovecotServer]:
    """A mailbox on a real IMAP server, empty: `make_app(imap_url=dovecot.url)` reads it."""
    if shutil.which("dovecot") is None and not Path("/usr/sbin/dovecot").exists():
        do_without("there is no Dovecot (Debian: apt-get install dovecot-imapd)")
    server = DovecotServer()
    version = subprocess.run(
        [shutil.which("dovecot") or "/usr/sbin/dovecot", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    note(f"Dovecot {version.stdout.split()[0]}")
    yield server
    server.stop()
