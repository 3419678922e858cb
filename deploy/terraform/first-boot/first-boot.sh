#!/bin/sh
# The first start of a server: the volume with the data, the binary, and both services. Run again with another
# binary it is the update: what is there stays, and Agon is away for some seconds.
#
#   agon-first-boot DEVICE URL SHA256
set -eu

device=$1 url=$2 sha256=$3
data=/var/lib/agon

# It is attached after the server has started.
tries=600
until [ -b "$device" ]; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ]; then
        echo "agon-first-boot: there is no volume $device" >&2
        exit 1
    fi
    sleep 1
done

# A volume that has a file system has data, maybe of an earlier server.
if ! blkid "$device" >/dev/null; then
    mkfs.ext4 -q -L agon "$device"
fi
mkdir -p "$data"
if ! grep -q " $data " /etc/fstab; then
    echo "$device $data ext4 defaults,discard,nofail 0 2" >>/etc/fstab
fi
mountpoint -q "$data" || mount "$data"

# Nothing takes its place that is not what was asked for.
new=$(mktemp)
trap 'rm -f "$new"' EXIT
trap 'exit 1' HUP INT TERM
curl --fail --silent --show-error --location --proto '=https' --retry 5 --output "$new" "$url"
echo "$sha256  $new" | sha256sum --check --quiet
install -m 0755 "$new" /usr/local/bin/agon

systemd-sysusers
systemd-tmpfiles --create agon.conf

# The first key, before the first start: otherwise everything would be open to whoever comes first. It is made here,
# so that it is in nobody's state file; on the volume, so that the next server has the same.
chown agon:agon "$data"
chmod 0700 "$data"
runuser -u agon -- mkdir -p "$data/store"
if [ ! -s "$data/store/keys.toml" ]; then
    (umask 077 && runuser -u agon -- /usr/local/bin/agon keys create --config /etc/agon/agon.toml \
        --name operator --scope admin >"$data/operator.key")
fi

systemctl daemon-reload
systemctl enable agon.service caddy.service
systemctl restart agon.service caddy.service
