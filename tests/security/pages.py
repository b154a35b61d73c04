"""What a page of the product must not hold, read as a browser reads it; and what leads on from it."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlsplit

from tests.security.hostile import ATTRIBUTE, SUM, TAG

LEADS = {"a": "href", "link": "href", "img": "src", "script": "src", "form": "action"}
OUTSIDE = {"mailto", "tel", "webcal"}
PARTS = ("hx-get", "hx-post")
# Where a link to subscribe to a calendar leads: nothing is loaded from there, and the reader has chosen it.
SUBSCRIBES = (
    "https://calendar.google.com/calendar/r?cid=",
    "https://outlook.live.com/calendar/0/addfromweb?url=",
)


class Reader(HTMLParser):
    """Reads one page. `faults` are sentences; `leads` are addresses that a GET follows."""

    def __init__(self, base: str, abroad: str):
        super().__init__(convert_charrefs=True)
        self.base, self.abroad = base, abroad
        self.faults: list[str] = []
        self.leads: list[str] = []
        self.posts = 0
        self._form: dict[str, str] | None = None
        self._has_token = False
        self._script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag.startswith(TAG) or any(name.startswith(ATTRIBUTE) for name in found):
            self.faults.append(f"typed text became <{tag}> {sorted(found)}")
        self.faults += [
            f"<{tag} {name}>" for name in found if name.startswith(("on", "hx-on")) or name == "style"
        ]
        self._script = tag == "script"
        if tag in ("style", "base", "iframe", "object", "embed") or (
            tag == "script" and not found.get("src")
        ):
            self.faults.append(f"<{tag}> in the page")
        self._lead(tag, found)
        if tag == "form":
            self._form, self._has_token = found, False
        elif tag == "input" and found.get("name") == "csrf_token":
            self._has_token = bool(found.get("value"))
        if "hx-post" in found and self._form is None:
            self.faults.append(f"<{tag} hx-post> outside a form")

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._script = False
        if tag == "form" and self._form is not None:
            posts = self._form.get("method", "get").lower() == "post"
            self.posts += posts
            if posts != self._has_token:
                self.faults.append(f"a form of {self._form} {'lacks' if posts else 'shows'} a token")
            self._form = None

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.faults.append(f"a script in the page: {data.strip()[:40]}")
        if SUM in data:
            self.faults.append(f"typed text was run as a template: {data.strip()[:60]}")

    def _lead(self, tag: str, found: dict[str, str]) -> None:
        for name in (LEADS.get(tag, ""), *PARTS):
            if not (name and name in found):
                continue
            address = found[name].strip()
            parts = urlsplit(address)
            if parts.scheme in OUTSIDE or (tag == "a" and address.startswith(SUBSCRIBES)):
                continue
            if tag == "a" and self.abroad and address.startswith(self.abroad):
                continue
            if not address.startswith(self.base + "/") and (
                parts.scheme or parts.netloc or address.startswith(("//", "/\\"))
            ):
                self.faults.append(f"<{tag} {name}> leads outside: {address[:60]}")
            elif name != "hx-post" and (tag != "form" or found.get("method", "get").lower() == "get"):
                self.leads.append(address.removeprefix(self.base).partition("#")[0])


def read(text: str, base: str, *, abroad: str = "") -> Reader:
    """Read a page or a part of one; a link may lead to addresses that begin with `abroad`."""
    reader = Reader(base, abroad)
    reader.feed(text)
    reader.close()
    return reader


def formulas(text: str) -> Iterator[str]:
    """Return the cells of a CSV that a spreadsheet would run."""
    import csv
    from io import StringIO

    for row in csv.reader(StringIO(text.lstrip("\ufeff"))):
        yield from (cell for cell in row if cell.lstrip("\ufeff ").startswith(tuple("=+-@\t\r\n＝＋－＠")))
