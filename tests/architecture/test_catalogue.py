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


def strings(message: Message) -> list[str]:
    """Return the translation, or all its plural forms."""
    return [message.string] if isinstance(message.string, str) else list(message.string)


def placeholders(text: str) -> set[str]:
    """Return the names of what is filled into a text: `{name}` in whatever format, and `%(name)s`."""
    braces = [] if "%(" in text else [name for _, name, _, _ in string.Formatter().parse(text) if name]
    return {*braces, *re.findall(r"%\(\w+\)[a-z]", text)}


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
    unsure = [
        text for text, message in messages(catalogue).items() if message.fuzzy or not all(strings(message))
    ]
    assert unsure == []


def test_each_translation_fills_in_what_the_source_does(catalogue):
    wrong = {
        text: translation
        for text, message in messages(catalogue).items()
        for translation in strings(message)
        if translation and placeholders(text) != placeholders(translation)
    }
    assert wrong == {}


def test_no_chinese_is_left_in_a_translation(catalogue):
    """But for words that have no other form, in brackets or quotes."""
    left = [
        translation
        for message in messages(catalogue).values()
        for translation in strings(message)
        if re.search(r"[\u4e00-\u9fff]", re.sub(r"""[(（\[「“"].*?[)）\]」”"]""", "", translation))
    ]
    assert left == []
