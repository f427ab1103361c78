"""The way to the database: many readers, and on SQLite exactly one writer."""

import sqlite3
import threading
import time
import zlib
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from baremetal.db.tables import LOCK_ROWS, locks
from baremetal.db.types import JsonText
from baremetal.domain.errors import Unavailable

#: How long a writer may queue for the one SQLite write connection, seconds.
_WRITE_QUEUE_SECONDS = 60

#: What writers of events take part in, and a reader may want to itself.
RECORDING = "baremetal events"
_ADVISORY = sa.text("SELECT pg_advisory_xact_lock(hashtext(:what))")
_ADVISORY_SHARED = sa.text("SELECT pg_advisory_xact_lock_shared(hashtext(:what))")
# MariaDB has none that end with a transaction: there a lock is a row, found by a hash of its name.
_ROW = sa.select(locks.c.id).where(locks.c.id == sa.bindparam("row"))
_ROW_ALONE = _ROW.with_for_update()
_ROW_SHARED = _ROW.with_for_update(read=True)
#: More rows than any select has.
_ALL = 2**31 - 1
#: Page cache of each SQLite connection, of which each thread has one.
_CACHE_KIB = 512
#: How long, and how often, to try to enter WAL mode, seconds.
_WAL_SECONDS = 10.0
_WAL_LOOK_SECONDS = 0.01
#: A server's connection that was used so lately is taken to be alive, seconds.
_FRESH_SECONDS = 1.0
#: A server ends a transaction in which nothing has happened for so long: whoever froze in the
#: middle of one would keep its locks from all others.
_MOST_IDLE_SECONDS = 5


class Database:
    """Connections to one database, given as an SQLAlchemy URL.

    SQLite runs in WAL mode. Its writers share a pool of one connection, which is
    the queue that makes ``database is locked`` impossible within this process.
    """

    def __init__(self, url: str, pool_size: int = 32) -> None:
        """Prepare the pools; nothing is opened before the first use."""
        self.url = sa.make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self._writer = _sqlite_engine(self.url, pool_size=1)
            # Threads keep their own readers; 0 is without limit.
            self._reader = _sqlite_engine(self.url, pool_size=0)
            sa.event.listen(self._writer, "begin", _begin_immediate)
        else:
            self._writer = _server_engine(self.url, pool_size // 2)
            # A pool of its own: an autocommitting connection must never meet a writer.
            self._reader = _server_engine(self.url, pool_size // 2, isolation_level="AUTOCOMMIT")
        dbapi = self._reader.dialect.loaded_dbapi
        self._lost = (dbapi.OperationalError, dbapi.InterfaceError)
        self._own = threading.local()
        #: Statements that readers have compiled for this database, by what they find them by.
        self.prepared: dict[Hashable, Prepared] = {}

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection for statements that each see what is committed.

        :raises Unavailable: the database does not answer.
        """
        with self._translated(), self._reader.connect() as connection:
            yield connection

    def fetch(self, sql: str, parameters: Any, size: int = _ALL) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of one ready-made select, `size` at a time.

        :raises Unavailable: the database does not answer.
        """
        with self._translated():
            connection: Any = self._own_connection() if self.is_sqlite else self._checked_out()
            try:
                cursor = connection.cursor()
                cursor.execute(sql, parameters)
                while rows := cursor.fetchmany(size):
                    yield rows
            except self._lost:
                connection.invalidate()
                self._own.connection = None
                raise
            finally:
                if not self.is_sqlite:
                    connection.close()

    def _own_connection(self) -> Any:
        """A connection that this thread keeps: taking one from the pool costs more than a read.

        Only for SQLite, where connections are cheap; servers count them.
        """
        connection = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = self._checked_out()
        return connection

    def _checked_out(self) -> Any:
        return self._reader.raw_connection()

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction, committed at the end of the block or not at all.

        :raises Unavailable: the database does not answer, or its disk is full.
        """
        with self._translated(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """What the database and the way to it may fail with, as `Unavailable`."""
        try:
            yield
        except PoolTimeout as error:
            raise Unavailable(
                "All connections to the database are in use ([database] pool_size). Retry later."
            ) from error
        except (OperationalError, InterfaceError, DisconnectionError, *self._lost) as error:
            reason = getattr(error, "orig", error)
            raise Unavailable(
                f"The database does not answer: {reason}. Nothing was changed; retry later."
            ) from error
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            raise Unavailable(
                f"The database does not answer: {error.orig}. Nothing was changed; retry later."
            ) from error

    @property
    def reader(self) -> sa.Engine:
        """The engine for reads, to compile queries for."""
        return self._reader

    @property
    def writer(self) -> sa.Engine:
        """The engine itself, for migrations."""
        return self._writer

    def close(self) -> None:
        """Close all connections, but for those that other threads keep until they end."""
        own, self._own.connection = getattr(self._own, "connection", None), None
        if own is not None:
            own.close()
        self._writer.dispose()
        self._reader.dispose()


def one_at_a_time(tx: sa.Connection, what: str) -> None:
    """Wait until no other transaction does `what`; then none does until this one ends."""
    _take(tx, what, _ADVISORY, _ROW_ALONE)


def before_or_after(tx: sa.Connection, what: str) -> None:
    """Take part in `what` beside others, but not beside one who wants it `one_at_a_time`."""
    _take(tx, what, _ADVISORY_SHARED, _ROW_SHARED)


def _take(tx: sa.Connection, what: str, advisory: Any, row: Any) -> None:
    name = tx.dialect.name
    if name == "postgresql":
        tx.execute(advisory, {"what": what})
    elif name in ("mysql", "mariadb"):
        tx.execute(row, {"row": _row_of(what)})


def _row_of(what: str) -> int:
    """Its row; what all writers share has one of its own, or they would wait for themselves."""
    return 0 if what == RECORDING else 1 + zlib.crc32(what.encode()) % (LOCK_ROWS - 1)


def _server_engine(url: sa.URL, size: int, **options: Any) -> sa.Engine:
    if url.get_backend_name() in ("mysql", "mariadb"):
        # Each statement sees what is committed, as on the other databases.
        options.setdefault("isolation_level", "READ COMMITTED")
        idle = f"SET SESSION idle_transaction_timeout={_MOST_IDLE_SECONDS}"
        options["connect_args"] = {"init_command": idle}
    if url.get_driver_name() == "psycopg":
        # At its first run; the default is the sixth, which few connections of many ever see.
        idle = f"-c idle_in_transaction_session_timeout={_MOST_IDLE_SECONDS}s"
        options["connect_args"] = {"prepare_threshold": 0, "options": idle}
        # It would ask the server about a type that we have not, for each connection.
        options["use_native_hstore"] = False
    engine = sa.create_engine(
        url,
        pool_size=max(size, 1),
        # A connection beyond these would be closed after its use: dear, with a password.
        max_overflow=0,
        pool_timeout=_WRITE_QUEUE_SECONDS,
        # The connections that are used are few, and know their statements already.
        pool_use_lifo=True,
        **options,
    )
    sa.event.listen(engine, "checkin", _note_use)
    sa.event.listen(engine, "checkout", partial(_ping_if_old, engine.dialect))
    return engine


def _note_use(_connection: object, record: Any) -> None:
    record.info["used"] = time.monotonic()


def _ping_if_old(dialect: sa.Dialect, connection: Any, record: Any, _proxy: object) -> None:
    """Let the pool replace a connection that the server may have closed.

    One that was used a moment ago is not asked: that would cost as much as a read.
    """
    if time.monotonic() - record.info.get("used", time.monotonic()) < _FRESH_SECONDS:
        return
    try:
        alive = dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error:
        alive = False
    if not alive:
        raise sa.exc.DisconnectionError


def _sqlite_engine(url: sa.URL, pool_size: int) -> sa.Engine:
    engine = sa.create_engine(
        url,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_WRITE_QUEUE_SECONDS,
        connect_args={"check_same_thread": False, "timeout": 30},
        # Readers run statement by statement, so there is nothing to roll back.
        pool_reset_on_return="rollback" if pool_size == 1 else None,
    )
    sa.event.listen(engine, "connect", _configure_sqlite)
    return engine


def _configure_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    _write_ahead(cursor)
    for pragma in ("synchronous=NORMAL", f"cache_size=-{_CACHE_KIB}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Enter WAL mode. SQLite waits for nobody who does so at the same moment; we do."""
    deadline = time.monotonic() + _WAL_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_WAL_LOOK_SECONDS)


def _begin_immediate(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def shown(column: "sa.ColumnElement[Any]") -> "sa.ColumnElement[Any]":
    """The column as the API passes it on: JSON stays text."""
    if isinstance(column.type, JsonText):
        return sa.type_coerce(column, sa.Text).label(column.key)
    return column


class Rows:
    """Turns raw tuples of columns into what SQLAlchemy would have made of them."""

    def __init__(self, columns: "Sequence[sa.Column[Any]]") -> None:
        """Convert rows of `columns`, in their order."""
        self.columns = [shown(column) for column in columns]
        self._names = tuple(column.key for column in columns)
        self._json = tuple(c.key for c in columns if isinstance(c.type, JsonText))
        self._flags = tuple(c.key for c in columns if isinstance(c.type, sa.Boolean))

    def convert(self, row: Sequence[Any]) -> dict[str, Any]:
        """One row by column name, JSON parsed."""
        values = dict(zip(self._names, row, strict=True))
        for name in self._json:
            text = values[name]
            values[name] = None if text is None else {} if text == "{}" else orjson.loads(text)
        for name in self._flags:
            if values[name] is not None:
                values[name] = bool(values[name])
        return values


class Prepared:
    """A select that is turned into SQL once and run many times.

    It goes past SQLAlchemy's result objects, which would cost more than the query.
    So rows are plain tuples, booleans on SQLite are 0 and 1, and JSON is text.
    """

    def __init__(self, db: Database, query: "sa.Select[Any]") -> None:
        """Compile `query`, whose parameters are all ``bindparam``s, for `db`."""
        self._db = db
        compiled = query.compile(db.reader, compile_kwargs={"render_postcompile": True})
        self._sql = str(compiled)
        self._names: Sequence[str] | None = compiled.positiontup
        self._fixed = dict(compiled.params)

    def all(self, **parameters: Any) -> list[tuple[Any, ...]]:
        """All rows."""
        return next(self._db.fetch(self._sql, self._values(parameters)), [])

    def batches(self, size: int, **parameters: Any) -> Iterator[list[tuple[Any, ...]]]:
        """All rows, `size` at a time: what is small stays in caches that what is large leaves."""
        return self._db.fetch(self._sql, self._values(parameters), size)

    def first(self, **parameters: Any) -> tuple[Any, ...] | None:
        """The first row, or None."""
        rows = self.all(**parameters)
        return rows[0] if rows else None

    def _values(self, parameters: Mapping[str, Any]) -> Any:
        values = {**self._fixed, **parameters}
        return values if self._names is None else tuple(values[name] for name in self._names)
