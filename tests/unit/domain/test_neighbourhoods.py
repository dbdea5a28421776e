"""A log shows where a caller is, as far as many others are there too."""

import pytest

from service.domain.neighbourhoods import neighbourhood_of


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        pytest.param("203.0.113.77", "203.0.113.0/24", id="of IPv4 the /24"),
        pytest.param("2001:db8:1:2::77", "2001:db8:1::/48", id="of IPv6 the /48"),
        pytest.param("::ffff:203.0.113.77", "203.0.113.0/24", id="an IPv4 address in IPv6 form"),
        pytest.param("::1", "::/48", id="a small number in IPv6 stays IPv6"),
        pytest.param("", "", id="a socket has none"),
        pytest.param("unix:", "", id="what is no address is not shown"),
    ],
)
def test_neighbourhood(ip: str, expected: str) -> None:
    assert neighbourhood_of(ip) == expected
