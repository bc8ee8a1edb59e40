"""The base of every stored record: frozen, and it keeps the fields it does not know.

An older worker that writes back a newer one's record must not erase what it cannot read.
"""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")

    def but(self, **changes: Any) -> Self:
        """A validated copy with some fields replaced."""
        return type(self).model_validate({**self.__dict__, **(self.__pydantic_extra__ or {}), **changes})
