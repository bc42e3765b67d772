"""What every refusal looks like: RFC 9457 with the members that the contract adds."""

import httpx

from testkit.service import REPLAY_HEADER

MEMBERS = {"type", "title", "status", "detail", "instance", "request_id"}
Problem = dict[str, object]


def problem_in(response: httpx.Response, status: int, slug: str) -> Problem:
    """Return the problem of a refusal, once its whole form is that of the contract."""
    assert response.status_code == status, f"{response.status_code} instead of {status}: {response.text}"
    media_type = response.headers["Content-Type"].partition(";")[0]
    assert media_type == "application/problem+json", media_type
    problem: Problem = response.json()
    assert set(problem) - {"errors"} == MEMBERS, f"the members are {sorted(problem)}"
    assert_members_fit(problem, status, slug)
    assert problem["request_id"] == response.headers["X-Request-ID"], problem
    assert REPLAY_HEADER not in response.headers, "a refusal is no replay"
    return problem


def assert_members_fit(problem: Problem, status: int, slug: str) -> None:
    assert str(problem["type"]).endswith(slug), problem
    assert problem["status"] == status, problem
    for member in ("type", "title", "detail", "instance", "request_id"):
        assert isinstance(problem[member], str), f"{member} of {problem}"
        assert problem[member], f"{member} of {problem} is empty"


def invalid_fields(problem: Problem) -> set[str]:
    """Names of the fields that `errors` blames, each with at least one reason in words."""
    errors = problem["errors"]
    assert isinstance(errors, dict), problem
    for reasons in errors.values():
        assert isinstance(reasons, list), problem
        assert reasons, problem
        assert all(isinstance(reason, str) and reason for reason in reasons), problem
    return set(errors)
