"""What operators filter workflows by; the typed keys are in payments/temporal.py.

Apart from those, so that who sets up an engine need not load its SDK.
"""

from collections.abc import Mapping
from typing import Final

# Name → type, as `temporal server start-dev --search-attribute` and every cluster's setup take it.
SEARCH_ATTRIBUTES: Final[Mapping[str, str]] = {
    "BillerId": "Keyword",
    "BillId": "Keyword",
    "PartnerId": "Keyword",
    "PayState": "Keyword",
    "AmountMinor": "Int",
    "Provider": "Keyword",
}
