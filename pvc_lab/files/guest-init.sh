#!/bin/sh
# The only program of a lab guest: ticks on its console, obeys the power button; if asked to, it
# dirties memory, and writes to a disk what it can verify.
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs -o size=90% tmpfs /tmp
exec </dev/console >/dev/console 2>&1

option() {
    for word in $(cat /proc/cmdline); do
        case $word in "$1"=*) echo "${word#*=}" ;; esac
    done
}

obey_power_button() {
    for name in /sys/class/input/event*/device/name; do
        [ "$(cat "$name")" = "Power Button" ] || continue
        event=${name#/sys/class/input/}
        dd if="/dev/input/${event%%/*}" of=/dev/null bs=24 count=1 2>/dev/null
        echo "power button pressed, good bye"
        poweroff -f
    done
}

# Rewrites a region of memory in MiB steps, as many per second as asked for. Never with zeros, which would cost a
# migration nothing, and with another pattern in each round, so that every write changes the page.
dirty() {
    region=$1 rate=$2 at=0 round=0
    for pattern in 0 1; do
        tr '\0' "$pattern" </dev/zero | dd of=/tmp/pattern$pattern bs=1M count=1 iflag=fullblock 2>/dev/null
    done
    while :; do
        read -r second rest </proc/uptime
        left=$rate
        while [ "$left" -gt 0 ]; do
            step=$((region - at < left ? region - at : left))
            fill "$round" "$at" "$step"
            at=$(((at + step) % region)) left=$((left - step))
            [ "$at" -gt 0 ] || round=$((1 - round))
        done
        wait_past "${second%.*}"
    done
}

# One dd for all of them: starting a program costs more than writing a MiB.
fill() {
    count=$3
    while [ "$count" -gt 0 ]; do
        cat /tmp/pattern"$1"
        count=$((count - 1))
    done | dd of=/tmp/region bs=1M seek="$2" conv=notrunc iflag=fullblock 2>/dev/null
}

wait_past() {
    read -r now rest </proc/uptime
    while [ "${now%.*}" = "$1" ]; do
        usleep 20000
        read -r now rest </proc/uptime
    done
}

insmod /button.ko
insmod /evdev.ko
obey_power_button &
busy=$(option busy)
[ "${busy:-0}" -gt 0 ] && dirty "$(option region)" "$busy" &

# When it booted, then something random: ids of later boots sort after those of earlier ones.
boot=$(printf %08x "$(date +%s)")$(cut -c1-4 /proc/sys/kernel/random/boot_id)
count=0
[ -n "$(option disk)" ] && /disk "$boot" &
# To wait for what never comes costs an emulated guest less than to start a program that sleeps.
mkfifo /tmp/silence
exec 9<>/tmp/silence
while :; do
    count=$((count + 1))
    echo "tick $boot $count;"
    read -t 0.3 -r nothing <&9
done
