"""The settings of one installation: the only reader of the environment."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

KNOWN_WEAK = {"dev", "secret", "changeme", "change-me", "please-change", "test", "123456"}
SHORTEST_SECRET = 32
# For how many days personal data is kept after its purpose is done; `personal.py` of each domain says from when.
RETENTION_DAYS = {"signup": 90, "message": 90, "answer": 90, "contact": 30, "sign_in": 180, "upload": 1}


class SettingsRefused(Exception):
    """The environment does not describe an installation that may start; the text says why in one line."""


@dataclass(frozen=True)
class Settings:
    """All that an operator may set. Units stand in the names; every field has a safe default for a demo.

    `database_url` empty means SQLite in `data`. `smtp_url` is `smtp://user:password@host:port`,
    `smtps://…` or `smtp+starttls://…`; empty keeps every message on the messages page. `backup_key` is the
    passphrase of the backups; without one they are not encrypted. `fetch_hosts` are hosts of the own network
    (`name` or `name:port`) whose calendars may be read, `fetch_ca_file` the authority that signs for them.
    """

    data: Path = Path("instance")
    database_url: str = ""
    smtp_url: str = ""
    imap_url: str = ""
    mail_authserv: str = ""
    mail_from: str = "liaison@example.test"
    base_url: str = "http://127.0.0.1:8000"
    secret_key: str = ""
    mode: str = "demo"
    office_name: str = "上街区人大常委会代表工作委员会"
    office_phone: str = "0371-0000 0011"
    trusted_proxies: int = 0
    idle_minutes: int = 30
    absolute_hours: int = 12
    web_processes: int = 1
    demo_wanted: bool = True
    three_admins: bool = False
    password_rules: str = "long"
    second_factor_roles: tuple[str, ...] = ()
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_client_secret_file: str = ""
    oidc_name: str = ""
    oidc_second_factor: tuple[str, ...] = ()
    sso_only: bool = False
    retention: str = ""
    log: str = ""
    backup_key: str = ""
    backup_folder: str = ""
    backup_keep: int = 14
    metrics_token: str = ""
    limits: bool = True
    fetch_hosts: tuple[str, ...] = ()
    fetch_ca_file: str = ""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read `LIAISON_*`; raises SettingsRefused with one line for a person who starts the program."""
        env = os.environ if environ is None else environ
        mode = env.get("LIAISON_MODE", "demo")
        if mode not in {"demo", "production"}:
            raise SettingsRefused("LIAISON_MODE 只能是 demo 或 production。")
        data = Path(env.get("LIAISON_DATA", "instance")).resolve()
        settings = cls(
            data=data,
            database_url=env.get("LIAISON_DATABASE_URL", ""),
            smtp_url=env.get("LIAISON_SMTP_URL", ""),
            imap_url=env.get("LIAISON_IMAP_URL", ""),
            mail_authserv=env.get("LIAISON_MAIL_AUTHSERV", ""),
            mail_from=env.get("LIAISON_MAIL_FROM", cls.mail_from),
            base_url=env.get("LIAISON_BASE_URL", "" if mode == "production" else cls.base_url).rstrip("/"),
            secret_key=env.get("LIAISON_SECRET_KEY", ""),
            mode=mode,
            office_name=env.get("LIAISON_OFFICE_NAME", cls.office_name),
            office_phone=env.get("LIAISON_OFFICE_PHONE", cls.office_phone),
            trusted_proxies=_number(env, "LIAISON_TRUSTED_PROXIES", cls.trusted_proxies),
            idle_minutes=_number(env, "LIAISON_IDLE_MINUTES", cls.idle_minutes),
            absolute_hours=_number(env, "LIAISON_ABSOLUTE_HOURS", cls.absolute_hours),
            web_processes=_number(env, "LIAISON_WEB_PROCESSES", cls.web_processes),
            demo_wanted=env.get("LIAISON_DEMO", "1") not in {"", "0"},
            password_rules=_one_of(env, "LIAISON_PASSWORD_RULES", ("long", "dengbao")),
            second_factor_roles=_words(env, "LIAISON_SECOND_FACTOR_ROLES"),
            oidc_issuer=env.get("LIAISON_OIDC_ISSUER", ""),
            oidc_client_id=env.get("LIAISON_OIDC_CLIENT_ID", ""),
            oidc_client_secret=env.get("LIAISON_OIDC_CLIENT_SECRET", ""),
            oidc_client_secret_file=env.get("LIAISON_OIDC_CLIENT_SECRET_FILE", ""),
            oidc_name=env.get("LIAISON_OIDC_NAME", ""),
            oidc_second_factor=_words(env, "LIAISON_OIDC_SECOND_FACTOR"),
            sso_only=env.get("LIAISON_SSO_ONLY", "") not in {"", "0"},
            retention=env.get("LIAISON_RETENTION", ""),
            three_admins=env.get("LIAISON_THREE_ADMINS", "") not in {"", "0"},
            log=_one_of(env, "LIAISON_LOG", ("", "json", "text")),
            backup_key=env.get("LIAISON_BACKUP_KEY", ""),
            backup_folder=env.get("LIAISON_BACKUP_FOLDER", ""),
            backup_keep=_number(env, "LIAISON_BACKUP_KEEP", cls.backup_keep),
            metrics_token=env.get("LIAISON_METRICS_TOKEN", ""),
            limits=env.get("LIAISON_LIMITS", "1") not in {"", "0"},
            fetch_hosts=tuple(host.lower() for host in _words(env, "LIAISON_FETCH_HOSTS")),
            fetch_ca_file=env.get("LIAISON_FETCH_CA_FILE", ""),
        )
        return settings.checked(debug=env.get("FLASK_DEBUG", "") not in {"", "0"})

    def checked(self, *, debug: bool = False) -> Settings:
        """Return these settings with a secret, or raise SettingsRefused where they are not safe to start with."""
        if debug:
            # A debugger on a page runs what a stranger types (SECURITY I1).
            raise SettingsRefused("不能打开 FLASK_DEBUG：出错时会把程序内部给人看。")
        if self.mode == "production":
            if not self.base_url:
                raise SettingsRefused("正式运行要设 LIAISON_BASE_URL，例如 https://mdm.example.gov.cn。")
            if not self.secret_key:
                raise SettingsRefused("正式运行要设 LIAISON_SECRET_KEY（至少 32 个字符的随机串）。")
        _ = self.retention_days
        if self.fetch_ca_file and not Path(self.fetch_ca_file).is_file():
            raise SettingsRefused("LIAISON_FETCH_CA_FILE 指的文件读不出来。")
        self._make_folder()
        secret = self.secret_key or self._kept_secret()
        if len(secret) < SHORTEST_SECRET or secret.lower() in KNOWN_WEAK:
            raise SettingsRefused(f"LIAISON_SECRET_KEY 太短或太常见，至少要 {SHORTEST_SECRET} 个随机字符。")
        return Settings(
            **{**self.__dict__, "secret_key": secret, "oidc_client_secret": self._client_secret()}
        )

    def _client_secret(self) -> str:
        """Return the secret that the single sign-on knows this installation by, out of its file where it has one."""
        if self.oidc_issuer and not (is_safe_address(self.oidc_issuer) and self.oidc_client_id):
            raise SettingsRefused("LIAISON_OIDC_ISSUER 要以 https 开头，还要设 LIAISON_OIDC_CLIENT_ID。")
        if self.sso_only and not self.oidc_issuer:
            raise SettingsRefused("LIAISON_SSO_ONLY 要先设 LIAISON_OIDC_ISSUER，不然谁也登录不了。")
        if not self.oidc_client_secret_file:
            return self.oidc_client_secret
        try:
            return Path(self.oidc_client_secret_file).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise SettingsRefused("LIAISON_OIDC_CLIENT_SECRET_FILE 指的文件读不出来。") from error

    def _make_folder(self) -> None:
        try:
            self.data.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsRefused(f"数据文件夹 {self.data} 建不了：{error.strerror}。") from error

    def _kept_secret(self) -> str:
        """Return the secret that this data folder was given at its first start, by whichever process came first."""
        place = self.data / "secret-key"
        try:
            if not place.exists():
                fresh = self.data / f".secret-key-{os.getpid()}-{secrets.token_hex(4)}"
                with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                    file.write(secrets.token_urlsafe(48))
                with suppress(FileExistsError):
                    os.link(fresh, place)
                fresh.unlink()
            return place.read_text(encoding="ascii").strip()
        except OSError as error:
            raise SettingsRefused(f"数据文件夹 {self.data} 写不进去：{error.strerror}。") from error

    @property
    def log_format(self) -> str:
        return self.log or ("text" if self.is_demo else "json")

    @property
    def backups(self) -> Path:
        """The folder of the backups: one of its own, on another disk where there is one."""
        return Path(self.backup_folder) if self.backup_folder else self.data / "backups"

    @property
    def retention_days(self) -> dict[str, int]:
        """Return for how many days each kind of personal data is kept. Raises SettingsRefused."""
        days = dict(RETENTION_DAYS)
        for entry in self.retention.replace(",", " ").split():
            kind, _, number = entry.partition("=")
            if (
                kind not in days
                or not number.isascii()
                or not number.isdigit()
                or not 1 <= int(number) <= 3650
            ):
                raise SettingsRefused(
                    f"LIAISON_RETENTION 写成 signup=90 这样，天数 1 到 3650；能写的有 {'、'.join(days)}。现在是“{entry}”。"
                )
            days[kind] = int(number)
        return days

    @property
    def is_demo(self) -> bool:
        return self.mode == "demo"

    @property
    def secure(self) -> bool:
        """Whether people reach the program by HTTPS, so that cookies must never travel without it."""
        return self.base_url.startswith("https://")

    @property
    def sqlalchemy_url(self) -> str:
        if not self.database_url:
            return f"sqlite:///{self.data / 'liaison.sqlite3'}"
        for plain in ("postgresql://", "postgres://"):
            if self.database_url.startswith(plain):
                return "postgresql+psycopg://" + self.database_url.removeprefix(plain)
        return self.database_url


def is_safe_address(address: str) -> bool:
    """Return whether what is sent to an address cannot be read on the way: HTTPS, or this very machine."""
    url = urlsplit(address)
    return bool(url.hostname) and (
        url.scheme == "https" or (url.scheme == "http" and url.hostname in {"localhost", "127.0.0.1", "::1"})
    )


def _one_of(env: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    """Return the value of a variable, by default the first of `choices`."""
    text = env.get(name, "") or choices[0]
    if text not in choices:
        raise SettingsRefused(f"{name} 只能是 {'、'.join(choices)}，现在是“{text}”。")
    return text


def _words(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(word for word in env.get(name, "").replace(",", " ").split() if word)


def _number(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit():
        raise SettingsRefused(f"{name} 要填整数，现在是“{text}”。")
    return int(text)
