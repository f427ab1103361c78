#!/bin/sh
# The ramdisk's first process: brings up devices and the network, and runs the agent.
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /run /tmp
mount -t devpts devpts /dev/pts
exec </dev/console >/dev/console 2>&1
say() { echo "init $(cut -d' ' -f1 /proc/uptime) $*"; }

# A driver may bring a bus with devices of its own: look until nothing new is there.
load_modules() {
    seen=
    for round in 1 2 3 4; do
        aliases=$(find /sys/devices -name modalias -exec cat {} + | sort -u)
        [ "$aliases" = "$seen" ] && return
        seen=$aliases
        modprobe -a -b -q $aliases 2>/dev/null
    done
}

argument() { # its value on the kernel's command line
    for word in $(cat /proc/cmdline); do
        case $word in "$1="*) echo "${word#*=}" ;; esac
    done | tail -n 1
}

card() { # the one that the machine has booted by, else the first
    wanted=$(argument BOOTIF | sed 's/^01-//; s/-/:/g' | tr A-F a-f)
    for device in /sys/class/net/*/device; do
        name=${device#/sys/class/net/}
        name=${name%/device}
        [ -e "/sys/class/net/$name/address" ] || continue
        if [ -z "$wanted" ] || [ "$(cat "/sys/class/net/$name/address")" = "$wanted" ]; then
            echo "$name"
            return
        fi
    done
}

say "loads modules"
load_modules
ip link set lo up
until name=$(card) && [ -n "$name" ]; do
    say "sees no network card yet"
    sleep 1
    load_modules
done
ip link set "$name" up
until udhcpc -q -n -f -t 10 -T 1 -A 1 -i "$name" -s /etc/address.sh >/dev/null 2>&1; do
    say "gets no address on $name"
done
say "is $(cat /run/address) on $name"
while :; do
    python3.11 -I -S -m baremetal.agent
    say "the agent has ended; again in 10 s"
    sleep 10
done
