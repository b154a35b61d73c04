"""The WSGI entry: `gunicorn wsgi:application`, `flask --app wsgi …`."""

import os
import sys

from liaison_app.app import create_app
from liaison_app.core import logs
from liaison_app.settings import Settings, SettingsRefused

# Database, uploads and secret are read by this user alone.
os.umask(0o077)

try:
    settings = Settings.from_env()
    logs.configure(settings.log_format)
    application = create_app(settings)
except SettingsRefused as refusal:
    # One line for whoever starts it, and no traceback.
    sys.exit(f"Error: {refusal}")
