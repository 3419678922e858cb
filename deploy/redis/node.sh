#!/bin/sh
# One node of the Redis Cluster: what its container runs, and what asks for its health.
#
#   node.sh start [OPTION…]     REDIS_NODE is the name under which the others and Agon reach it, REDIS_DATA its directory
#   node.sh health
#
# The password is in REDIS_PASSWORD, or in the file that REDIS_PASSWORD_FILE names. It reaches Redis on its standard
# input, so that neither the list of processes nor a file has it.
set -eu

here=$(dirname "$0")
password=${REDIS_PASSWORD:-}
if [ -n "${REDIS_PASSWORD_FILE:-}" ]; then
    password=$(cat "$REDIS_PASSWORD_FILE")
fi
case $password in
    '') echo "node.sh: neither REDIS_PASSWORD nor REDIS_PASSWORD_FILE has a password" >&2; exit 1 ;;
    *[!A-Za-z0-9_.+/=-]*) echo "node.sh: the password may have letters, digits and _ . + / = -" >&2; exit 1 ;;
esac

case ${1:-} in
    start)
        shift
        : "${REDIS_NODE:?the name under which the others and Agon reach it}"
        exec redis-server "$here/redis.conf" --dir "${REDIS_DATA:-/data}" --cluster-announce-hostname "$REDIS_NODE" "$@" - <<EOC
requirepass $password
masterauth $password
EOC
        ;;
    health)
        # Not while it reads its data: then it answers LOADING.
        answer=$(REDISCLI_AUTH=$password redis-cli -p "${REDIS_PORT:-6379}" ping)
        echo "$answer"
        [ "$answer" = PONG ]
        ;;
    *)
        echo "node.sh: start or health" >&2
        exit 1
        ;;
esac
