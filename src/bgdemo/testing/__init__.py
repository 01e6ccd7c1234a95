"""What the pytest plugin hands out: the clients of one test, which end with it. Only the plugin imports it."""
