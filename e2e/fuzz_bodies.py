"""Malformed requests drawn by Hypothesis: the worst of bytes, of JSON, of numbers and of headers."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from operator import methodcaller

from hypothesis import strategies as st

from e2e.invalid_values import INVALID_AMOUNTS, INVALID_INTEGERS, INVALID_TYPES, INVALID_VALUES
from testkit.bodies import event_text
from testkit.service import LEAKS

# Placeholder for the user id in drawn bodies: a number of as many digits that nothing else hits by chance.
SOMEBODY = 4_815_162_342_481_516_234
MOMENTS = range(8)  # t of the valid events, before they are edited
JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A change of some bytes: at a place, modulo the length, so many go and these come."""

    at: int
    gone: int
    come: bytes

    def __call__(self, body: bytes) -> bytes:
        at = self.at % (len(body) + 1)
        return body[:at] + self.come + body[at + self.gone :]


@dataclass(frozen=True, slots=True, kw_only=True)
class FuzzBody:
    """A request to send: a body with SOMEBODY in place of the user id, edits made after that, and headers."""

    body: bytes
    edits: tuple[Edit, ...] = ()
    content_type: str | None = JSON

    def for_user(self, user_id: int) -> bytes:
        body = self.body.replace(str(SOMEBODY).encode(), str(user_id).encode())
        for edit in self.edits:
            body = edit(body)
        return body


def fuzz_body(texts: st.SearchStrategy[str]) -> st.SearchStrategy[FuzzBody]:
    """Encode lone surrogates too, which UTF-8 forbids."""
    return texts.map(methodcaller("encode", "utf-8", "surrogatepass")).map(lambda body: FuzzBody(body=body))


def literals(values: st.SearchStrategy[object]) -> st.SearchStrategy[str]:
    """JSON as Python writes it: NaN and Infinity too, letters escaped or not."""
    return st.builds(lambda value, escape: json.dumps(value, ensure_ascii=escape), values, st.booleans())


def near(word: str) -> st.SearchStrategy[str]:
    """Words that look like it: another case, one more letter, a letter that is invisible or only looks the same."""
    return st.one_of(
        st.sampled_from([word.upper(), word.title(), word.replace("i", "\u0456"), word + "\u200b", word + "\x00"]),
        st.characters().map(lambda letter: word + letter),
    )


def harmless(text: str) -> bool:
    """Exclude names that look like a leak: refusals repeat names, and Hypothesis takes some from our own source."""
    return not any(leak in text.lower() for leak in LEAKS)


any_text = st.text(st.characters(), max_size=20).filter(harmless)
numbers: st.SearchStrategy[object] = st.one_of(st.integers(), st.integers(2**62, 2**65), st.floats())
scalars: st.SearchStrategy[object] = st.one_of(st.none(), st.booleans(), numbers, any_text)
names = st.sampled_from(["type", "amount", "user_id", "t", "time", "Type", "", "\ud800"]) | any_text
json_values: st.SearchStrategy[object] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=8
)

moments = st.sampled_from(MOMENTS).map(str)
types = st.sampled_from(['"deposit"', '"withdraw"', '"deposit_failed"', '"withdraw_cancelled"'])
events = st.builds(
    lambda kind, amount, t: event_text(SOMEBODY, type=kind, amount=amount, t=t),
    types,
    st.sampled_from(['"42.00"', '"150.00"', '"7"', "70.5", "80"]),
    moments,
)

edits = st.builds(
    Edit, at=st.integers(0, 2**10), gone=st.integers(0, 3), come=st.one_of(st.binary(max_size=2), st.just(b""))
) | st.builds(
    Edit, at=st.integers(0, 2**10), gone=st.integers(0, 1), come=st.sampled_from([b"0", b"9", b'"', b",", b"e", b"."])
)

# Almost a number: each of them as a literal, and within a string.
odd_numbers = st.one_of(
    st.from_regex(r"[-+]?[0-9]{0,15}\.?[0-9]{0,4}([eE][-+]?[0-9]{1,12})?", fullmatch=True),
    st.from_regex(r"\d{1,13}(\.\d{1,3})?\s?", fullmatch=True),
    st.sampled_from(["1", "10", "500"]).map(lambda digits: digits + "0" * 4300),
    st.integers(0, 10**14).map(lambda cents: f"{cents // 100}.{cents % 100:02}"),
)
odd_literals = odd_numbers | odd_numbers.map(lambda text: json.dumps(text, ensure_ascii=False))
near_ids = st.from_regex(r"[A-Za-z0-9._:/ -]{1,66}\n?", fullmatch=True)
odd_words = st.one_of(any_text, st.sampled_from(["deposit", "withdraw"]).flatmap(near))
strange = st.sampled_from(
    [*INVALID_VALUES.values(), *INVALID_TYPES.values(), *INVALID_AMOUNTS.values(), *INVALID_INTEGERS.values()]
)


def nested(opening: str, closing: str) -> Callable[[int], str]:
    return lambda depth: event_text(SOMEBODY, amount=opening * depth + "1" + closing * depth)


def but_for(member: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Draw an event that is whole but for the literal of one member."""
    return st.builds(lambda literal, t: event_text(SOMEBODY, **({"t": t} | {member: literal})), values, moments)


content_types = st.one_of(
    st.none(),
    st.sampled_from(["", "json", "text/json", "text/plain", "application/jsonp", "application/x-ndjson", "*/*"]),
    st.sampled_from(["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml"]),
    st.sampled_from(
        ["application/problem+json", "application/json-patch+json", "APPLICATION/JSON", "application/Json"]
    ),
    st.sampled_from(["utf-8", "latin-1", "utf-16", "nonsense", '"', '"\\', ""]).map(
        lambda name: f"{JSON}; charset={name}"
    ),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30),
)

FUZZ_BODIES: dict[str, st.SearchStrategy[FuzzBody]] = {
    "bytes": st.binary(max_size=200).map(lambda body: FuzzBody(body=body)),
    "events of which some bytes were changed": st.builds(
        lambda text, changes: FuzzBody(body=text.encode(), edits=tuple(changes)),
        events,
        st.lists(edits, min_size=1, max_size=3),
    ),
    "JSON of any kind": fuzz_body(literals(json_values)),
    "objects of the right names": fuzz_body(
        literals(
            st.fixed_dictionaries({"type": scalars, "amount": scalars, "user_id": st.just(SOMEBODY), "t": scalars})
        )
    ),
    "some members of an event and others": fuzz_body(literals(st.dictionaries(names, json_values, max_size=6))),
    "almost an amount": fuzz_body(but_for("amount", odd_literals | strange)),
    "almost a moment": fuzz_body(but_for("t", odd_literals | strange)),
    "almost a user": fuzz_body(but_for("user_id", odd_literals | strange)),
    "almost a type": fuzz_body(but_for("type", literals(odd_words) | strange)),
    "a member more, or twice": fuzz_body(
        st.builds(
            lambda name, value, t: event_text(SOMEBODY, f"{json.dumps(name)}: {value}", t=t),
            names,
            literals(json_values) | odd_literals,
            moments,
        )
    ),
    "almost an id": fuzz_body(
        st.builds(
            lambda literal, t: event_text(SOMEBODY, f'"event_id": {literal}', t=t),
            literals(scalars | near_ids) | strange,
            moments,
        )
    ),
    "nested deeply": fuzz_body(
        st.builds(
            lambda brackets, depth: nested(*brackets)(depth),
            st.sampled_from([("[", "]"), ('{"a":', "}"), ("[", ""), ("[{", "}]"), ('["[",', "]")]),
            st.one_of(st.integers(1, 80), st.integers(80, 2_500)),
        )
    ),
    "another encoding": st.builds(
        lambda text, encoding: FuzzBody(body=text.encode(encoding)),
        events,
        st.sampled_from(["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037", "ascii"]),
    ),
    "another content type": st.builds(
        lambda text, content_type: FuzzBody(body=text.encode(), content_type=content_type), events, content_types
    ),
    "about as long as may be": st.builds(
        lambda text, size: FuzzBody(body=text.encode().ljust(size)), events, st.integers(16 * 1024 - 3, 16 * 1024 + 3)
    ),
}
