#!/bin/sh
# Makes six Redis nodes one cluster: three masters, and for each a replica three places further in the list.
#
#   create.sh redis-1 redis-2 redis-3 redis-4 redis-5 redis-6       # names, or NAME:PORT
#
# Each step looks first whether it is done, so it can run again at any time: after it was stopped half way, when nodes
# have come back under other addresses, when one has come back with an empty disk. It never takes a slot from a node
# that has it. `redis-cli --cluster create` would refuse all that. The password is in REDIS_PASSWORD, or in the file
# that REDIS_PASSWORD_FILE names.
set -eu

LIMIT_S=${LIMIT_S:-120}

if [ -n "${REDIS_PASSWORD_FILE:-}" ]; then
    REDIS_PASSWORD=$(cat "$REDIS_PASSWORD_FILE")
fi
# Where redis-cli looks for it.
export REDISCLI_AUTH="${REDIS_PASSWORD:?neither REDIS_PASSWORD nor REDIS_PASSWORD_FILE has a password}"
[ $# -eq 6 ] || { echo "create.sh: six nodes are wanted, and there are $#" >&2; exit 1; }

name() { echo "${1%:*}"; }
port() { case $1 in *:*) echo "${1##*:}" ;; *) echo 6379 ;; esac; }

# What a node answers to a command; a failure where it refuses.
ask() {
    node=$1
    shift
    redis-cli -e -h "$(name "$node")" -p "$(port "$node")" "$@"
}

# Waits until a command succeeds.
until_ok() {
    what=$1
    shift
    waited=0
    until "$@" > /dev/null 2>&1; do
        waited=$((waited + 1))
        if [ "$waited" -gt "$LIMIT_S" ]; then
            echo "create.sh: not within $LIMIT_S s: $what" >&2
            exit 1
        fi
        sleep 1
    done
}

answers() { [ "$(ask "$1" ping)" = PONG ]; }
# Nodes of the cluster that this one can speak to, itself among them.
knows_all() { [ "$(ask "$1" cluster nodes | grep -Evc 'fail|handshake|noaddr')" -ge 6 ]; }
is_well() { ask "$1" cluster info | grep -q '^cluster_state:ok'; }
# id address flags master … slots
itself() { ask "$1" cluster nodes | grep myself; }
is_master() { itself "$1" | cut -d ' ' -f 3 | grep -q master; }
has_slots() { [ "$(itself "$1" | wc -w)" -gt 8 ]; }
assigned() { ask "$1" cluster info | tr -d '\r' | sed -n 's/^cluster_slots_assigned://p'; }
all_assigned() { [ "$(assigned "$1")" = 16384 ]; }

for node in "$@"; do
    until_ok "$node answers" answers "$node"
done

first=$1
for node in "$@"; do
    address=$(getent hosts "$(name "$node")" | awk '{ print $1; exit }')
    ask "$first" cluster meet "$address" "$(port "$node")" > /dev/null
done
for node in "$@"; do
    until_ok "$node knows the others" knows_all "$node"
done

# A node that has slots keeps them, whichever they are.
give() {
    if ! has_slots "$1"; then
        ask "$1" cluster addslotsrange "$2" "$3" > /dev/null
        echo "$1 is the master of slots $2 to $3"
    fi
}
if ! all_assigned "$first"; then
    give "$1" 0 5460
    give "$2" 5461 10922
    give "$3" 10923 16383
fi
for node in "$@"; do
    until_ok "$node knows who has which slots" all_assigned "$node"
done

# A master without slots becomes a replica of its partner, or of the master that its partner has itself by now.
follow() {
    is_master "$1" && ! has_slots "$1" || return 0
    if is_master "$2"; then
        has_slots "$2" || { echo "create.sh: neither $1 nor $2 has slots" >&2; exit 1; }
        master=$(ask "$2" cluster myid)
    else
        master=$(itself "$2" | cut -d ' ' -f 4)
    fi
    ask "$1" cluster replicate "$master" > /dev/null
    echo "$1 is a replica of $2, or of the master of it"
}
follow "$4" "$1"
follow "$5" "$2"
follow "$6" "$3"
follow "$1" "$4"
follow "$2" "$5"
follow "$3" "$6"

for node in "$@"; do
    until_ok "$node finds the cluster well" is_well "$node"
done
echo "the cluster is well"
