"""The colours can be read: WCAG 2.2 asks 4.5 of text and 3 of the borders of controls."""

import re

import pytest

from tests.architecture.source import PRODUCT, templates

CSS = (PRODUCT / "static" / "app.css").read_text(encoding="utf-8")
PAPERS = ("paper", "sheet", "sunk")
TEXTS = ("ink", "ink-2", "ink-3", "seal", "blue", "green", "amber", "grey")


def tokens(selector: str) -> dict[str, str]:
    """Return the colours that the first rule of `selector` sets."""
    rule = re.search(rf"^{re.escape(selector)} \{{(.*?)\}}", CSS, re.DOTALL | re.MULTILINE)
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", rule[1] if rule else ""))


LIGHT = tokens(":root")
MODES = {
    "light": LIGHT,
    "elder": LIGHT | tokens("html.elder"),
    "contrast": LIGHT | tokens("html.contrast"),
}


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(sign * 2 for sign in colour[1:])
    channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("text", TEXTS)
def test_text_can_be_read_on_every_paper(mode, text):
    colours = MODES[mode]
    assert min(contrast(colours[text], colours[paper]) for paper in PAPERS) >= (
        7 if mode == "contrast" else 4.5
    )


@pytest.mark.parametrize("mode", MODES)
def test_the_borders_of_controls_can_be_seen(mode):
    colours = MODES[mode]
    assert min(contrast(colours["edge"], colours[paper]) for paper in PAPERS) >= 3


@pytest.mark.parametrize("colour", ["seal", "blue", "green", "amber", "grey"])
def test_a_state_can_be_read_on_its_own_wash(colour):
    assert contrast(LIGHT[colour], LIGHT[f"{colour}-w"]) >= 4.5


def test_white_on_the_seal_can_be_read():
    assert contrast("#fff", LIGHT["seal"]) >= 4.5


def test_no_token_is_asked_for_that_nobody_sets():
    asked = set(re.findall(r"var\(--([\w-]+)", CSS))
    assert asked <= set(re.findall(r"--([\w-]+):", CSS))


def test_every_state_class_has_its_colour():
    used = set(re.findall(r"\bis-[a-z]+\b", templates()["components/status_tag.html"]))
    assert used <= set(re.findall(r"\.(is-[a-z]+)", CSS))
