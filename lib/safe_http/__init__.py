"""Sends a request to an address that somebody else chose, without being turned against the own network.

Such an address may point at this machine, its neighbours or the metadata service of a cloud, at first or only when it
is used (DNS rebinding); its server may redirect, drip or never stop sending. So a name is resolved once, every address
that it has is judged, the connection goes to one of these very addresses, and one deadline holds for everything.

Why not a library: requests and urllib3 can be made to connect to a given address under the right name, and httpx too,
but their time limits hold for each read, not for all together, and none covers resolving. With asyncio, httpx and
aiohttp can be cancelled after a total time, at the price of an event loop in threads that have none, of the loop's own
wait for an abandoned look-up, and of a resolver that aiohttp leaves out where the host is an address. What is left is
small: `http.client` parses the answer, from a file that knows the deadline and how much may be read.
"""

from lib.safe_http.answers import Answer
from lib.safe_http.bounds import Allowed
from lib.safe_http.errors import Failed, Refused
from lib.safe_http.posting import check_url, post

__all__ = ["Allowed", "Answer", "Failed", "Refused", "check_url", "post"]
