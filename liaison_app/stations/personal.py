"""Stations are no people: their addresses and numbers are public."""

from liaison_app.core.personal import excuse

from .models import Room, Station

excuse("a public place", Station.address, Room.name)
