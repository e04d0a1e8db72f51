"""What a rail of the sandbox can do; what differs from one to the next is in its description."""

from payments.domain.rail import RailKind, RailProfile
from payments.ports.rail import RailCapabilities


def capabilities(profile: RailProfile) -> RailCapabilities:
    return RailCapabilities(
        kind=RailKind.SANDBOX,
        honours_idempotency_keys=profile.honours_idempotency_keys,
        settles_within=profile.settles_within,
    )
