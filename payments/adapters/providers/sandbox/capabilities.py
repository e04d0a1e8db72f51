"""What an acquirer of the sandbox can do."""

from typing import Final

from payments.domain.provider import ProviderKind, ProviderProfile
from payments.ports.provider import Capabilities

# PIX, Bangla QR, SGQR and PromptPay: all of EMVCo's form.
_CODES: Final = {"BR": "BRL", "BD": "BDT", "SG": "SGD", "TH": "THB"}


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
        codes=_CODES,
    )
