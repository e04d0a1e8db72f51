#!/usr/bin/env bash
# Sell to a customer's bank account with nothing but curl and openssl, and verify every answer: the
# banks, a payment, a return that proves nothing, a yes, a refund, a no.
#
#   API=http://127.0.0.1:8080 APIKEY=qk_… SECRET=qs_… docs/quickstart-bank.sh
#
# Without these it takes them from the stack that `make run` started.
set -euo pipefail

. "$(dirname "$0")/partner.sh"
order=ORDER-$(openssl rand -hex 6)

# customer FORM: what the customer's browser sends to the bank's page; then where it is sent to.
customer() {
    curl --silent --show-error --fail --output "$tmp/page" --write-out '  the browser goes to %{redirect_url}\n' \
        --data "$1" "$page"
}

# begin REFERENCE [BANK]: a payment at a British bank; without one the customer chooses.
begin() {
    ask POST /v1/payments "{\"amount\":\"25.00\",\"currency\":\"GBP\",\"reference\":\"$1\",\
\"returnUrl\":\"http://localhost/back?order=$1\",\
\"method\":{\"type\":\"bank_redirect\",\"country\":\"GB\"${2:+,\"bank\":\"$2\"}}}" "pay-$1"
    payment=$(field id) page=$(field url)
}

# 1. A token for payments; one for bills opens nothing here.
token_for payments

# 2. Your checkout may show the banks itself.
ask GET "/v1/banks?country=GB&currency=GBP"
echo "  $(tr '{' '\n' <"$tmp/body" | sed -n 's/.*"name":"\([^"]*\)".*/\1/p' | paste -sd, - | sed 's/,/, /g')"

# 3. Begin the payment, twice on purpose: it is one, and the customer has one page to go to.
begin "$order"
begin "$order"
echo "  $(field status) until $(field expiresAt), repeated: $(header idempotent-replayed)"
echo "  the browser goes to $page"

# 4. Somebody opens your returnUrl and says that it is paid. You ask: it is not.
ask POST "/v1/payments/$payment/confirm" '' "early-$order"
echo "  $(field status), whatever the browser says"
[ "$(field status)" = requires_action ]

# 5. The customer chooses a bank, approves there and comes back. You ask how it ended.
customer bank=SUNNY
customer decision=approve
ask POST "/v1/payments/$payment/confirm" '' "back-$order"
echo "  $(field status): $(field amountCaptured) $(field currency)"

# 6. Give a part of it back.
ask POST "/v1/payments/$payment/refund" "{\"reference\":\"BACK-$order\",\"amount\":\"5.00\"}" "refund-$order"
echo "  the refund $(field id) $(field status)"

# 7. Another customer says no at the bank. 402 is a signed no, and nothing moved.
paid=$payment
begin "$order-B" SUNNY
customer decision=refuse
(ask POST "/v1/payments/$payment/confirm" '' "back-$order-B") || echo "  as it should be"

# 8. What the record says.
ask GET "/v1/payments/$paid"
echo "$(field status): captured $(field amountCaptured), given back $(field amountRefunded), fee $(field fee)"
[ "$(field status)" = captured ]
