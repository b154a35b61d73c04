"""The WSGI entry: `gunicorn wsgi:application`, `flask --app wsgi …`."""

import os

from liaison_app.app import create_app
from liaison_app.settings import Settings

# Database, uploads and secret are read by this user alone.
os.umask(0o077)

application = create_app(Settings.from_env())
