"""Settings that all tests share."""

from hypothesis import settings

# Compiling a kernel takes seconds: no deadline. The same examples every time, and none kept in the checkout.
settings.register_profile("walshqhn", deadline=None, derandomize=True, database=None, max_examples=50)
settings.load_profile("walshqhn")
