"""The database handle that the tables belong to, the names of constraints, and the numbers of advisory locks."""

from enum import IntEnum, unique

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


@unique
class AdvisoryLock(IntEnum):
    """PostgreSQL's advisory locks of the service: two with one number would make strangers wait for each other."""

    MIGRATIONS = 7_311_030_300_123
    RULE_BOOK = 7_311_030_300_124
    REGISTER = 7_311_030_300_125
    SEALS = 7_311_030_300_126
    IMPORTS = 7_311_030_300_127
    ENDPOINTS = 7_311_030_300_128
    BACKTESTS = 7_311_030_300_129


db = SQLAlchemy(metadata=MetaData(naming_convention=NAMING))
