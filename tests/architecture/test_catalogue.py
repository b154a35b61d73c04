"""The English catalogue is complete: Chinese is the source of every text."""

import re
import string
import subprocess

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from tests.architecture.source import PRODUCT, ROOT

CATALOGUES = sorted((PRODUCT / "translations").glob("*/LC_MESSAGES/messages.po"))


def key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def messages(catalogue: Catalog) -> dict[str, Message]:
    return {key(message): message for message in catalogue if message.id}


def placeholders(text: str) -> list[str]:
    """Return what is filled into a text: `{name}`, with its format, and `%(name)s`."""
    braces = (
        []
        if "%(" in text
        else [f"{name}:{form}" for _, name, form, _ in string.Formatter().parse(text) if name]
    )
    return sorted([*braces, *re.findall(r"%\(\w+\)[a-z]", text)])


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Catalog:
    """The texts as they stand in the source now."""
    pot = tmp_path_factory.mktemp("catalogue") / "messages.pot"
    subprocess.run(["make", "-s", "extract", f"POT={pot}"], cwd=ROOT, check=True)
    with pot.open("rb") as file:
        return read_po(file)


@pytest.fixture(params=CATALOGUES, ids=lambda path: path.parts[-3], scope="module")
def catalogue(request) -> Catalog:
    with request.param.open("rb") as file:
        return read_po(file)


def test_english_is_there():
    assert "en" in [path.parts[-3] for path in CATALOGUES]


def test_it_holds_just_the_texts_of_the_source(source, catalogue):
    there, wanted = messages(catalogue).keys(), messages(source).keys()
    assert {"missing": wanted - there, "left over": there - wanted} == {
        "missing": set(),
        "left over": set(),
    }, "make catalogue"


def test_each_text_is_translated_and_none_is_a_guess(catalogue):
    unsure = [key(message) for message in messages(catalogue).values() if message.fuzzy or not message.string]
    assert unsure == []


def test_each_translation_fills_in_what_the_source_does(catalogue):
    wrong = {
        text: message.string
        for text, message in messages(catalogue).items()
        if isinstance(message.string, str) and placeholders(text) != placeholders(message.string)
    }
    assert wrong == {}


def test_no_chinese_is_left_in_a_translation(catalogue):
    """But for the names that have no other form, in brackets after the English."""
    left = [
        text
        for text, message in messages(catalogue).items()
        if isinstance(message.string, str)
        and re.search(r"[\u4e00-\u9fff]", re.sub(r"[(（\[「“].*?[)）\]」”]", "", message.string))
    ]
    assert left == []
