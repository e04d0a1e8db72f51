# What every partner needs, with nothing but curl and openssl: `token_for` and `ask`, for the quickstarts.
#
# API, APIKEY and SECRET say where and who; without them they come from the stack of `make run`.
# shellcheck shell=bash

stack=${QUITTANCE_HOME:-.quittance}/stack.json
told() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$stack" | head -n 1; }
API=${API:-$(told api)} APIKEY=${APIKEY:-$(told apiKey)} SECRET=${SECRET:-$(told secret)}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
token=

# ask METHOD PATH [BODY [IDEMPOTENCY-KEY [MEDIA-TYPE]]]: send it, show the answer, verify it.
ask() {
    method=$1 url=$API$2 key=${4:-}
    status=$(curl --silent --show-error --request "$method" "$url" \
        --header "Authorization: Bearer $token" \
        ${3:+--header "Content-Type: ${5:-application/json}" --data-binary "$3"} \
        ${key:+--header "Idempotency-Key: $key"} \
        --dump-header "$tmp/headers" --output "$tmp/body" --write-out '%{http_code}')
    echo "$method $2 -> $status $(field code)"
    verify
    [ "$status" -lt 400 ] || fail "refused: $(field message); trace $(field trace)"
}

field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$tmp/body"; }
header() { grep -i "^$1:" "$tmp/headers" | sed 's/^[^:]*: *//' | tr -d '\r'; }

# The answer is ours only if its digest fits its body, and an answer key of the gateway signed the
# digest together with the status, the trace and this very question (RFC 9530, RFC 9421).
verify() {
    local input params name kid
    [ "$(header content-digest)" = "sha-256=:$(openssl dgst -sha256 -binary "$tmp/body" | openssl base64 -A):" ] ||
        fail "the body is not the one that was signed"

    input=$(header signature-input) params=${input#quittance=}
    for name in '"@status"' '"@method";req' '"@target-uri";req' '"content-digest"' \
        '"quittance-trace"' ${key:+'"idempotency-key";req'}; do
        case $params in *"$name"*) ;; *) fail "$name is not signed" ;; esac
    done
    components=${params#(} components=${components%%)*}
    for name in $components; do
        case $name in
        '"@status"') echo "$name: $status" ;;
        '"@method";req') echo "$name: $method" ;;
        '"@target-uri";req') echo "$name: $url" ;;
        '"idempotency-key";req') echo "$name: $key" ;;
        *) echo "$name: $(header "$(echo "$name" | tr -d '"')")" ;;
        esac
    done >"$tmp/base"
    printf '"@signature-params": %s' "$params" >>"$tmp/base"

    kid=$(echo "$params" | sed 's/.*;keyid="\([^"]*\)".*/\1/')
    answer_key "$kid" >"$tmp/key.pem"
    header signature | sed 's/^quittance=://; s/:$//' | openssl base64 -d -A >"$tmp/signature"
    openssl pkeyutl -verify -pubin -inkey "$tmp/key.pem" -rawin -in "$tmp/base" \
        -sigfile "$tmp/signature" >/dev/null || fail "the signature is not the gateway's"
}

# The public key as PEM: a JWK's x is the 32 bytes that follow a fixed DER prefix.
answer_key() {
    local x
    [ -s "$tmp/jwks" ] || curl --silent --show-error --output "$tmp/jwks" "$API/.well-known/jwks.json"
    x=$(tr '}' '\n' <"$tmp/jwks" | grep "\"kid\":\"$1\"" | grep '"purpose":"answer"' |
        sed 's/.*"x":"\([^"]*\)".*/\1/') || fail "$1 is no answer key of the gateway"
    echo "-----BEGIN PUBLIC KEY-----"
    {
        printf '\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00'
        printf '%s=' "$x" | tr -- '-_' '+/' | openssl base64 -d -A
    } | openssl base64
    echo "-----END PUBLIC KEY-----"
}

fail() {
    echo "$1" >&2
    exit 1
}

# token_for PRODUCT: sign the key's name, the time and a fresh nonce; from here on `ask` uses the token.
token_for() {
    local timestamp nonce signature
    timestamp=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    nonce=$(openssl rand -hex 16)
    signature=$(printf '%s\n%s\n%s' "$APIKEY" "$timestamp" "$nonce" |
        openssl dgst -sha256 -hmac "$SECRET" | sed 's/.*= *//')
    ask POST /auth/token "{\"apiKey\":\"$APIKEY\",\"timestamp\":\"$timestamp\",\"nonce\":\"$nonce\",\
\"signature\":\"$signature\",\"audience\":\"$1\"}"
    token=$(field accessToken)
}
