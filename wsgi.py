"""The WSGI entry: `gunicorn wsgi:application`, `flask --app wsgi …`."""

from liaison_app.app import create_app
from liaison_app.settings import Settings

application = create_app(Settings.from_env())
