"""The floor: the same server, with the same workers and threads, and the same framework, answering a constant.

`python -m bench.floor` serves it with the settings of the service, from the same environment.
"""

from apiflask import APIFlask

from app.config import read_settings
from app.server import server
from lib import lifeline, logs


def worker() -> APIFlask:
    """Make the application of one worker."""
    lifeline.watch_parent()
    floor = APIFlask("floor")

    @floor.post("/event")
    def answer() -> dict[str, object]:
        return {"alert": False, "alert_codes": [], "user_id": 1}

    return floor


def main() -> None:
    """Serve it exactly as the service, except for the application that the workers load."""
    settings = read_settings()
    logs.configure(settings.log_level, settings.log_format, settings.log_file)
    lifeline.watch()
    same = server(settings)
    same.target = "bench.floor:worker"
    same.serve()


if __name__ == "__main__":
    main()
