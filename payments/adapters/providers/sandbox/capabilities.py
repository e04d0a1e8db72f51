"""What an acquirer of the sandbox can do."""

from payments.domain.provider import ProviderKind, ProviderProfile
from payments.ports.provider import Capabilities


def capabilities(profile: ProviderProfile) -> Capabilities:
    return Capabilities(
        kind=ProviderKind.SANDBOX,
        honours_idempotency_keys=profile.honours_idempotency_keys,
        settles_within=profile.settles_within,
        authorization_lasts=profile.authorization_lasts,
        partial_captures=True,
        multiple_captures=True,
        partial_refunds=True,
        challenges=True,
    )
