"""What all tests share: no time is a reason to fail, and it is all one who started them (make does, with a prefix)."""

import os

from hypothesis import HealthCheck, settings

from lib import hints
from lib.local import hints as hints_of_make

for told_by_make in (hints.PREFIX, hints_of_make.PREFIX):
    os.environ.pop(told_by_make, None)

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
