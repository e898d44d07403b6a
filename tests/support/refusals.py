"""How a call of an action is refused."""

from collections.abc import Awaitable
from typing import Any

import pytest

from domain.kernel import ErrorCode, Problems


async def refusal(call: Awaitable[Any]) -> ErrorCode:
    """The code by which a call is refused."""
    with pytest.raises(Problems) as refused:
        await call
    return refused.value.code
