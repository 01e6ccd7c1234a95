"""What a learner holds: clients that return when the response has left, while the app goes on.

It may use recording, threads and the simulated clock; it draws and judges nothing.
"""

from bgdemo.client.async_testclient import AsyncTestClient
from bgdemo.client.testclient import TestClient

__all__ = ["AsyncTestClient", "TestClient"]
