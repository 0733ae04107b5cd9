"""Files that are not what they should be: refused in one line, or read as what they are."""

import pytest

pytestmark = pytest.mark.campaign
