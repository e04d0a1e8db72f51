"""What Stripe can do for a card payment."""

from payments.domain.provider import ProviderKind, ProviderProfile
from payments.ports.provider import Capabilities


def capabilities(profile: ProviderProfile) -> Capabilities:
    return Capabilities(
        kind=ProviderKind.STRIPE,
        honours_idempotency_keys=profile.honours_idempotency_keys,
        settles_within=profile.settles_within,
        authorization_lasts=profile.authorization_lasts,
        partial_captures=True,
        # A partial capture gives the rest back, unless multicapture was agreed on.
        multiple_captures=False,
        partial_refunds=True,
        challenges=True,
    )
