"""What plain resources have in common: list, show, create, change, delete."""

from collections.abc import Callable
from typing import Any

import orjson

from baremetal.api.body import read_object
from baremetal.api.call import Answer, Call
from baremetal.api.listing import Listing
from baremetal.api.patch import changed, read_patch
from baremetal.api.render import serialiser
from baremetal.api.types.base import Type, columns_for, fields_of, parse, selected, visible
from baremetal.db.nodes import retried
from baremetal.db.records import Records

Row = dict[str, Any]


def _unchecked(_call: Call, _values: Row, _row: Row | None) -> None:
    """Whatever the type allows is right."""


class RecordController:
    """The controllers of one plain resource.

    `records` opens its rows; `check` judges values before they are written (the row is
    None for a new one); `names` are the columns, beside uuid, that may stand in a path.
    """

    def __init__(
        self,
        cls: type[Type],
        listing: Listing,
        records: Callable[[Call], Records],
        check: Callable[[Call, Row, Row | None], None] = _unchecked,
        names: tuple[str, ...] = (),
    ) -> None:
        """Serve `cls`."""
        self._cls = cls
        self._listing = listing
        self._records = records
        self._check = check
        self._names = names

    def list(self, call: Call) -> Answer:
        """A page."""
        return self._listing.answer(call)

    def list_details(self, call: Call) -> Answer:
        """A page with all fields."""
        return self._listing.answer(call, detail=True)

    def row(self, call: Call) -> Row:
        """The row that the path names: by name as soon as the version has names.

        :raises NotFound: there is none.
        """
        known = fields_of(self._cls)
        names = (name for name in self._names if known[name].since <= call.version)
        return self._records(call).get(call.args["ident"], *names)

    def show(self, call: Call) -> Answer:
        """One of them."""
        return self.answer(call, self.row(call))

    def answer(self, call: Call, row: Row) -> Answer:
        """A row with the fields that the request asks for."""
        names = visible(self._cls, call.version)
        if "fields" in call.query:
            names = selected(self._cls, call.query["fields"], call.version)
        return Answer(self.document(call, row, names))

    def create(self, call: Call) -> Answer:
        """Add one."""
        values = parse(self._cls, read_object(call.raw), call.version, "create")
        for name, field in fields_of(self._cls).items():
            if field.writable in ("always", "create") and field.empty is not None:
                values.setdefault(name, field.empty)
        values.setdefault("uuid", call.services.clock.new_uuid())
        self._check(call, values, None)
        self._records(call).insert(values, call.services.clock.now())
        row = self._records(call).get(values["uuid"])
        plural = self._cls.__resource__.plural
        location = {"Location": f"{call.base}/v1/{plural}/{row['uuid']}"}
        return Answer(self.document(call, row), 201, location)

    def update(self, call: Call) -> Answer:
        """Apply a JSON PATCH."""
        patch = read_patch(call)

        def change() -> Row:
            row = self.row(call)
            values = changed(self._cls, row, patch, call.version)
            self._check(call, values, row)
            if values:
                self._records(call).update(row, values, call.services.clock.now())
            return row

        row = retried(change)
        return Answer(self.document(call, self._records(call).get(row["uuid"])))

    def delete(self, call: Call) -> Answer:
        """Remove one."""
        self._records(call).delete(self.row(call)["uuid"])
        return Answer(status=204)

    def document(self, call: Call, row: Row, names: tuple[str, ...] | None = None) -> bytes:
        """A row as JSON."""
        names = names or visible(self._cls, call.version)
        known = {field.source or name: field for name, field in fields_of(self._cls).items()}
        values = []
        for column in columns_for(self._cls, names):
            field = known.get(column)
            raw = row[column]
            as_text = field is not None and field.kind.stored_as == "json"
            values.append(orjson.dumps(raw).decode() if as_text else raw)
        return serialiser(self._cls, names)(values, call.base, {}).encode()
