"""One view for page and fragment."""

from typing import Any

from flask import Response, make_response, redirect, render_template, request


def wants_fragment() -> bool:
    """Return whether htmx asked for a part of the page (a restored history entry wants the whole)."""
    return bool(request.headers.get("HX-Request")) and not request.headers.get("HX-History-Restore-Request")


def render(page: str, fragment: str | None = None, *, status: int = 200, **context: Any) -> Response:
    """Answer with `fragment` where htmx asked and there is one, else with the whole `page`."""
    template = fragment if fragment and wants_fragment() else page
    response = make_response(render_template(template, **context), status)
    response.vary.add("HX-Request")
    return response


def leave(url: str) -> Response:
    """Send the browser on to another page after a POST; htmx is told in a header, so that it does not swap a part."""
    if wants_fragment():
        return make_response("", 204, {"HX-Redirect": url})
    return make_response(redirect(url, 303))
