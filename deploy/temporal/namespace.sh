#!/bin/sh
# Create the namespace and its search attributes, once. TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE are
# the command line's own variables.
set -eu

tries=0
until temporal operator cluster health; do
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || exit 1
    sleep 2
done

temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
    temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"

# Starting a workflow with a name that is not registered fails, so this waits until they all are.
for attribute in $SEARCH_ATTRIBUTES; do
    tries=0
    until temporal operator search-attribute create \
        --name "${attribute%=*}" --type "${attribute#*=}"; do
        tries=$((tries + 1))
        [ "$tries" -lt 60 ] || exit 1
        sleep 2
    done
done
