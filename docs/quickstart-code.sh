#!/usr/bin/env bash
# Sell by a code, as PIX does, with nothing but curl and openssl, and verify every answer: a payment,
# its code, a customer who pays it with an app, a refund, a code that is taken back.
#
#   API=http://127.0.0.1:8080 APIKEY=qk_… SECRET=qs_… docs/quickstart-code.sh
#
# Without these it takes them from the stack that `make run` started.
set -euo pipefail

. "$(dirname "$0")/partner.sh"
order=ORDER-$(openssl rand -hex 6)

# customer AMOUNT: what the customer's app sends.
customer() {
    curl --silent --show-error --fail --output "$tmp/page" --data "amount=$1" "$deeplink"
    echo "  the customer sends $1"
}

# begin REFERENCE: a payment by a code of Brazil.
begin() {
    ask POST /v1/payments "{\"amount\":\"25.00\",\"currency\":\"BRL\",\"reference\":\"$1\",\
\"method\":{\"type\":\"code\",\"country\":\"BR\"}}" "pay-$1"
    payment=$(field id) deeplink=$(field deeplink)
}

# 1. A token for payments; one for bills opens nothing here.
token_for payments

# 2. Begin the payment, twice on purpose: it is one, and there is one code.
begin "$order"
begin "$order"
echo "  $(field status) until $(field expiresAt), repeated: $(header idempotent-replayed)"
echo "  $(field copyCode)"

# 3. Nothing has come yet: you may ask whenever you like.
ask POST "/v1/payments/$payment/confirm" '' "early-$order"
[ "$(field status)" = requires_action ]

# 4. The customer pays. A webhook tells you; here we ask.
customer 25.00
ask POST "/v1/payments/$payment/confirm" '' "paid-$order"
echo "  $(field status): $(field amountCaptured) $(field currency)"

# 5. Give a part of it back.
ask POST "/v1/payments/$payment/refund" "{\"reference\":\"BACK-$order\",\"amount\":\"5.00\"}" "refund-$order"
echo "  the refund $(field id) $(field status)"

# 6. Another customer thinks better of it, and you take the code back.
paid=$payment
begin "$order-B"
ask POST "/v1/payments/$payment/cancel" '' "cancel-$order-B"
echo "  $(field status)"

# 7. What the record says.
ask GET "/v1/payments/$paid"
echo "$(field status): captured $(field amountCaptured), given back $(field amountRefunded), fee $(field fee)"
[ "$(field status)" = captured ]
