"""With whom an image is shared, and what they say to it."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from baremetal.db.database import Database
from baremetal.db.tables import image_members
from baremetal.db.types import stamp
from baremetal.domain import image as im
from baremetal.domain.errors import AlreadyExists, NotFound, TooLarge

_C = image_members.c


class ImageMembers:
    """The members of images."""

    def __init__(self, db: Database) -> None:
        """Work on `db`."""
        self._db = db

    def all(self, image: str, only: str | None = None) -> list[dict[str, Any]]:
        """The members of an image, the oldest first; `only` that project."""
        query = sa.select(image_members).where(_C.image_uuid == image).order_by(_C.id)
        if only is not None:
            query = query.where(_C.member == only)
        with self._db.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def get(self, image: str, member: str) -> dict[str, Any]:
        """One of them.

        :raises NotFound: the image is not shared with them.
        """
        found = self.all(image, member)
        if not found:
            raise NotFound("Member", member)
        return found[0]

    def add(self, image: str, member: str, now: datetime) -> None:
        """Share an image; it is pending until they accept it.

        :raises AlreadyExists: it is shared with them.
        :raises TooLarge: it has as many as an image may have.
        """
        if len(self.all(image)) >= im.MAX_MEMBERS:
            raise TooLarge(f"An image has at most {im.MAX_MEMBERS} members.")
        at = stamp(now)
        row = {"image_uuid": image, "member": member, "status": im.PENDING}
        try:
            with self._db.write() as tx:
                tx.execute(image_members.insert(), {**row, "created_at": at, "updated_at": at})
        except IntegrityError as error:
            raise AlreadyExists(f"The image is shared with {member} already.") from error

    def answer(self, image: str, member: str, status: str, now: datetime) -> None:
        """What a member says: accepted, rejected, or pending.

        :raises NotFound: the image is not shared with them.
        """
        mine = sa.and_(_C.image_uuid == image, _C.member == member)
        said = sa.update(image_members).where(mine).values(status=status, updated_at=stamp(now))
        with self._db.write() as tx:
            if tx.execute(said).rowcount != 1:
                raise NotFound("Member", member)

    def remove(self, image: str, member: str) -> None:
        """Share it with them no longer.

        :raises NotFound: it is not shared with them.
        """
        mine = sa.and_(_C.image_uuid == image, _C.member == member)
        with self._db.write() as tx:
            if tx.execute(sa.delete(image_members).where(mine)).rowcount != 1:
                raise NotFound("Member", member)
