#!/usr/bin/env bash
# Sell by card with nothing but curl and openssl, and verify every answer: a client token, a card, a
# challenge, a capture, a refund, a decline.
#
#   API=http://127.0.0.1:8080 APIKEY=qk_… SECRET=qs_… FIELDS=http://127.0.0.1:8092 docs/quickstart-cards.sh
#
# Without these it takes them from the stack that `make run` started.
set -euo pipefail

. "$(dirname "$0")/partner.sh"
FIELDS=${FIELDS:-$(told acquirer)}
order=ORDER-$(openssl rand -hex 6)

# browser PATH-OR-URL …: what the customer's browser does on the pages of the vault and the issuer.
browser() { curl --silent --show-error --fail --output "$tmp/page" "$@"; }

# client_token AMOUNT, then typed NUMBER: the card fields, as a browser would use them. These are test
# cards; a real card number never passes your server.
client_token() { ask POST /v1/client-tokens "{\"amount\":\"$1\",\"currency\":\"USD\"}" "show-$order-$1"; }
typed() {
    browser "$FIELDS/vault/tokens" --header "Content-Type: application/json" --data-binary \
        "{\"clientToken\":\"$(field clientToken)\",\"number\":\"$1\",\"expMonth\":12,\"expYear\":2034,\"cvc\":\"123\"}"
    card=$(sed 's/.*"paymentMethodToken": *"\([^"]*\)".*/\1/' "$tmp/page")
}

# 1. A token for cards; one for bills opens nothing here.
token_for payments

# 2. Your page shows the card fields for this amount; the customer types a card.
client_token 25.00
typed 4000000000003220

# 3. Reserve the money. This card's issuer wants a challenge: P0001 is not yet a yes.
ask POST /v1/payments "{\"amount\":\"25.00\",\"currency\":\"USD\",\"paymentMethodToken\":\"$card\",\
\"reference\":\"$order\",\"capture\":false,\"returnUrl\":\"http://localhost/back\"}" "pay-$order"
payment=$(field id)
echo "  $(field status): the browser goes to $(field url)"

# 4. The customer approves and comes back to your returnUrl. You ask how it ended.
browser "$(field url)" --data decision=approve
ask POST "/v1/payments/$payment/confirm" '' "confirm-$order"
echo "  $(field status): $(field amountCapturable) can be captured until $(field expiresAt)"

# 5. Capture what you ship, twice on purpose; final gives the rest back.
for _ in 1 2; do
    ask POST "/v1/payments/$payment/capture" '{"amount":"15.00","final":true}' "capture-$order"
done
echo "  $(field status): $(field amountCaptured), repeated: $(header idempotent-replayed)"

# 6. Give a part of it back.
ask POST "/v1/payments/$payment/refund" "{\"reference\":\"BACK-$order\",\"amount\":\"5.00\"}" "refund-$order"
echo "  the refund $(field id) $(field status)"

# 7. A card without money. 402 is a signed no, and nothing moved.
client_token 30.00
typed 4000000000009995
(ask POST /v1/payments "{\"amount\":\"30.00\",\"currency\":\"USD\",\"paymentMethodToken\":\"$card\",\
\"reference\":\"$order-B\"}" "pay-$order-B") || echo "  as it should be"

# 8. What the record says.
ask GET "/v1/payments/$payment"
echo "$(field status): captured $(field amountCaptured), given back $(field amountRefunded), fee $(field fee)"
[ "$(field status)" = captured ]
