import ast
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.architecture.source import PRODUCT, is_message, modules, templates

PAGES = sorted(name for name in templates() if name.endswith(".html") and not is_message(name))
WRITES = {"hx-post", "hx-put", "hx-patch", "hx-delete"}
OTHER_HOST = re.compile(r"(?:https?:)?//[\w{]", re.IGNORECASE)


class Tags(HTMLParser):
    """The start tags of a template as if every branch of it were taken."""

    def __init__(self, text: str):
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        text = re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)
        text = re.sub(r"\{%.*?%\}", "", text, flags=re.DOTALL)
        self.feed(re.sub(r"\{\{.*?\}\}", "x", text, flags=re.DOTALL))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def tags(name: str) -> list[tuple[str, dict[str, str | None]]]:
    return Tags(templates()[name]).found


def test_every_template_compiles(product):
    for name in templates():
        product.jinja_env.get_template(name)


@pytest.mark.parametrize("name", PAGES)
def test_it_carries_no_style_and_no_script_of_its_own(name):
    """The content policy would refuse them."""
    wrong = [
        (tag, key) for tag, attrs in tags(name) for key in attrs if key == "style" or key.startswith("on")
    ]
    wrong += [
        (tag, "inline")
        for tag, attrs in tags(name)
        if tag == "style" or (tag == "script" and not attrs.get("src"))
    ]
    assert wrong == []


@pytest.mark.parametrize("name", sorted(name for name in templates() if name.endswith(".html")))
def test_it_loads_nothing_from_another_host(name):
    loads = {"src", "srcset", "poster", "data", "action", "hx-get", "hx-post"}
    wrong = [
        (tag, key, value)
        for tag, attrs in tags(name)
        for key, value in attrs.items()
        if (key in loads or (tag in {"link", "use"} and key.endswith("href")))
        and OTHER_HOST.match(value or "")
    ]
    assert wrong == []


def assets() -> list[Path]:
    return sorted(path for path in (PRODUCT / "static").rglob("*") if path.suffix in {".css", ".js", ".svg"})


@pytest.mark.parametrize("file", assets(), ids=lambda file: file.name)
def test_no_asset_loads_anything_from_another_host(file):
    text = re.sub(r"/\*.*?\*/", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = re.sub(r"(?m)(^|\s)//.*$", "", text).replace("http://www.w3.org/", "")
    assert re.findall(r"https?://\S+|[\"'(]//\w\S+", text) == []


@pytest.mark.parametrize("name", PAGES)
def test_what_htmx_sends_stands_on_a_real_form_or_link(name):
    wrong = []
    for tag, attrs in tags(name):
        if WRITES & attrs.keys() and not (tag == "form" and "action" in attrs and "method" in attrs):
            wrong.append((tag, attrs))
        if "hx-get" in attrs:
            is_link = tag == "a" and "href" in attrs
            is_form = tag == "form" and "action" in attrs
            is_control = tag in {"input", "select", "textarea", "button"} and "name" in attrs
            if not (is_link or is_form or is_control):
                wrong.append((tag, attrs))
        wrong += [
            (tag, key)
            for key in attrs
            if key in {"hx-boost", "hx-on", "hx-vals", "hx-inherit"} or key.startswith("hx-on:")
        ]
    assert wrong == []


@pytest.mark.parametrize("name", PAGES)
def test_each_form_that_writes_carries_its_token(name):
    """`csrf_token` by hand, or a WTForms form's `hidden_tag()`."""
    for form in re.findall(r"<form\b.*?</form>", templates()[name], flags=re.DOTALL):
        opening = form[: form.index(">") + 1]
        if re.search(r'method="post"', opening, re.IGNORECASE):
            assert re.search(r"csrf_token|hidden_tag\(\)|caller\(", form), opening


@pytest.mark.parametrize("name", PAGES)
def test_a_link_to_a_new_window_gives_nothing_away(name):
    for tag, attrs in tags(name):
        if tag == "a" and attrs.get("target") == "_blank":
            assert "noopener" in (attrs.get("rel") or "")


def fragments() -> set[str]:
    """Return the templates that views give to htmx in place of the page."""
    return {
        keyword.value.value
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "fragment" and isinstance(keyword.value, ast.Constant) and keyword.value.value
    }


def test_a_fragment_is_one_element_that_bears_its_name():
    wrong = {}
    for name in fragments():
        stem = name.rsplit("/", 1)[-1].removesuffix(".html").removeprefix("_")
        _, attrs = tags(name)[0]
        if (attrs.get("id") or "").replace("-", "_") != stem:
            wrong[name] = attrs.get("id")
    assert wrong == {}


def test_every_macro_is_used():
    everything = "\n".join(templates().values())
    unused = [
        macro
        for text in templates().values()
        for macro in re.findall(r"\{%-?\s*macro\s+(\w+)", text)
        if len(re.findall(rf"\b{macro}\b\s*\(", everything)) < 2
    ]
    assert unused == []
