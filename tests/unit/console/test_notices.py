"""The notice in a cookie, which a browser may have from anywhere."""

import json
from base64 import urlsafe_b64encode

import pytest
from werkzeug.wrappers import Response

from app.console.cookies import read_notice, set_notice
from app.console.rendering import Notice, NoticeKind

UNDO = "/console/cases/7/undo"


def read(**members: object) -> list[Notice]:
    whole = {"kind": "ok", "text": "Done.", "href": "", "label": "", "is_step": False, **members}
    return [*read_notice({"notice": urlsafe_b64encode(json.dumps(whole).encode()).decode()}, secure=False)]


def test_a_notice_is_read_as_it_was_set() -> None:
    notice = Notice(NoticeKind.OK, "Case 7 is closed.", UNDO, "Undo", is_step=True)
    response = Response()
    set_notice(response, notice, secure=False)
    value = response.headers["Set-Cookie"].partition(";")[0].removeprefix("notice=").strip('"')
    assert read_notice({"notice": value}, secure=False) == [notice]


@pytest.mark.parametrize(
    "href",
    [
        "/console/admin/staff/1/step",
        "/console/cases/7/close",
        "/console/cases/7/undo?x",
        "//evil.example",
        "",
        UNDO * 2,
    ],
)
def test_a_notice_offers_no_step_but_to_undo_a_closing(href: str) -> None:
    [found] = read(href=href, label="Undo", is_step=True)
    assert (found.href, found.label, found.is_step) == ("", "", False)


@pytest.mark.parametrize("is_step", [1, "true", None, {}])
def test_a_step_is_one_only_where_that_is_said_exactly(is_step: object) -> None:
    [found] = read(href="/console/cases/7", label="Show", is_step=is_step)
    assert (found.href, found.is_step) == ("/console/cases/7", False)
