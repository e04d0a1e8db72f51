#!/usr/bin/env python3
"""Verify one webhook with the SDK: pip install ./sdks/python.

WEBHOOK_SECRETS='whsec_…' WEBHOOK_ID=evt_… WEBHOOK_TIMESTAMP=… WEBHOOK_SIGNATURE='v1,…' \
    python docs/verify-webhook.py < body
"""

import os
import sys

from quittance import WebhookRefused, verify_webhook

headers = {
    "webhook-id": os.environ["WEBHOOK_ID"],
    "webhook-timestamp": os.environ["WEBHOOK_TIMESTAMP"],
    "webhook-signature": os.environ["WEBHOOK_SIGNATURE"],
}
# The raw bytes as they came: what was parsed and written again does not verify.
body = sys.stdin.buffer.read()
# Both of them while a secret is rotated.
secrets = os.environ["WEBHOOK_SECRETS"].split()

try:
    event = verify_webhook(body, headers, secrets)
except WebhookRefused as refused:
    sys.exit(f"refused: {refused}")
sys.stdout.write(f"verified: {event.id} {event.type} {event.object_id} {event.sequence}\n")
