"""The use cases of keys for people: those of the commands, for those whose roles allow it (A85)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from app.access import controllers
from app.access.controllers import Rotation
from app.access.domain import PREFIX_BYTES, ApiKey, KeyHistory, KeyList, NoSuchKey, Scope
from app.access.queries import KeyQueries
from app.access.services import AccessServices
from app.staff.permissions import Actor, Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key to make; without `valid_for` it lasts as long as the settings allow, else for ever.

    `form` is the random id of the form that asks for it, in hexadecimal: the same form makes no second key.
    """

    name: str
    scopes: Collection[Scope]
    owner: str | None
    valid_for: timedelta | None
    form: str | None


def keys(services: AccessServices, actor: Actor) -> KeyList:
    """Return all keys; raises `NotPermitted`."""
    actor.require(Permission.KEYS_WRITE)
    return controllers.list_keys(services.database, services.key_max_age)


def key(services: AccessServices, actor: Actor, key_id: int) -> KeyHistory:
    """Return a key with its audit and its last refusals; raises `NoSuchKey` or `NotPermitted`."""
    actor.require(Permission.KEYS_WRITE)
    return controllers.show_key(services.database, _prefix(services, key_id), services.key_max_age)


def make(services: AccessServices, actor: Actor, new: NewKey) -> str:
    """Make a key and return it, this one time.

    Raises `LifetimeTooLong`, `KeyExists`, `NotPermitted` or `NotConfirmed`.
    """
    actor.require_confirmed(Permission.KEYS_WRITE)
    return controllers.create_key(
        services.database,
        new.name,
        new.scopes,
        new.valid_for,
        owner=new.owner,
        max_age=services.key_max_age,
        who=actor.name,
        prefix=_prefix_of_form(new.form),
    )


def rotate(
    services: AccessServices, actor: Actor, key_id: int, overlap: timedelta, *, form: str | None = None
) -> Rotation:
    """Replace a key by a new one, and let the older one expire after the `overlap`.

    Raises `NoSuchKey`, `InactiveKey`, `KeyExists`, `NotPermitted` or `NotConfirmed`.
    """
    actor.require_confirmed(Permission.KEYS_WRITE)
    return controllers.rotate_key(
        services.database,
        _prefix(services, key_id),
        overlap,
        max_age=services.key_max_age,
        who=actor.name,
        prefix=_prefix_of_form(form),
    )


def revoke(services: AccessServices, actor: Actor, key_id: int) -> ApiKey:
    """Revoke a key and return it; raises `NoSuchKey`, `NotPermitted` or `NotConfirmed`."""
    actor.require_confirmed(Permission.KEYS_WRITE)
    return controllers.revoke_key(services.database, _prefix(services, key_id), who=actor.name)


def set_owner(services: AccessServices, actor: Actor, key_id: int, owner: str) -> ApiKey:
    """Name the owner of a key, for good; return the key as it was.

    Raises `NoSuchKey`, `KeyHasOwner`, `NotPermitted` or `NotConfirmed`.
    """
    actor.require_confirmed(Permission.KEYS_WRITE)
    return controllers.set_owner(services.database, _prefix(services, key_id), owner, who=actor.name)


def _prefix(services: AccessServices, key_id: int) -> str:
    with services.database.transaction(trial=True) as current:
        prefix = KeyQueries(current).prefix(key_id)
    if prefix is None:
        raise NoSuchKey(f"there is no key {key_id}")
    return prefix


def _prefix_of_form(form: str | None) -> str | None:
    """Return the prefix of the key that a form makes: the same form cannot make a second one."""
    return form[: 2 * PREFIX_BYTES] if form else None
