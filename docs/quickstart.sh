#!/usr/bin/env bash
# Pay one bill with nothing but curl and openssl, and verify every answer.
#
#   API=http://127.0.0.1:8080 APIKEY=qk_… SECRET=qs_… docs/quickstart.sh
#
# Without these three it takes them from the stack that `make run` started.
set -euo pipefail

. "$(dirname "$0")/partner.sh"

# 1. A token for the bills: see token_for.
token_for bill-collection

# 2. A bill. In the sandbox every ten digits that end in 00 to 89 are an ordinary one.
number=${BILL:-$(openssl rand -hex 4 | tr a-f 0-5)$(printf '%02d' $((RANDOM % 90)))}
period=$(date -u +%Y-%m)
ask GET "/bill/lookup?billerId=DESCO&billNumber=$number&billingPeriod=$period"
amount=$(field amount)
echo "  $(field customerName) owes $amount $(field currency), due $(field dueDate)"

# 3. Lock it: five minutes in which nobody else can pay it.
order=ORDER-$(openssl rand -hex 6)
ask POST /bill/lock \
    "{\"billerId\":\"DESCO\",\"billNumber\":\"$number\",\"billingPeriod\":\"$period\"}" "lock-$order"
lock_token=$(field lockToken)
echo "  locked until $(field expiresAt)"

# 4. Pay it, twice on purpose: the second answer is the first one, byte for byte.
pay="{\"lockToken\":\"$lock_token\",\"transactionId\":\"$order\",\"amount\":\"$amount\"}"
ask POST /bill/pay "$pay" "pay-$order"
cp "$tmp/body" "$tmp/first"
ask POST /bill/pay "$pay" "pay-$order"
cmp "$tmp/first" "$tmp/body" && echo "  the repeat is the same answer: $(header idempotent-replayed)"

# 5. Ask until it is known; a slow biller leaves it PROCESSING for a while.
for _ in $(seq 30); do
    ask GET "/txn/status?transactionId=$order"
    [ "$(field state)" = PROCESSING ] || break
    sleep 1
done
echo "$(field state): $(field transactionId), the biller's receipt is $(field billerReference)"
[ "$(field state)" = PAID ]
