"""What a page shows of a form."""

from werkzeug.datastructures import MultiDict

from app.console.forms import Form


def form(**more: object) -> Form:
    return Form(action="/console/me", csrf="token", **more)  # type: ignore[arg-type]


def test_messages_are_found_by_field_however_deep() -> None:
    shown = form(
        errors={
            "name": ["Too long.", "No digits."],
            "roles": {0: ["Unknown."], 3: {"of": ["Not that."]}},
            "_schema": ["Too late."],
        }
    )
    assert shown.messages("name") == ["Too long.", "No digits."]
    assert shown.messages("roles") == ["Unknown.", "Not that."]
    assert shown.messages("zone") == []
    assert shown.wrong() == [
        ("f-name", "Too long."),
        ("f-name", "No digits."),
        ("f-roles", "Unknown."),
        ("f-roles", "Not that."),
        ("", "Too late."),
    ]


def test_a_message_may_stand_alone() -> None:
    assert form(errors={"name": "Too long."}).messages("name") == ["Too long."]


def test_two_forms_of_a_page_have_ids_of_their_own() -> None:
    assert form().id("name") != form(prefix="other").id("name")


def test_each_form_is_sent_under_an_id_of_its_own_unless_it_is_shown_again() -> None:
    assert form().form_id != form().form_id
    assert form(form_id="same", values=MultiDict({"name": "x"})).form_id == "same"
