#!/bin/sh
# Writes to the disk, round after round, what it can verify later: `disk BOOT`.
#
# The disk has eight slots of 128 KiB; a round fills one: a page that names round and checksum, then 64 KiB.
# A round is told on the console only after the disk has said that it is safe. At boot every slot is read, and
# in each round the slot that will be overwritten next; never from the cache.
#
# A second disk gets each round once the first has it: whoever keeps both at one moment finds the same round on
# both, or one less on the second. What is found there at boot is told as `beside`; a round that only the first
# has is written anew, to both.
boot=$1 disk=/dev/vda second=/dev/vdb slots=8 pages=32 spoilt=0

# What is in a slot: its round if that is whole, `torn` if it is not, 0 if it was never written.
look() {
    echo 3 >/proc/sys/vm/drop_caches
    dd if=${2:-$disk} of=/tmp/slot bs=4096 skip=$(($1 * pages)) count=17 iflag=fullblock 2>/dev/null || return 1
    read -r word written sum rest </tmp/slot
    if [ "$word" != round ]; then
        echo 0
    elif [ "$(dd if=/tmp/slot bs=4096 skip=1 2>/dev/null | md5sum | cut -c1-32)" = "$sum" ]; then
        echo "$written"
    else
        echo torn
    fi
}

fill() {
    dd if=/dev/urandom of=/tmp/payload bs=64k count=1 2>/dev/null
    sum=$(md5sum </tmp/payload | cut -c1-32)
    write "$1" $disk || return 1
    [ ! -b $second ] || write "$1" $second
}

write() {
    {
        printf '%-4096s' "round $1 $sum "
        cat /tmp/payload
    } | dd of="$2" bs=4096 seek=$((($1 % slots) * pages)) iflag=fullblock conv=notrunc,fsync 2>/dev/null
}

for module in virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_blk virtio_console; do
    insmod /$module.ko
done
until [ -b $disk ]; do usleep 50000; done
/agent &

round=0 slot=0 behind=0
while [ $slot -lt $slots ]; do
    found=$(look $slot)
    echo "found $boot $slot ${found:-unreadable};"
    case $found in '' | torn) ;; *) [ "$found" -gt $round ] && round=$found ;; esac
    if [ -b $second ]; then
        beside=$(look $slot $second)
        echo "beside $boot $slot ${beside:-unreadable};"
        case $beside in '' | torn) ;; *) [ "$beside" -gt $behind ] && behind=$beside ;; esac
    fi
    slot=$((slot + 1))
done
[ ! -b $second ] || [ $behind -ne $((round - 1)) ] || round=$behind

while :; do
    while [ -e /tmp/hold ]; do
        touch /tmp/still
        usleep 10000
    done
    round=$((round + 1))
    until fill $round; do
        echo "refused $boot $round;"
        usleep 1000000
    done
    due=$((round + 1 - slots))
    if [ $due -gt 0 ]; then
        found=$(look $((due % slots)))
        if [ "$found" != $due ]; then
            spoilt=$((spoilt + 1))
            again=$(look $((due % slots)))
            echo "spoilt $boot $due ${found:-unreadable} ${again:-unreadable};"
        fi
    fi
    echo "round $boot $round $spoilt;"
    usleep 200000
done
