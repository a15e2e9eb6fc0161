"""Mounts: which of them hold what may be read, told by the kernel and not by the suspect."""

from firedoor.look.mounts import Mount, over, parse

INFO = b"""\
800 700 0:100 / / rw,relatime master:1 - overlay overlay rw,lowerdir=/l
801 800 0:101 / /proc rw,nosuid - proc proc rw
802 800 0:102 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k
803 802 0:103 / /dev/shm rw,nosuid - tmpfs shm rw
804 800 0:104 / /var/run/secrets/kubernetes.io/serviceaccount ro,relatime - tmpfs tmpfs rw,size=1k
805 800 8:1 /var/lib/kubelet/pods/u/volumes/kubernetes.io~configmap/c /etc/settings ro - ext4 /dev/sda1 rw
806 800 8:1 /var/lib/kubelet/pods/u/volumes/kubernetes.io~empty-dir/d /a\\040b\\012c rw - ext4 /dev/sda1 rw
"""


def mounts(info: bytes = INFO) -> list[Mount]:
    found, strange = parse(info)
    assert strange == []
    return found


def test_a_path_is_on_the_mount_that_leads_to_it_the_longest_way() -> None:
    found = {path: over(mounts(), path) for path in (b"etc/passwd", b"proc/1", b"dev/shm/x", b"devices")}
    assert {path: mount and mount.kind for path, mount in found.items()} == {
        b"etc/passwd": "overlay",
        b"proc/1": "proc",
        b"dev/shm/x": "tmpfs",
        b"devices": "overlay",
    }


def test_settings_on_the_disk_are_told_from_what_the_suspect_could_have_written() -> None:
    assert [mount.at for mount in mounts() if mount.by_reference] == [b"etc/settings"]


def test_names_with_spaces_and_line_feeds_are_read_as_they_are() -> None:
    assert mounts()[-1].told["mount_point"] == "/a b\nc"


def test_a_mount_whose_name_has_a_carriage_return_is_one_mount() -> None:
    (found,) = mounts(b"36 35 0:9 / /tmp/a\rb\\043 rw - tmpfs tmpfs rw\n")
    assert found.told["mount_point"] == "/tmp/a\rb#"


def test_a_line_that_is_no_mount_costs_itself_alone() -> None:
    found, strange = parse(b"36 35 nonsense - x\n" + INFO + b"37\n")
    assert (found, strange) == (mounts(), [b"36 35 nonsense - x", b"37"])
