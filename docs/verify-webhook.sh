#!/usr/bin/env bash
# Verify one webhook with openssl 3 alone.
#
#   WEBHOOK_SECRETS='whsec_…' WEBHOOK_ID=evt_… WEBHOOK_TIMESTAMP=… WEBHOOK_SIGNATURE='v1,…' \
#       docs/verify-webhook.sh < body
#
# For looking into one by hand: the key is on openssl's command line, where other users of the same
# machine can read it.
set -euo pipefail

refuse() {
    echo "refused: $1" >&2
    exit 1
}

[[ $WEBHOOK_TIMESTAMP =~ ^[0-9]{1,12}$ ]] || refuse "webhook-timestamp is not in seconds"

# The raw bytes, in a file: a shell variable would lose line feeds at the end.
body=$(mktemp)
trap 'rm -f "$body"' EXIT
cat > "$body"

fits=
for secret in $WEBHOOK_SECRETS; do # Both of them while a secret is rotated.
    key=$(printf %s "${secret#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
    expected=$({
        printf '%s.%s.' "$WEBHOOK_ID" "$WEBHOOK_TIMESTAMP"
        cat "$body"
    } | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
    for signature in $WEBHOOK_SIGNATURE; do
        if [ "$signature" = "v1,$expected" ]; then fits=yes; fi
    done
done
[ -n "$fits" ] || refuse "no signature fits the body and your secrets"

age=$(($(date +%s) - 10#$WEBHOOK_TIMESTAMP))
[ "${age#-}" -le 300 ] || refuse "it was signed $age s ago"

echo "verified: $WEBHOOK_ID"
