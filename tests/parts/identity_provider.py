"""An OpenID Connect provider in a process of its own: it asks who comes, checks what a provider checks, and signs.

`POST /behave` makes it lie, for tests: other claims, another key, no signature, no answer.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import subprocess
import sys
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from flask import Flask, Response, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from joserfc.jws import JWSRegistry
from werkzeug.serving import make_server

from tests.parts.report import note

ROOT = Path(__file__).resolve().parents[2]
CLIENT, SECRET = "liaison-station", "a secret of the provider and us"
FORM = """<!doctype html><title>统一认证</title><form method="post"><label>工号 <input name="who"></label>
<button>登录</button></form>"""


def make_provider(issuer: str) -> Flask:
    """Return the provider as an application."""
    app = Flask("provider")
    key, stranger = (RSAKey.generate_key(2048, {"kid": "first"}) for _ in range(2))
    codes: dict[str, dict[str, str]] = {}
    behaviour: dict[str, Any] = {}
    asked: list[str] = []

    @app.before_request
    def hear() -> Any:
        asked.append(request.path)
        if behaviour.get("is_down") and request.path != "/behave":
            return Response("out of order", 503)
        return None

    @app.post("/behave")
    def behave() -> Any:
        behaviour.clear()
        behaviour.update(request.json)
        asked.clear()
        return jsonify({})

    @app.get("/asked")
    def list_asked() -> Any:
        return jsonify(asked[:-1])

    @app.get("/.well-known/openid-configuration")
    def facts() -> Any:
        told = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/jwks",
            "end_session_endpoint": f"{issuer}/end-session",
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "id_token_signing_alg_values_supported": ["RS256", "none", "HS256"],
        }
        return jsonify({**told, **behaviour.get("facts", {})})

    @app.get("/jwks")
    def jwks() -> Any:
        return jsonify({"keys": [key.as_dict(private=False)]})

    @app.route("/authorize", methods=["GET", "POST"])
    def authorize() -> Any:
        given = request.args
        if given["client_id"] != CLIENT or given["response_type"] != "code":
            return Response("unknown client", 400)
        if given["code_challenge_method"] != "S256" or "openid" not in given["scope"].split():
            return Response("no PKCE", 400)
        if request.method == "GET":
            return FORM
        code = secrets.token_urlsafe(16)
        codes[code] = {**given, "who": request.form["who"]}
        back = urlencode({"code": code, "state": given["state"]})
        return redirect(f"{given['redirect_uri']}?{back}")

    @app.post("/token")
    def token() -> Any:
        basic = b64decode(request.headers.get("Authorization", "Basic ").split(" ", 1)[1]).decode()
        if basic != f"{CLIENT}:{SECRET.replace(' ', '+')}" and basic != f"{CLIENT}:{SECRET}":
            return jsonify({"error": "invalid_client"}), 401
        given = codes.pop(request.form["code"], None)
        if given is None or given["redirect_uri"] != request.form["redirect_uri"]:
            return jsonify({"error": "invalid_grant"}), 400
        if create_s256_code_challenge(request.form["code_verifier"]) != given["code_challenge"]:
            return jsonify({"error": "invalid_grant"}), 400
        access = secrets.token_urlsafe(16)
        half = hashlib.sha256(access.encode()).digest()[:16]
        now = int(time.time())
        claims = {
            "iss": issuer, "sub": given["who"], "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": given["nonce"],
            "at_hash": urlsafe_b64encode(half).decode().rstrip("="), "name": "测试的人",
        }  # fmt: skip
        claims |= behaviour.get("claims", {})
        for name in behaviour.get("without", []):
            del claims[name]
        return jsonify(
            {"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": sign(claims)}
        )

    def sign(claims: dict[str, Any]) -> str:
        by = behaviour.get("signed", "")
        if by == "not at all":
            registry = JWSRegistry(algorithms=["none"])
            return jwt.encode({"alg": "none"}, claims, OctKey.import_key("x"), registry=registry)
        if by == "with our secret":
            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))
        if by == "with the public key":
            public = key.as_pem(private=False)
            registry = JWSRegistry(algorithms=["HS256"])
            return jwt.encode({"alg": "HS256", "kid": "first"}, claims, _as_secret(public), registry=registry)
        signed = jwt.encode(
            {"alg": "RS256", "kid": "first"}, claims, stranger if by == "by a stranger" else key
        )
        if by == "then changed":
            head, _body, tail = signed.split(".")
            other = jwt.encode({"alg": "RS256", "kid": "first"}, {**claims, "sub": "boss"}, stranger)
            return ".".join([head, other.split(".")[1], tail])
        return signed

    @app.get("/end-session")
    def end_session() -> Any:
        return redirect(request.args["post_logout_redirect_uri"])

    return app


def _as_secret(pem: bytes) -> OctKey:
    return OctKey.import_key(urlsafe_b64encode(pem).decode())


class Provider:
    """The process, and how tests talk to it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.parts.identity_provider"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout
        self.issuer = self._process.stdout.readline().strip()
        assert self.issuer, "the provider did not start"

    def settings(self) -> dict[str, Any]:
        """Return the settings of an installation that trusts this provider."""
        return {
            "oidc_issuer": self.issuer,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": SECRET,
            "oidc_name": "统一认证",
        }

    def behave(self, **how: Any) -> None:
        """Be honest again, but for what is named."""
        requests.post(f"{self.issuer}/behave", json=how, timeout=10).raise_for_status()

    def asked(self) -> list[str]:
        """Return the paths that were asked for since `behave`."""
        return requests.get(f"{self.issuer}/asked", timeout=10).json()

    def send_back(self, address: str, who: str) -> str:
        """Prove at an address of the provider to be somebody; return where it sends the browser."""
        answer = requests.post(address, data={"who": who}, timeout=10, allow_redirects=False)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)


@pytest.fixture(scope="session")
def _provider() -> Iterator[Provider]:
    provider = Provider()
    note("OpenID Connect")
    yield provider
    provider.stop()


@pytest.fixture
def provider(_provider: Provider) -> Provider:
    """A provider of single sign-on in its own process, honest at first."""
    _provider.behave()
    return _provider


def main() -> None:
    server = make_server("127.0.0.1", 0, lambda environ, start: served["app"](environ, start), threaded=True)
    issuer = f"http://127.0.0.1:{server.server_port}"
    served = {"app": make_provider(issuer)}
    print(issuer, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
