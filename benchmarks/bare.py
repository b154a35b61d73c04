"""The bare Flask application to compare with: the same rows by ORM, the same durable commit, nothing else.

No guard, no translation, no shared frame, no security headers, no check of the form, no seats to keep.
Served as `benchmarks.bare:application`, on a copy of the product's SQLite database that BARE_DATABASE names.
"""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime

from flask import Flask, redirect, render_template_string, request, url_for
from flask.typing import ResponseReturnValue
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, ForeignKey, event, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship, selectinload

PAGE = """<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><title>{{ meeting.title }}</title></head><body>
<h1>{{ meeting.title }}</h1>
<p>{{ meeting.starts_at }}–{{ meeting.ends_at }} {{ meeting.place_text }}</p>
<p>{{ meeting.unit.name }} {{ meeting.station.address }}</p>
<p>{{ meeting.about }}</p><p>{{ meeting.agenda }}</p>
<ul>{% for one in meeting.participants %}
<li>{{ one.unit.short_name if one.unit }} {{ one.title }} {{ one.person.name }}</li>
{% endfor %}</ul>
<form method="post" action="{{ url_for("page", code=meeting.code) }}">
{% for pool in meeting.pools %}
<label><input type="radio" name="pool" value="{{ pool.id }}">{{ pool.role }} {{ pool.seats }} {{ taken.get(pool.id, 0) }}</label>
{% endfor %}
<input name="name"><input name="mobile"><button>报名</button></form>
</body></html>"""


class Model(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Model)


class Unit(Model):
    __tablename__ = "org_unit"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    short_name: Mapped[str]


class Station(Model):
    __tablename__ = "station"
    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str]


class Person(Model):
    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Meeting(Model):
    __tablename__ = "meeting"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    title: Mapped[str]
    place_text: Mapped[str]
    about: Mapped[str]
    agenda: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    unit_id: Mapped[int] = mapped_column(ForeignKey("org_unit.id"))
    station_id: Mapped[int] = mapped_column(ForeignKey("station.id"))
    unit: Mapped[Unit] = relationship()
    station: Mapped[Station] = relationship()
    participants: Mapped[list[Participant]] = relationship()
    pools: Mapped[list[Pool]] = relationship()


class Participant(Model):
    __tablename__ = "participant"
    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"))
    title: Mapped[str]
    person: Mapped[Person] = relationship(lazy="joined")
    unit: Mapped[Unit | None] = relationship(lazy="joined")


class Pool(Model):
    __tablename__ = "pool"
    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"))
    role: Mapped[str]
    seats: Mapped[int]


class SignUp(Model):
    __tablename__ = "signup"
    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int]
    pool_id: Mapped[int]
    name: Mapped[str]
    name_key: Mapped[str]
    mobile: Mapped[bytes]
    mobile_key: Mapped[str]
    organisation: Mapped[str] = mapped_column(default="")
    needs: Mapped[str] = mapped_column(default="")
    privacy_version: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default="confirmed")
    ticket_code: Mapped[str]
    signed_up_at: Mapped[datetime]


@event.listens_for(Engine, "connect")
def _as_durable_as_the_product(connection, record) -> None:
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}")


application = Flask(__name__)
application.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{os.environ.get('BARE_DATABASE', '')}"
db.init_app(application)


@application.get("/ready")
def ready() -> ResponseReturnValue:
    return "ok"


@application.get("/m/<code>")
def page(code: str) -> ResponseReturnValue:
    meeting = db.session.scalars(
        select(Meeting)
        .where(Meeting.code == code)
        .options(
            joinedload(Meeting.unit),
            joinedload(Meeting.station),
            selectinload(Meeting.participants),
            selectinload(Meeting.pools),
        )
    ).one()
    counted = (
        select(SignUp.pool_id, func.count()).where(SignUp.meeting_id == meeting.id).group_by(SignUp.pool_id)
    )
    taken = dict(db.session.execute(counted).tuples().all())
    return render_template_string(PAGE, meeting=meeting, taken=taken)


@application.post("/m/<code>")
def sign_up(code: str) -> ResponseReturnValue:
    meeting_id = db.session.scalars(select(Meeting.id).where(Meeting.code == code)).one()
    db.session.add(
        SignUp(
            meeting_id=meeting_id,
            pool_id=int(request.form["pool"]),
            name=request.form["name"],
            name_key=request.form["name"],
            mobile=request.form["mobile"].encode(),
            mobile_key=request.form["mobile"],
            ticket_code=secrets.token_hex(8),
            signed_up_at=datetime.now(UTC).replace(tzinfo=None),
        )
    )
    db.session.commit()
    return redirect(url_for("page", code=code), 303)
