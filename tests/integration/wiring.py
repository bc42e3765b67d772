"""The services that an application was built with, for tests that look inside."""

from apiflask import APIFlask

from app.services import Services
from lib.services import services_of


def wiring(app: APIFlask) -> Services:
    return services_of(app, Services)
