#!/bin/sh
# What udhcpc calls with an address.
case $1 in bound | renew) ;; *) exit 0 ;; esac
ip address flush dev "$interface"
ip address add "$ip/${mask:-24}" dev "$interface"
for gateway in $router; do
    ip route add default via "$gateway"
    break
done
for server in $dns; do
    echo "nameserver $server"
done >/etc/resolv.conf
echo "$ip" >/run/address
