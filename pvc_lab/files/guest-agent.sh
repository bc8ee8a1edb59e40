#!/bin/sh
# As much of a guest agent as the lab needs, in a guest that has a port for it. It holds the writer of the disks
# between two rounds, as qemu-guest-agent holds file systems, and lets it go on.
held=0 looks=0

# Its name is told a moment after the port is there.
find_port() {
    for name in /sys/class/virtio-ports/*/name; do
        [ "$(cat "$name" 2>/dev/null)" = org.qemu.guest_agent.0 ] || continue
        port=${name%/name}
        port=/dev/${port##*/}
        [ -c "$port" ] && return 0
    done
    return 1
}

until find_port; do
    looks=$((looks + 1))
    [ $looks -lt 100 ] || exit 0
    usleep 100000
done
exec 3<>"$port"

answer() {
    printf '{"return": %s}\n' "$1" >&3
}

# The writer says so when it stands still.
hold() {
    touch /tmp/hold
    until [ -e /tmp/still ]; do usleep 10000; done
    held=1
}

let_go() {
    rm -f /tmp/hold /tmp/still
    answer $held
    held=0
}

# Nothing can be read as long as nobody listens on the other side.
while :; do
    read -r line <&3 || usleep 50000
    case $line in
    '') ;;
    *guest-sync*)
        number=${line##*\"id\":}
        answer "${number%%\}*}"
        ;;
    *guest-fsfreeze-status*) [ $held = 1 ] && answer '"frozen"' || answer '"thawed"' ;;
    *guest-fsfreeze-freeze*) hold && answer 1 ;;
    *guest-fsfreeze-thaw*) let_go ;;
    *) printf '{"error": {"class": "CommandNotFound", "desc": "not known here"}}\n' >&3 ;;
    esac
done
