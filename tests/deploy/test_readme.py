"""The README says every setting with its default, names no command that is not there, and shows its pictures."""

import re
from dataclasses import fields

import pytest
from flask import Flask

from liaison_app.settings import Settings
from tests.architecture.source import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
# LIAISON_X | default | meaning
ROWS = dict(re.findall(r"^\| `(LIAISON_\w+)` \| (.+?) \| .+ \|$", README, re.MULTILINE))
NAMES = {f"LIAISON_{field.name.upper()}": field.default for field in fields(Settings)}
NAMES["LIAISON_DEMO"] = NAMES.pop("LIAISON_DEMO_WANTED")
LARGEST_PICTURE = 200 * 1024


def test_every_setting_has_its_row_and_no_other_has_one():
    read = set(re.findall(r"LIAISON_\w+", (ROOT / "liaison_app" / "settings.py").read_text(encoding="utf-8")))
    assert ROWS.keys() == NAMES.keys()
    assert read >= NAMES.keys()


@pytest.mark.parametrize("name", NAMES)
def test_the_default_is_the_one_of_the_program(name):
    default = NAMES[name]
    shown = {"": "（空）", "()": "（空）", "True": "`1`", "False": "`0`"}.get(str(default), f"`{default}`")
    assert ROWS[name] == shown


def test_without_an_environment_the_settings_are_the_defaults(tmp_path):
    settings = Settings.from_env({"LIAISON_DATA": str(tmp_path)})
    changed = {"data", "secret_key"}
    assert all(
        getattr(settings, field.name) == field.default
        for field in fields(Settings)
        if field.name not in changed
    )


def test_every_command_of_the_readme_is_there(app: Flask):
    (table,) = re.findall(r"\| 命令 \| 做什么 \|\n\|---\|---\|\n((?:\|.*\n)+)", README)
    named = {row.split("`")[1].split()[0] for row in table.splitlines()}
    own = {
        "serve", "worker", "seed-demo", "import", "check", "backup", "restore", "first-account", "access-matrix", "audit-seal",
        "audit-verify", "privacy-replay", "sign-in-link", "inbox",
    }  # fmt: skip
    assert named == own | {"db"}
    assert named <= app.cli.commands.keys()


def test_what_the_readme_links_to_is_there_and_its_pictures_are_small():
    linked = [target for target in re.findall(r"\]\(([^)]+)\)", README) if "://" not in target]
    assert linked
    assert [target for target in linked if not (ROOT / target).is_file()] == []
    pictures = [ROOT / target for target in linked if target.endswith(".png")]
    assert all(picture.stat().st_size <= LARGEST_PICTURE for picture in pictures)
