#!/usr/bin/env bash
# Pay your money out with nothing but curl and openssl, and verify every answer: earn something, keep
# an account, pay out to it, and see one that comes to nothing.
#
#   API=http://127.0.0.1:8080 APIKEY=qk_… SECRET=qs_… docs/quickstart-payouts.sh
#
# Without these it takes them from the stack that `make run` started.
set -euo pipefail

. "$(dirname "$0")/partner.sh"
order=PO-$(openssl rand -hex 6)

# destination REFERENCE IBAN: keep an account; from then on it is a token.
destination() {
    ask POST /v1/destinations "{\"reference\":\"$1\",\"currency\":\"GBP\",\
\"account\":{\"type\":\"iban\",\"iban\":\"$2\",\"holder\":\"Ada Example\"}}" "keep-$1"
    account=$(field destinationToken)
}

# pay_out REFERENCE: 10.00 to the account. Send the same again as often as you like: it is one payout.
pay_out() {
    ask POST /v1/payouts "{\"amount\":\"10.00\",\"currency\":\"GBP\",\"reference\":\"$1\",\
\"destinationToken\":\"$account\"}" "pay-$1"
    payout=$(field id)
}

# ends: ask until the rail has had its last word. Your server waits for the webhook instead.
ends() {
    for _ in $(seq 60); do
        ask GET "/v1/payouts/$payout" >"$tmp/shown"
        case $(field status) in queued | sent | on_hold) sleep 0.5 ;; *) break ;; esac
    done
    cat "$tmp/shown"
    echo "  $(field status) $(field failureReason)"
}

# 1. Earn something first: a customer pays at the sandbox's sunny bank.
token_for payments
ask POST /v1/payments "{\"amount\":\"25.00\",\"currency\":\"GBP\",\"reference\":\"EARN-$order\",\
\"returnUrl\":\"http://localhost/back\",\
\"method\":{\"type\":\"bank_redirect\",\"country\":\"GB\",\"bank\":\"SUNNY\"}}" "earn-$order"
payment=$(field id)
curl --silent --show-error --fail --output "$tmp/page" --data decision=approve "$(field url)"
ask POST "/v1/payments/$payment/confirm" '' "back-$order"

# 2. A token for payouts; one for payments opens nothing here.
token_for payouts
ask GET "/v1/funds?currency=GBP"
echo "  $(field available) $(field currency) can be paid out"

# 3. Keep an account. The rail verifies it, and nobody shows more of it than its end.
destination "ACC-$order" NL82ABNA0417160000
echo "  $(field state): …$(field last4) at $(field bank)"

# 4. Pay out, twice on purpose: it is one.
pay_out "$order"
pay_out "$order"
echo "  $(field status), there by $(field arrivalEstimate), repeated: $(header idempotent-replayed)"
ends
[ "$(field status)" = paid ]
paid=$payout

# 5. An account that is closed: the payout fails, and amount and fee are yours again.
destination "BAD-$order" NL55ABNA0417160001
pay_out "$order-B"
ends
[ "$(field status)" = failed ]

# 6. What the record says.
ask GET "/v1/payouts/$paid"
echo "$(field status): $(field amount) $(field currency), fee $(field fee)"
