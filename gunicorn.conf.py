"""How gunicorn runs the application: read by it from the folder that it is started in."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from liaison_app.core import logs
from liaison_app.operations import running
from liaison_app.settings import Settings, SettingsRefused

try:
    settings = Settings.from_env()
except SettingsRefused as refusal:
    sys.exit(f"Error: {refusal}")
form = settings.log_format

worker_class = "gthread"
# Whoever has pressed a button when the server is stopped still gets an answer.
graceful_timeout = 30
control_socket_disable = True
# Whoever asks from this machine could else say where the application lies, and which page is meant.
forwarder_headers = ""
# Our own line per request has no address in it, and so no personal link.
accesslog = None
loglevel = "warning"
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"own": {"()": logs.JsonLines if form == "json" else logs.Lines}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "own"}},
    "root": {"level": "INFO", "handlers": ["stderr"]},
    "loggers": {
        "gunicorn.error": {"level": "WARNING", "handlers": ["stderr"], "propagate": False},
        "gunicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
        # It names each of its parts as it is imported.
        "alembic.runtime.plugins": {"level": "WARNING"},
    },
}


def on_starting(server):
    """Say that the installation is in use, and make the folder in which the processes count together."""
    running.hold(settings.data)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="liaison-counts-")


def child_exit(server, worker):
    """Let go of what a process that has ended measured of itself."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)


def on_exit(server):
    shutil.rmtree(os.environ.get("PROMETHEUS_MULTIPROC_DIR", ""), ignore_errors=True)
