"""The words in which payments.db.tables and its like are written."""

from functools import partial
from typing import Any, Final

from sqlalchemy import Column, DateTime, MetaData, text

METADATA: Final = MetaData()

# A column is always filled, unless it says Maybe.
Always: Final = partial(Column[Any], nullable=False)
Maybe: Final = Column
MOMENT: Final = DateTime(timezone=True)
NOW: Final = text("now()")
NEW_ID: Final = text("new_id()")
