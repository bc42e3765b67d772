"""What a worker process of the server loads."""

from apiflask import APIFlask

from app.factory import create_app
from lib import lifeline


def worker() -> APIFlask:
    """Make the application of one worker, which ends when the server's main process is gone."""
    lifeline.watch_parent()
    return create_app()
