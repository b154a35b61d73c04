import re

import pytest
from flask import render_template
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, RadioField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired

from liaison_app.imports.rules import Outcome
from liaison_app.invitations.kinds import AnswerState
from liaison_app.jobs.models import JobState
from liaison_app.messages.kinds import MessageState
from liaison_app.people.rules import MandateState
from liaison_app.scheduling.kinds import MeetingState, RoleCode
from liaison_app.signups.models import SignUpState
from tests.architecture.source import templates

FIELD = '{% from "components/field.html" import field %}{{ field(f) }}'
ALERTS = '{% from "components/alerts.html" import alerts %}{{ alerts(form) }}'
SEATS = '{% from "components/seats.html" import seat_row %}{{ seat_row(pool) }}'
CELL = '{% from "components/table.html" import td %}{{ td("答复", value) }}'
STATES = [
    state
    for states in (MeetingState, AnswerState, SignUpState, MessageState, JobState, MandateState, Outcome)
    for state in states
]


class Form(FlaskForm):
    class Meta:
        csrf = False

    name = StringField("姓名", [DataRequired("请填写姓名")], description="和身份证上一样。")
    role = RadioField(
        "身份",
        [DataRequired("请选一个身份")],
        choices=[SelectChoice("citizen", "居民"), SelectChoice("deputy", "代表")],
    )
    needs = SelectMultipleField(
        "需要帮忙", choices=[SelectChoice("wheelchair", "坐轮椅来"), SelectChoice("sign", "手语")]
    )
    agrees = BooleanField("同意")


@pytest.fixture
def form(app):
    with app.test_request_context("/", method="POST"):
        form = Form(MultiDict({"needs": "sign"}))
        form.validate()
        yield form


def test_a_field_says_label_then_hint_then_error_then_shows_the_control(show, form):
    html = show(FIELD, f=form.name)
    places = [html.index(part) for part in ("<label", "和身份证上一样。", "请填写姓名", "<input")]
    assert places == sorted(places)


def test_a_wrong_control_names_its_hint_and_its_error(show, form):
    html = show(FIELD, f=form.name)
    assert 'aria-describedby="name-hint name-err"' in html
    assert 'aria-invalid="true"' in html


def test_a_list_of_several_keeps_what_was_ticked(show, form):
    html = show(FIELD, f=form.needs)
    assert re.findall(r'value="(\w+)" checked', html) == ["sign"]
    assert html.count('type="checkbox"') == 2


def test_what_may_stay_empty_says_so(show, form):
    assert "可不选" in show(FIELD, f=form.needs)
    assert "可不填" not in show(FIELD, f=form.name)


def test_the_words_of_a_tick_may_hold_a_link(show, form):
    html = show(
        '{% from "components/field.html" import field %}'
        '{% call field(f) %}我看过<a href="/privacy">说明</a>{% endcall %}',
        f=form.agrees,
    )
    assert '<a href="/privacy">说明</a>' in html


def test_the_summary_leads_to_each_wrong_control(show, form):
    html = show(ALERTS + FIELD.replace("(f)", "(form.role)"), form=form)
    assert re.findall(r'<a href="#([\w-]+)"', html) == ["name", "role-0"]
    assert 'id="role-0"' in html


def test_a_form_without_errors_has_no_summary(show, app):
    with app.test_request_context("/"):
        assert show(ALERTS, form=Form()).strip() == ""


@pytest.mark.parametrize("state", STATES)
def test_each_state_has_a_word_a_shape_and_a_colour(show, state):
    html = show(
        '{% from "components/status_tag.html" import status_tag %}{{ status_tag(state) }}', state=state
    )
    word = re.sub(r"<[^>]+>", "", html)
    assert word
    assert not word.isascii()
    assert 'class="tag is-' in html
    assert "#i-" in html


def test_every_shape_that_is_asked_for_is_in_the_sprite(show):
    sprite = set(re.findall(r'symbol id="([\w-]+)"', templates()["_sprite.html"]))
    everything = "\n".join(templates().values())
    icons = set(re.findall(r'\bicon\("(\w+)"\)|\bicon="(\w+)"|"is-\w+", "(\w+)"', everything))
    asked = {f"i-{name}" for found in icons for name in found if name}
    asked |= set(re.findall(r'href="#([is]-[a-z-]+)"', everything))
    seats = "".join(
        show(SEATS, pool={"role": role, "label": "席", "seats": 3, "taken": 1, "held": 1})
        for role in RoleCode
    )
    assert asked | set(re.findall(r"#(s-[\w-]+)", seats)) <= sprite


def test_seats_are_full_half_or_free(show):
    html = show(SEATS, pool={"role": "deputy", "label": "代表", "seats": 6, "taken": 2, "held": 3})
    assert [html.count(f'#{shape}"') for shape in ("s-d", "s-d-h", "s-d-o")] == [2, 3, 1]
    assert "代表 6 席，已定 2 席，等答复 3 席，还有 1 席" in html


def test_many_seats_are_told_not_drawn(show):
    html = show(SEATS, pool={"role": "citizen", "label": "群众", "seats": 100, "taken": 62, "held": 0})
    assert "还有 38 席，共 100 席" in html
    assert "<svg" not in html


@pytest.mark.parametrize("value", [None, ""])
def test_an_empty_cell_vanishes_from_a_card(show, value):
    assert "nil" in show(CELL, value=value)


def test_a_nought_is_no_empty_cell(show):
    assert "nil" not in show(CELL, value=0)


def test_what_people_typed_stays_text(show):
    assert "&lt;b&gt;" in show(CELL, value="<b>")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 429, 500, 503])
def test_an_error_page_is_chinese_and_leads_on(app, status):
    with app.test_request_context("/meetings/7"):
        html = render_template(f"errors/{status}.html", message="", status=status)
    main = html[html.index("<main") : html.index("</main>")]
    assert re.search(r'<a class="btn ink" href="/', main)
    assert not re.search("[A-Za-z]{3,}", re.sub(r"<[^>]+>", "", main))


def test_what_is_looked_up_is_neither_markup_nor_a_pattern_unless_a_template_says_so(show):
    assert show("{{ _(name) }}", name="<b>%(q)s 100%") == "&lt;b&gt;%(q)s 100%"
    assert show('{{ _("退掉%(name)s", name=name) }}', name="<b>") == "退掉&lt;b&gt;"
