#!/usr/bin/env bash
# Pay a file of bills with nothing but curl and openssl, and read what became of each.
#
#   API=http://127.0.0.1:8080 APIKEY=qk_… SECRET=qs_… docs/quickstart-batch.sh
#
# Without these three it takes them from the stack that `make run` started.
set -euo pipefail

. "$(dirname "$0")/partner.sh"

# 1. A token for the bills: see token_for.
token_for bill-collection

# 2. A file: two bills at what they cost, one that does not exist, and one at a wrong amount.
period=$(date -u +%Y-%m)
batch=BATCH-$(openssl rand -hex 6)
stem=$(openssl rand -hex 4 | tr a-f 0-5)
file=$tmp/$batch.csv
echo "billerId,billNumber,billingPeriod,transactionId,amount,currency" >"$file"
for ending in 01 02; do
    ask GET "/bill/lookup?billerId=DESCO&billNumber=$stem$ending&billingPeriod=$period"
    echo "DESCO,$stem$ending,$period,$batch-$ending,$(field amount),BDT" >>"$file"
done
echo "DESCO,${stem}99,$period,$batch-99,1.00,BDT" >>"$file"
echo "DESCO,${stem}03,$period,$batch-03,1.00,BDT" >>"$file"

# 3. Send it, twice on purpose. Every row is looked at first: a bad one, and nothing is begun.
ask POST "/v1/batches?reference=$batch" "@$file" "send-$batch" text/csv
cp "$tmp/body" "$tmp/first"
ask POST "/v1/batches?reference=$batch" "@$file" "send-$batch" text/csv
cmp "$tmp/first" "$tmp/body" && echo "  the repeat is the same answer: $(header idempotent-replayed)"
id=$(field id)
echo "  $(field amount) $(field currency) in all"

# 4. Ask until it has ended.
for _ in $(seq 60); do
    ask GET "/v1/batches/$id"
    [ "$(field status)" = running ] || break
    sleep 1
done

# 5. What became of each row.
ask GET "/v1/batches/$id/results?format=csv"
cat "$tmp/body"
paid=$(grep -c ',paid,' "$tmp/body")
refused=$(grep -c ',refused,' "$tmp/body")
echo "finished: $paid paid, $refused refused"
