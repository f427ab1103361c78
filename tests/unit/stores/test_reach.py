"""What is fetched from where others say: by names, ports and addresses."""

import pytest

from baremetal.stores.errors import UseRefused
from baremetal.stores.reach import Reach

_REACH = Reach(option="[images] download_")
_NARROW = Reach(
    schemes=("https",), hosts=("*.example.org", "192.0.2.7"), ports=(443, 8443), option="x_"
)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.255.0.9", "::1", "0.0.0.0", "0.1.2.3", "::", "255.255.255.255"),
        *("169.254.169.254", "fe80::1", "fe80::1%eth0", "224.0.0.1", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::", "64:ff9b::7f00:1"),
    ],
)
def test_this_machine_and_its_link_are_closed_until_they_are_opened(address: str) -> None:
    with pytest.raises(UseRefused, match=r"\[images\] download_local = true") as refused:
        _REACH.open_ones("images.example.org", [address])
    assert "images.example.org (" in refused.value.message
    assert Reach(local=True).open_ones("x", [address])


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "192.168.1.1", "fd00::1", "192.0.2.1", "2001:db8::1", "64:ff9b::a00:1"]
)
def test_others_are_open_private_ones_too(address: str) -> None:
    assert _REACH.open_ones("x", ["127.0.0.1", address]) == [address]


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "169.254.169.254"])
def test_an_address_for_a_name_is_known_at_once(host: str) -> None:
    with pytest.raises(UseRefused, match="download_local"):
        _REACH.check_server("http", host, None)


@pytest.mark.parametrize(
    ("scheme", "host", "port", "said"),
    [
        ("http", "a.example.org", None, "http://: x_schemes is https"),
        ("https", "example.org", None, r"example.org: x_hosts is \*.example.org, 192.0.2.7"),
        ("https", "example.org.evil.net", None, "x_hosts"),
        ("https", "a.example.org", 22, "port 22: x_ports is 443, 8443"),
    ],
)
def test_a_refusal_says_what_and_by_which_option(
    scheme: str, host: str, port: int | None, said: str
) -> None:
    with pytest.raises(UseRefused, match=said):
        _NARROW.check_server(scheme, host, port)


@pytest.mark.parametrize("host", ["a.example.org", "A.b.Example.ORG.", "192.0.2.7"])
def test_what_is_named_is_open(host: str) -> None:
    _NARROW.check_server("https", host, None)
    _NARROW.check_server("https", host, 8443)
