"""The one failure every port of the record can have."""


class RecordUnavailable(Exception):
    """The database did not answer or had no connection for us in time. What was asked may have
    happened; every write is idempotent, so ask again.
    """
