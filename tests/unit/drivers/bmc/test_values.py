import copy
import pickle

import pytest

from baremetal.domain.errors import DriverError
from baremetal.drivers.bmc import errors
from baremetal.drivers.bmc.address import BmcAddress
from baremetal.drivers.bmc.errors import (
    BmcAddressInvalid,
    BmcAuthenticationFailed,
    BmcCommandFailed,
    BmcError,
    BmcNoAnswer,
    BmcProtocolError,
    BmcSessionsExhausted,
)

BMC = BmcAddress("192.0.2.7", 6230, "admin", "s3cret", kg=b"k1y")


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"host": ""}, "host is empty"),
        ({"port": 0}, "port 0"),
        ({"port": 65536}, "65535"),
        ({"username": "a" * 17}, "16 bytes"),
        ({"username": "é" * 9}, "16 bytes"),
        ({"password": "p" * 21}, "20 bytes"),
        ({"cipher_suite": 0}, "cipher suite 0"),
        ({"kg": b""}, "Kg key has 0 bytes"),
    ],
)
def test_what_no_bmc_can_accept_is_refused(values: dict[str, object], problem: str) -> None:
    usual: dict[str, object] = {"host": "h", "port": 623, "username": "u", "password": "pw-x"}
    with pytest.raises(BmcAddressInvalid, match=problem) as refusal:
        BmcAddress(**(usual | values))  # type: ignore[arg-type]
    assert "pw-x" not in str(refusal.value)
    assert "ppp" not in str(refusal.value)


def test_an_address_prints_without_its_secrets() -> None:
    assert "s3cret" not in repr(BMC)
    assert "k1y" not in repr(BMC)
    assert str(BMC) == "192.0.2.7:6230"
    assert str(BmcAddress("2001:db8::7", 623, "a", "b")) == "[2001:db8::7]:623"


ALL = [
    BmcNoAnswer.silent(BMC, 5.0),
    BmcNoAnswer.silent(BMC, 5.0, "Network is unreachable"),
    BmcNoAnswer.after_sending(BMC, 5.0),
    BmcNoAnswer.out_of_time(BMC, waited_for="its answer"),
    BmcAuthenticationFailed.wrong_password(BMC),
    BmcAuthenticationFailed.unknown_user(BMC),
    BmcAuthenticationFailed.privilege(BMC),
    BmcAuthenticationFailed.wrong_kg(BMC),
    BmcSessionsExhausted.full(BMC),
    BmcCommandFailed.declined(BMC, 0, 2, 0xD5),
    BmcCommandFailed.declined(BMC, 0, 2, 0x80),
    BmcProtocolError.nonsense(BMC, "says nothing of sense"),
    errors.BmcNameUnknown.unresolved(BMC, "Name or service not known"),
]


@pytest.mark.parametrize("error", ALL)
def test_every_error_names_the_bmc_and_no_secret_and_survives_copying(error: BmcError) -> None:
    assert isinstance(error, DriverError)
    assert "192.0.2.7:6230" in error.message
    assert error.message.endswith(".")
    assert "s3cret" not in error.message
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(twin) is type(error)
        assert twin.message == error.message
        assert vars(twin) == vars(error)


def test_a_completion_code_has_its_meaning() -> None:
    error = BmcCommandFailed.declined(BMC, 0, 2, 0xD5)
    assert "0xd5: command not supported in the present state" in error.message
