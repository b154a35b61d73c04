"""Every route wears exactly one guard; `create_app` refuses to start with a bare one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Protocol

from flask import Flask, abort, g, redirect, request, url_for

from liaison_app.core import clock
from liaison_app.core.errors import Missing
from liaison_app.core.htmx import wants_fragment
from liaison_app.core.text import local
from liaison_app.core.web import SAFE_METHODS
from liaison_app.limits import requests as limits
from liaison_app.limits.rules import PUBLIC_WRITE, Limit

from .permissions import Permission

View = Callable[..., Any]


class Guarded(Protocol):
    """A thing that belongs to a part of the organisation; `unit_paths` are the paths that own it."""

    @property
    def unit_paths(self) -> Iterable[str]: ...


class BareRoute(RuntimeError):
    """A route without a guard: a fault of the program."""


def public(view: View | None = None, *, on: Callable[..., Any] | None = None, is_secret: bool = False) -> Any:
    """Let anybody in. With `on`, load the thing from the URL parameters first (Missing → 404).

    What is sent from one network is counted. `is_secret` says that the URL itself is the key: misses are counted
    as well, and whoever tries out too many is told to wait (SECURITY B1).
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(**params: Any) -> Any:
            if request.method not in SAFE_METHODS:
                limits.expect(PUBLIC_WRITE, limits.visitor(PUBLIC_WRITE))
            return _counted(view, _found(on, params, is_secret)) if on else _counted(view, **params)

        return _marked(guarded, "public")

    return guard(view) if view else guard


def signed_in(view: View | None = None, *, fresh: bool = False, always: bool = False) -> Any:
    """Let in whoever has signed in, whatever the role.

    `fresh` asks for the password again where that was a while ago; `always` lets in also who has a duty to do
    first, such as changing an old password: the pages where it is done.
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(**params: Any) -> Any:
            return _detour(always=always) or (_ask_again() if fresh else None) or view(**params)

        return _marked(guarded, "signed_in")

    return guard(view) if view else guard


def requires(
    *permissions: Permission,
    on: Callable[..., Guarded] | None = None,
    fresh: bool = False,
    limit: Limit | None = None,
) -> Callable[[View], View]:
    """Let in who holds one of `permissions`: on the unit of the loaded thing, or, without `on`, on any unit.

    The loaded thing is handed to the view. A thing of a foreign unit is Missing, as one that does not exist.
    `fresh` is for grave steps: whoever did not give the password just now is asked for it again. Such a route
    answers GET as well, for that is where the question leads back to. `limit` is how often an account may ask.
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(**params: Any) -> Any:
            if detour := _detour():
                return detour
            if limit:
                limits.expect(limit, f"account:{g.account.id}")
            if on is None:
                if not any(map(allowed_paths, permissions)):
                    abort(403)
                return (_ask_again() if fresh else None) or _counted(view, **params)
            thing = on(**params)
            if not any(may(one, thing) for one in permissions):
                # For the trail, which keeps whose thing it was; the answer does not tell.
                g.refused_unit_id = _own_id(max(thing.unit_paths, key=len, default=""))
                raise Missing
            return (_ask_again() if fresh else None) or _counted(view, thing)

        return _marked(guarded, "requires " + " | ".join(permissions))

    return guard


def _found(on: Callable[..., Any], params: dict[str, Any], is_secret: bool) -> Any:
    """Return the thing behind a public address; a secret one that is wrong is counted."""
    try:
        return on(**params)
    except Missing:
        if is_secret:
            limits.count_miss()
        raise


def _counted(view: View, *args: Any, **params: Any) -> Any:
    """Return a view's answer, once the request is counted where it has a limit."""
    answer = view(*args, **params)
    limits.settle()
    return answer


def may(permission: Permission, thing: Guarded) -> bool:
    """Return whether the signed-in account holds `permission` on one of the units of `thing`."""
    held = allowed_paths(permission)
    return any(path.startswith(reach) for path in thing.unit_paths for reach in held)


def allowed_paths(permission: Permission) -> list[str]:
    """Return the unit paths below which the signed-in account holds `permission`; none for a stranger."""
    return g.account.paths_for(permission, local(clock.now()).date()) if g.account else []


def _own_id(path: str) -> int | None:
    """Return the number of the unit at the end of its path."""
    number = path.strip("/").rpartition("/")[2]
    return int(number) if number.isdigit() else None


def _detour(*, always: bool = False) -> Any:
    """Return where a request has to go first, or None: a stranger to sign in, somebody with a duty to do it."""
    if not g.account:
        return ask_to_sign_in()
    duty = g.get("duty")
    return _go(url_for(duty)) if duty and not always else None


def _ask_again() -> Any:
    """Return the way to the question for the password, or None where it was answered just now."""
    if g.get("is_fresh"):
        return None
    return _go(url_for("sign_in.confirm", next=request.full_path.rstrip("?")))


def ask_to_sign_in() -> Any:
    """Send a stranger to the sign-in page; an htmx request gets the address in a header instead."""
    return _go(
        url_for("accounts.login", next=request.full_path.rstrip("?") if request.method == "GET" else None)
    )


def _go(target: str) -> Any:
    if wants_fragment():
        return "", 401, {"HX-Redirect": target}
    return redirect(target, 303)


def refuse_bare_routes(app: Flask) -> None:
    """Raise BareRoute, naming every endpoint that wears no guard."""
    bare = [
        endpoint
        for endpoint, view in app.view_functions.items()
        if endpoint != "static" and not hasattr(view, "liaison_guard")
    ]
    if bare:
        raise BareRoute(", ".join(sorted(bare)))


def _marked(view: View, guard: str) -> View:
    if hasattr(view.__wrapped__, "liaison_guard"):  # type: ignore[attr-defined]
        raise BareRoute(f"{view.__name__} wears two guards")
    view.liaison_guard = guard  # type: ignore[attr-defined]
    return view
