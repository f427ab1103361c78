"""A field appears once: name, kind, the version that brought it, and who may write it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, ClassVar, Literal

import sqlalchemy as sa
import wsme
import wsme.types as wtypes

from baremetal.api.types.kinds import Kind
from baremetal.domain.errors import InvalidInput, NotAcceptable, UnknownField

Writable = Literal["never", "create", "always", "patch"]


class Field(wsme.wsattr):
    """One field of a resource.

    `writable` is ``create`` (in POST alone), ``patch`` (in PATCH alone) or ``always``.
    `nullable` says whether null may be given, which writes `empty`. `computed` makes a
    field of other columns: (base URL, value of `source`) -> raw JSON.
    """

    def __init__(  # noqa: PLR0913 - a declaration, all by keyword
        self,
        kind: Kind,
        *,
        since: int = 1,
        writable: Writable = "never",
        mandatory: bool = False,
        nullable: bool = True,
        empty: Any = None,
        about: str = "",
        source: str | None = None,
        computed: Callable[[str, Any], str] | None = None,
        needs: tuple[str, ...] = (),
    ) -> None:
        """Declare the field; `needs` names columns for what each request makes of them."""
        super().__init__(  # type: ignore[no-untyped-call]
            kind, mandatory=mandatory, readonly=writable == "never"
        )
        self.kind = kind
        self.since = since
        self.writable = writable
        self.nullable = nullable
        self.empty = empty
        self.about = about
        self.source = source
        self.computed = computed
        self.needs = needs


@dataclass(frozen=True, slots=True)
class Resource:
    """How a type is served: its names, its table, its short view."""

    singular: str
    plural: str
    table: sa.Table
    summary: tuple[str, ...]


class Type(wtypes.Base):
    """The base of all resource types."""

    __resource__: ClassVar[Resource]
    #: What a caller may give beside the fields when it creates one.
    __beside__: ClassVar[Mapping[str, Field]] = {}
    #: JSON schema of members of the caller's own, where a resource may have such.
    __others__: ClassVar[Mapping[str, Any] | None] = None


@cache
def fields_of(cls: type[Type]) -> Mapping[str, Field]:
    """The fields of a type in the order of their declaration."""
    attributes = wtypes.list_attributes(wtypes.register_type(cls) and cls)
    ordered = sorted(attributes, key=lambda attribute: list(vars(cls)).index(attribute.key))
    return {attribute.name: attribute for attribute in ordered}


@lru_cache(maxsize=1024)
def visible(cls: type[Type], version: int) -> tuple[str, ...]:
    """The names of the fields that a version shows."""
    return tuple(name for name, field in fields_of(cls).items() if field.since <= version)


def selected(cls: type[Type], text: str, version: int) -> tuple[str, ...]:
    """The fields that ``?fields=`` names; ``links`` always comes along.

    :raises InvalidInput: one that the resource does not have.
    :raises NotAcceptable: one that the version does not have.
    """
    known = fields_of(cls)
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InvalidInput(f'Field(s) "{", ".join(unknown)}" are not valid')
    for name in names:
        if known[name].since > version:
            raise NotAcceptable(
                f"Field {name} needs API version 1.{known[name].since} or newer; "
                f"this request is for 1.{version}."
            )
    wanted = dict.fromkeys(names)
    if "links" in known:
        wanted["links"] = None
    return tuple(wanted)


def parse(
    cls: type[Type], given: Mapping[str, Any], version: int, verb: Writable
) -> dict[str, Any]:
    """The given fields, checked and made canonical, as columns; what is missing stays out.

    `verb` is ``create`` or ``patch``.

    :raises InvalidInput: naming the field, what is wrong with it.
    :raises NotAcceptable: a field that is newer than the version.
    """
    known = fields_of(cls)
    where = cls.__resource__.singular
    values: dict[str, Any] = {}
    for name, value in given.items():
        field = known.get(name)
        if field is None:
            raise UnknownField(name, where, writable_names(cls, version, verb))
        if field.writable not in ("always", verb):
            raise InvalidInput(f"Field '{name}' of a {where} can not be set by a caller.")
        if field.since > version:
            raise NotAcceptable(
                f"Field {name} needs API version 1.{field.since} or newer; "
                f"this request is for 1.{version}."
            )
        values[field.source or name] = checked(field, name, value, where)
    if verb == "create":
        missing = [n for n, f in known.items() if f.mandatory and n not in given]
        if missing:
            raise InvalidInput(f"Schema error for {where}: '{missing[0]}' is a required property")
    return values


def checked(field: Field, name: str, value: Any, where: str) -> Any:
    """One value, made canonical.

    :raises InvalidInput: naming the field and what is wrong with its value.
    """
    if value is None:
        if field.mandatory or not field.nullable:
            raise InvalidInput(f"Invalid value for field '{name}' of {where}: it must not be null")
        return field.empty
    try:
        return field.kind.validate(value)
    except ValueError as error:
        raise InvalidInput(f"Invalid value for field '{name}' of {where}: {error}") from error


def writable_names(cls: type[Type], version: int, verb: Writable) -> tuple[str, ...]:
    """The fields that a caller may set."""
    return tuple(
        name
        for name, field in fields_of(cls).items()
        if field.writable in ("always", verb) and field.since <= version
    )


def columns_for(cls: type[Type], names: Iterable[str]) -> tuple[str, ...]:
    """The table's columns that the named fields are made of, each once."""
    known = fields_of(cls)
    found = (
        column for name in names for column in (known[name].needs or (known[name].source or name,))
    )
    return tuple(dict.fromkeys(column for column in found if column in cls.__resource__.table.c))
