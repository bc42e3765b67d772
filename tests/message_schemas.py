"""What the OpenAPI document says of the messages to endpoints, to compare real ones with it."""

from collections.abc import Iterator, Mapping
from typing import Any

from openapi_schema_validator import OAS31Validator, oas31_format_checker


class MessageSchemas:
    """The section `webhooks` of a document, with a validator for each type of message."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._described: Mapping[str, Any] = {topic: item["post"] for topic, item in document["webhooks"].items()}
        self._parameters: Mapping[str, Any] = document["components"]["parameters"]
        components = {"components": document["components"]}
        self._validators = {
            topic: OAS31Validator({**_schema(each), **components}, format_checker=oas31_format_checker)
            for topic, each in self._described.items()
        }

    @property
    def topics(self) -> set[str]:
        return {*self._described}

    def faults(self, body: Mapping[str, Any]) -> list[str]:
        """Return where the body of a message differs from the schema of its type; empty if it does not."""
        errors = self._validators[body["type"]].iter_errors(body)
        return [f"{body['type']} {error.json_path}: {error.message}" for error in errors]

    def headers(self, topic: str) -> Iterator[str]:
        """Yield the headers that every message of a type has."""
        used = (each["$ref"].rpartition("/")[2] for each in self._described[topic]["parameters"])
        return (name for name in used if self._parameters[name]["required"])


def _schema(operation: Mapping[str, Any]) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = operation["requestBody"]["content"]["application/json"]["schema"]
    return schema
