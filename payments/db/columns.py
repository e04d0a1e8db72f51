"""The words in which payments.db.tables and its like are written."""

from functools import partial
from typing import Any, Final

from sqlalchemy import Column, DateTime, MetaData, text
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.types import UserDefinedType

METADATA: Final = MetaData()

# A column is always filled, unless it says Maybe.
Always: Final = partial(Column[Any], nullable=False)
Maybe: Final = Column
MOMENT: Final = DateTime(timezone=True)
NOW: Final = text("now()")
NEW_ID: Final = text("new_id()")


class Xid8(UserDefinedType[int]):
    """The number of a transaction, of 64 bits, which never comes again."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


# Where SQLAlchemy looks a type up that it finds in a database.
ischema_names["xid8"] = Xid8
