import pytest

from app.staff.permissions import BUNDLES, NotPermitted, Permission, Role, permissions_of, person, roles_with, shell


@pytest.mark.parametrize("permission", Permission)
def test_some_role_has_each_permission(permission: Permission) -> None:
    assert roles_with(permission)


def test_an_admin_sees_no_case_and_no_customer() -> None:
    assert not BUNDLES[Role.ADMIN] & {Permission.CASES_READ, Permission.CUSTOMERS_READ, Permission.REPORTS_READ}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AUDITOR])
def test_who_only_reads_changes_nothing(role: Role) -> None:
    assert all(each.endswith((":read", "exports:make")) for each in BUNDLES[role])


def test_a_person_has_the_permissions_of_all_roles() -> None:
    ann = person(3, "Ann", [Role.ANALYST, Role.PUBLISHER])
    assert ann.name == "staff:3 Ann"
    assert ann.permissions == BUNDLES[Role.ANALYST] | BUNDLES[Role.PUBLISHER]


def test_a_refusal_names_the_permission_and_the_roles_that_have_it() -> None:
    with pytest.raises(NotPermitted, match="cases:assign; roles that have it: lead"):
        person(3, "Ann", [Role.ANALYST]).require(Permission.CASES_ASSIGN)


def test_the_shell_may_do_everything() -> None:
    assert shell("root").permissions == frozenset(Permission)


def test_no_role_allows_nothing() -> None:
    assert permissions_of([]) == frozenset()
