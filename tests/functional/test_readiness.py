"""What a process lacks to be of use, and that it says so to anybody without telling secrets."""

import ipaddress
import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from oslo_config import cfg

import baremetal.cmd.backend  # noqa: F401 - must come before anything of oslo
from baremetal.clock import Clock
from baremetal.db import schema
from baremetal.db.conductors import ConductorStore
from baremetal.db.database import Database
from baremetal.domain.errors import Unavailable
from baremetal.health.checks import missing
from baremetal.health.front import Probes
from baremetal.rpc.broker import check_broker
from baremetal.rpc.transport import make_transport
from devstack.rabbitmq import RabbitServer
from tests.support.clock import ManualClock
from tests.support.configuration import fresh_configuration
from tests.support.databases import *  # noqa: F403


@pytest.fixture
def conf(tmp_path: Path) -> cfg.ConfigOpts:
    made = fresh_configuration(tmp_path)
    make_transport(made, "inproc://").cleanup()
    return made


def _join(db: Database, seconds: float) -> None:
    now = Clock().now()
    ConductorStore(db).register("c", "", {}, now, now + timedelta(seconds=seconds))


def test_nothing_is_missing_where_all_is_there(conf: cfg.ConfigOpts, database: Database) -> None:
    _join(database, 60)
    assert missing(conf, database, Clock()) == {}


def test_a_conductor_must_be_alive(conf: cfg.ConfigOpts, database: Database) -> None:
    assert missing(conf, database, Clock()) == {"conductor": "No conductor is alive."}
    _join(database, -1)
    assert set(missing(conf, database, Clock())) == {"conductor"}


def test_the_schema_must_be_this_releases(conf: cfg.ConfigOpts, tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'old.sqlite'}")
    schema.upgrade(db, "0002")
    found = missing(conf, db, Clock())
    assert set(found) == {"database"}
    assert f"is 0002, this release needs {schema.HEAD}" in found["database"]
    db.close()


def test_the_database_must_answer(conf: cfg.ConfigOpts) -> None:
    db = Database("postgresql+psycopg://baremetal:hunter2@127.0.0.1:9/db?connect_timeout=2")
    assert missing(conf, db, Clock()) == {"database": "The database does not answer."}
    db.close()


def test_a_broker_must_answer_where_one_is_configured(
    conf: cfg.ConfigOpts, sqlite_database: Database
) -> None:
    _join(sqlite_database, 60)
    with socket.socket() as nobody:
        # Bound and not listened on: whoever comes is refused, and nobody else gets the port.
        nobody.bind(("127.0.0.1", 0))
        url = f"rabbit://user:hunter2@127.0.0.1:{nobody.getsockname()[1]}/vhost"
        conf.set_override("transport_url", url)
        found = missing(conf, sqlite_database, Clock())
    assert found == {"message_bus": "The message bus does not answer."}


def test_what_listens_must_be_a_broker(conf: cfg.ConfigOpts, sqlite_database: Database) -> None:
    """One that takes connections and says nothing is given up after two seconds."""
    _join(sqlite_database, 60)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"rabbit://user:hunter2@127.0.0.1:{mute.getsockname()[1]}/"
        conf.set_override("transport_url", url)
        assert set(missing(conf, sqlite_database, Clock())) == {"message_bus"}


class _Server(socketserver.ThreadingTCPServer):
    """Does the same with each connection, and counts them."""

    daemon_threads = True
    request_queue_size = 16

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        super().__init__(("127.0.0.1", 0), socketserver.BaseRequestHandler)
        self._serve, self.count = serve, 0

    def finish_request(self, request: Any, client_address: Any) -> None:
        self.count += 1
        with suppress(OSError):
            self._serve(request)

    @property
    def port(self) -> int:
        return int(self.server_address[1])


@contextmanager
def _serving(serve: Callable[[socket.socket], None]) -> Iterator[_Server]:
    with _Server(serve) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def _ask(probes: Probes) -> tuple[str, Any]:
    said: list[str] = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/readyz"}
    answer = probes(environ, lambda status, _headers: said.append(status))
    return said[0][:3], json.loads(answer[0])


def test_a_plane_without_its_bus_or_its_conductors_is_ready_and_says_so(
    conf: cfg.ConfigOpts, sqlite_database: Database
) -> None:
    with _serving(lambda _: None) as broker:
        conf.set_override("transport_url", f"rabbit://u:hunter2@127.0.0.1:{broker.port}/")
        status, told = _ask(Probes(conf, sqlite_database, Clock()))
    assert (status, told["ready"]) == ("200", True)
    assert set(told["missing"]) == {"message_bus", "conductor"}
    assert "hunter2" not in str(told)


def test_without_its_database_it_is_not(conf: cfg.ConfigOpts) -> None:
    db = Database("postgresql+psycopg://baremetal:hunter2@127.0.0.1:9/db?connect_timeout=2")
    status, told = _ask(Probes(conf, db, Clock()))
    assert (status, told["ready"], set(told["missing"])) == ("503", False, {"database"})
    db.close()


def test_who_asks_often_costs_the_broker_one_round_of_logins_a_second(
    conf: cfg.ConfigOpts, sqlite_database: Database
) -> None:
    clock = ManualClock()
    probes = Probes(conf, sqlite_database, clock)
    with _serving(lambda _: None) as broker:
        conf.set_override("transport_url", f"rabbit://u:p@127.0.0.1:{broker.port}/")
        first, logins = _ask(probes), broker.count
        assert logins > 0
        assert [_ask(probes) for _ in range(10)] == [first] * 10
        assert broker.count == logins
        clock.pass_time(2)
        assert [_ask(probes) for _ in range(10)] == [first] * 10
        assert broker.count == 2 * logins


def _certify(directory: Path) -> Path:
    """A key with its certificate for 127.0.0.1, which is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "broker")])
    now = datetime.now(UTC)
    here = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([here]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file = directory / "broker.pem"
    file.write_bytes(key.private_bytes(pem, *plain) + certificate.public_bytes(pem))
    return file


def _pump(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    with suppress(OSError):
        other.shutdown(socket.SHUT_RDWR)


def test_a_broker_that_speaks_tls_alone_is_spoken_to_by_tls(
    conf: cfg.ConfigOpts, rabbit: RabbitServer, tmp_path: Path
) -> None:
    """A real broker behind a relay that ends TLS."""
    file = _certify(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    def relay(plain: socket.socket) -> None:
        with (
            context.wrap_socket(plain, server_side=True) as near,
            socket.create_connection(("127.0.0.1", rabbit.port), 30) as far,
        ):
            threading.Thread(target=_pump, args=(far, near), daemon=True).start()
            _pump(near, far)

    with _serving(relay) as front:
        url = rabbit.url.replace(f":{rabbit.port}/", f":{front.port}/")
        conf.set_override("transport_url", url)
        make_transport(conf).cleanup()
        with pytest.raises(Unavailable):
            check_broker(conf)
        conf.set_override("ssl", True, group="oslo_messaging_rabbit")
        conf.set_override("ssl_ca_file", str(file), group="oslo_messaging_rabbit")
        check_broker(conf)
        (tmp_path / "other").mkdir()
        other = _certify(tmp_path / "other")
        conf.set_override("ssl_ca_file", str(other), group="oslo_messaging_rabbit")
        with pytest.raises(Unavailable, match="certificate"):
            check_broker(conf)
