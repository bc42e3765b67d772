"""Opens a connection to an address that was judged, with TLS under the name that was asked for."""

import socket
import ssl
from collections.abc import Sequence
from functools import cache

from lib.safe_http.bounds import Deadline
from lib.safe_http.errors import Failed
from lib.safe_http.resolving import SocketAddress
from lib.safe_http.targets import Target

CONNECTING, HANDSHAKE = "connecting", "agreeing on TLS"
MAX_TRIED = 8  # addresses of one host


def open_connection(target: Target, addresses: Sequence[SocketAddress], deadline: Deadline) -> socket.socket:
    """Connect to the first of these addresses that accepts, and agree on TLS if the target is secure.

    Raises:
        Failed: if none accepts, the certificate is not valid for the host, or the time is over.

    """
    connection = _connect(addresses[:MAX_TRIED], deadline)
    if not target.is_secure:
        return connection
    try:
        return _secure(connection, target.host, deadline)
    except BaseException:
        connection.close()  # unless TLS has taken it over, and closed it
        raise


def _connect(addresses: Sequence[SocketAddress], deadline: Deadline) -> socket.socket:
    failure = Failed("no address")
    for position, address in enumerate(addresses):
        # A share of the time, so that one address that swallows packets does not use up that of the others.
        share = deadline.remaining(CONNECTING) / (len(addresses) - position)
        try:
            return _connect_to(address, share)
        except TimeoutError:
            failure = deadline.missed(CONNECTING)
        except ConnectionRefusedError:
            failure = Failed("connection refused")
        except OSError as error:
            failure = Failed(f"cannot connect: {reason(error)}")
    raise failure


def _connect_to(address: SocketAddress, timeout: float) -> socket.socket:
    connection = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        connection.connect(address.sockaddr)
    except BaseException:
        connection.close()
        raise
    return connection


def _secure(connection: socket.socket, host: str, deadline: Deadline) -> ssl.SSLSocket:
    connection.settimeout(deadline.remaining(HANDSHAKE))  # holds for the whole handshake
    try:
        return client_context().wrap_socket(connection, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        raise Failed(f"certificate: {error.verify_message.removesuffix('.')}") from None
    except TimeoutError:
        raise deadline.missed(HANDSHAKE) from None
    except OSError as error:
        raise Failed(f"TLS: {reason(error)}") from None


@cache
def client_context() -> ssl.SSLContext:
    """Return what is trusted: the system's authorities, or those of SSL_CERT_FILE and SSL_CERT_DIR; read once."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def reason(error: OSError) -> str:
    """Return why the system or OpenSSL failed, in a few words."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or "failed").replace("_", " ").lower()
    return (error.strerror or "failed").lower()
