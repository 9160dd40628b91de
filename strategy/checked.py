"""Models whose values are checked when they are made, and pydantic's findings in one line."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from strategy.errors import ParameterError


class Checked(BaseModel):
    """A frozen model of finite numbers without unknown names.

    Raises:
        ParameterError: an unknown name, a value out of its range, or values that contradict
            each other. It is also a ValueError.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    CALLED: ClassVar[str]  # what messages call one of its values

    def __init__(self, **values: Any) -> None:
        """Check every value; see the class for what is raised."""
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise parameter_error(error, type(self).model_fields, called=self.CALLED) from None


@dataclass(frozen=True)
class Finding:
    """The first thing that pydantic found."""

    name: str  # of the value, its parts joined by dots; empty for the whole
    value: Any
    said: str  # pydantic's sentence
    is_unknown_name: bool
    cause: Exception | None  # what a validator of ours raised

    @property
    def expected(self) -> str:
        """The sentence without its opening words."""
        rest = self.said
        for opening in ("Input should be ", "Value error, "):
            rest = rest.removeprefix(opening)
        return rest[:1].lower() + rest[1:]


def first_finding(error: ValidationError) -> Finding:
    """Return the first thing that pydantic found."""
    first = error.errors(include_url=False)[0]
    return Finding(
        name=".".join(str(part) for part in first["loc"]),
        value=first["input"],
        said=str(first["msg"]),
        is_unknown_name=first["type"] == "extra_forbidden",
        cause=first.get("ctx", {}).get("error"),
    )


def parameter_error(
    error: ValidationError, fields: Mapping[str, FieldInfo], *, called: str
) -> ParameterError:
    """Put pydantic's first finding into one line of ours."""
    found = first_finding(error)
    if isinstance(found.cause, ParameterError):
        return found.cause
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if found.is_unknown_name:
        return ParameterError(
            f"unknown {called} {found.name!r}{more}",
            expected=f"one of {', '.join(fields)}",
            remedy="correct the name",
        )
    field = fields.get(found.name)
    meaning = f" ({field.description})" if field and field.description else ""
    return ParameterError(
        f"{found.name} is {found.value!r}{more}",
        expected=f"{found.expected}{meaning}",
        remedy=f"correct {found.name}",
    )
