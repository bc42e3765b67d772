"""Values that must be refused, one row each: what is wrong, in words, and the JSON text that has it."""

MALFORMED: dict[str, bytes] = {
    "an empty body": b"",
    "white space only": b" \n",
    "an array": b"[]",
    "an event inside an array": b'[{"type": "withdraw", "amount": "42.00", "user_id": 1, "t": 1}]',
    "a string": b'"event"',
    "a number": b"42",
    "true": b"true",
    "null": b"null",
    "bare NaN": b"NaN",
    "words": b"type=deposit&amount=42.00",
    "an object cut short": b'{"type": "withdraw", "amount": "42',
    "two objects": b"{} {}",
    "a comma at the end": b'{"type": "withdraw",}',
    "single quotes": b"{'type': 'withdraw'}",
    "a comment": b"{} // nothing",
    "5000 arrays deep": b"[" * 5000 + b"]" * 5000,
    "a member 5000 arrays deep": b'{"type": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    "a member 2000 objects deep": b'{"a":' * 2000 + b"1" + b"}" * 2000,
    "5000 arrays never closed": b"[" * 5000,
    "a byte that is no UTF-8": b'{"type": "\xff"}',
    "UTF-8 cut short": b'{"type": "\xc3"}',
    "a surrogate in UTF-8": b'{"type": "\xed\xa0\x80"}',
    "an overlong letter in UTF-8": b'{"type": "\xc0\xaf"}',
    "a null byte": b'{"type": "\x00"}',
}

# Whole events but for one literal. The place of @ takes the user id.
MALFORMED_EVENTS: dict[str, bytes] = {
    "NaN as amount": b'{"type": "withdraw", "amount": NaN, "user_id": @, "t": 1}',
    "Infinity as amount": b'{"type": "withdraw", "amount": Infinity, "user_id": @, "t": 1}',
    "-Infinity as t": b'{"type": "withdraw", "amount": "42.00", "user_id": @, "t": -Infinity}',
    "a zero in front of t": b'{"type": "withdraw", "amount": "42.00", "user_id": @, "t": 01}',
    "a plus in front of t": b'{"type": "withdraw", "amount": "42.00", "user_id": @, "t": +1}',
    "an amount that starts at the point": b'{"type": "withdraw", "amount": .5, "user_id": @, "t": 1}',
    "an amount that ends at the point": b'{"type": "withdraw", "amount": 5., "user_id": @, "t": 1}',
    "something after the event": b'{"type": "withdraw", "amount": "42.00", "user_id": @, "t": 1} x',
    "a byte order mark": b'\xef\xbb\xbf{"type": "withdraw", "amount": "42.00", "user_id": @, "t": 1}',
}

HUGE = "9" * 5000  # more digits than Python turns into an integer

INVALID_VALUES: dict[str, str] = {
    "null": "null",
    "true": "true",
    "false": "false",
    "an array": "[1]",
    "an object": '{"value": 1}',
    "an empty string": '""',
    "words": '"many"',
    "a lone surrogate": '"\\ud800"',
    "a null character": '"\\u0000"',
}

INVALID_TYPES: dict[str, str] = {
    "another word": '"bet"',
    "upper case": '"WITHDRAW"',
    "a capital": '"Withdraw"',
    "a space around": '" withdraw"',
    "a line end after": '"withdraw\\n"',
    "the plural": '"withdraws"',
    "a number": "1",
}

INVALID_AMOUNTS: dict[str, str] = {
    "zero": '"0"',
    "zero with cents": '"0.00"',
    "the literal zero": "0",
    "the literal zero with cents": "0.00",
    "the literal minus zero": "-0",
    "below zero": '"-1"',
    "the literal below zero": "-1",
    "a plus": '"+1"',
    "an exponent": '"1e2"',
    "the literal with an exponent": "1E2",
    "the literal with an exponent that is small": "1e0",
    "the literal with an exponent past all memory": "1e999999999",
    "the literal with an exponent past all decimals": "1e9999999999999999999",
    "the literal with an exponent to nothing": "1e-9999999999999999999",
    "three decimals": '"1.234"',
    "the literal with three decimals": "1.234",
    "three decimals of which the last is zero": '"1.230"',
    "the literal with three decimals of which the last is zero": "1.230",
    "a literal that a float would round to two decimals": "100.00000000000000001",
    "nothing before the point": '".5"',
    "nothing after the point": '"5."',
    "the point only": '"."',
    "two points": '"1.2.3"',
    "a comma for the point": '"5,00"',
    "a comma between thousands": '"1,000.00"',
    "an underscore": '"1_000"',
    "a space before": '" 5"',
    "a space after": '"5 "',
    "a line end after": '"5\\n"',
    "digits that are not ASCII": '"\u0663"',
    "full-width digits": '"\uff15.00"',
    "13 digits": '"1234567890123"',
    "13 digits of which the first is zero": '"0000000000042"',
    "the literal of 13 digits": "1234567890123",
    "the literal of 13 digits and cents": "1234567890123.45",
    "5000 digits": f'"{HUGE}"',
    "the literal of 5000 digits": HUGE,
    "hexadecimal": '"0x10"',
    "NaN": '"NaN"',
    "Infinity": '"Infinity"',
    "a currency": '"42.00 EUR"',
}

INVALID_INTEGERS: dict[str, str] = {
    "a string": '"1"',
    "a float": "1.0",
    "a float with a fraction": "1.5",
    "an exponent": "1e0",
    "an exponent past all memory": "1e999999999",
    "below zero": "-1",
    "2^63": str(2**63),
    "2^64 + 1": str(2**64 + 1),
    "5000 digits": HUGE,
}

INVALID_LITERALS: dict[str, dict[str, str]] = {
    "type": INVALID_VALUES | INVALID_TYPES,
    "amount": INVALID_VALUES | INVALID_AMOUNTS,
    "user_id": INVALID_VALUES | INVALID_INTEGERS | {"zero": "0"},
    "t": INVALID_VALUES | INVALID_INTEGERS,
}
