"""What a biller of this kind can do when its row does not say otherwise."""

from datetime import timedelta
from typing import Final

from payments.ports.biller import Capabilities

# Its documentation: the key is remembered for ever, and a payment is visible under its reference
# as soon as it was taken; the seconds are for a request that is still on its way.
STANDARD: Final = Capabilities(honours_idempotency_keys=True, settles_within=timedelta(seconds=30))
