# As root: the system's own systemd.
. "$(dirname "$0")/lib.bash"

limits() {
  local code=0
  creel run -d --name a -m 64m $BUSYBOX sleep 1000
  contains "$(group_of a)" "/machine.slice/creel-"
  equal "$(cat "$(group_of a)/memory.max")" 67108864
  contains "$(systemctl list-units --type scope --no-legend)" "creel-$(creel inspect -f '{{.Id}}' a).scope"
  creel pause a
  creel unpause a
  equal "$(creel exec a cat /proc/self/cgroup)" "0::/"
  creel run --name eater -m 16m $BUSYBOX sh -c 'x=a; while :; do x=$x$x; done' || code=$?
  equal "$code $(shown eater State.OOMKilled)" "137 true"
}

by_files() {
  local group
  creel --cgroup-manager cgroupfs run -d --name b -m 64m --cgroup-parent /test-root $BUSYBOX sleep 1000
  group=$(group_of b)
  contains "$group" "/test-root/creel-"
  equal "$(cat "$group/memory.max")" 67108864
  creel rm -f -t 0 b
  [ ! -e "$group" ] || fail "$group is still there"
}

# What the machine does when it starts, for a user who lingers: the user's systemd, and with it what is enabled there.
boot() {
  local user uid
  user=$(cut -d: -f1 /etc/subuid | head -n 1)
  uid=$(id -u "$user")
  as_user() { runuser -u "$user" -- env HOME="$(getent passwd "$user" | cut -d: -f6)" XDG_RUNTIME_DIR="/run/user/$uid" PATH="$PATH" "$@"; }
  loginctl enable-linger "$user"
  wait_until as_user systemctl --user is-system-running --wait
  as_user creel load -q -i "$here/../busybox.tar" >/dev/null
  as_user creel create --name web $BUSYBOX sleep 1000
  as_user sh -c 'mkdir -p ~/.config/systemd/user && cd ~/.config/systemd/user && creel generate systemd --new --name --files web && creel rm web'
  as_user systemctl --user daemon-reload
  as_user systemctl --user enable container-web
  ! as_user creel container exists web
  systemctl restart "user@$uid.service"
  wait_until as_user systemctl --user is-active --quiet container-web
  equal "$(as_user creel inspect -f '{{.State.Status}}' web)" running
  # And the machine's end: stopped, not killed, and gone.
  systemctl stop "user@$uid.service"
  systemctl start "user@$uid.service"
  wait_until as_user systemctl --user is-active --quiet container-web
}

# A container of creel-runtime alone, "box", that runs; its control groups are made by MANAGER ("" or --systemd-cgroup).
start_box() {
  local bundle=$work/bundle program
  mkdir -p "$bundle/rootfs"/{bin,dev,proc,sys}
  for program in sleep cat sh; do cp "$here/busybox" "$bundle/rootfs/bin/$program"; done
  rm -f "$bundle/config.json"
  (cd "$bundle" && creel-runtime spec && sed -i -z -e 's/"terminal": true/"terminal": false/' -e 's/"args": \[[^]]*\]/"args": ["sleep", "1000"]/' config.json)
  creel-runtime $1 run --detach --bundle "$bundle" box </dev/null >/dev/null 2>&1
}

# MANAGER: its group's path ends in TAIL.
runtime_with() {
  local group
  start_box "$1"
  group=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(creel-runtime state box | sed -n 's/.*"pid": \([0-9]*\).*/\1/p')/cgroup")
  contains "$group/" "$2/"
  creel-runtime $1 update --memory 32m --pids-limit 20 box
  equal "$(cat "$group/memory.max") $(cat "$group/pids.max")" "33554432 20"
  creel-runtime pause box
  contains "$(creel-runtime state box)" '"status": "paused"'
  equal "$(cat "$group/cgroup.freeze")" 1
  ! creel-runtime exec box cat /proc/self/cgroup || fail "exec in a paused container"
  creel-runtime resume box
  equal "$(creel-runtime exec box cat /proc/self/cgroup)" "0::/"
  contains "$(creel-runtime events --stats box)" '"limit":33554432'
  creel-runtime $1 delete --force box
  [ ! -e "$group" ] || fail "$group is still there"
}
# Long before the next statistics.
runtime_events() {
  local events code=0
  start_box ""
  creel-runtime update --memory 32m box
  creel-runtime events --interval 1h box >"$work/events" &
  events=$!
  wait_until grep -q '"type":"stats"' "$work/events"
  creel-runtime exec box sh -c 'x=a; while :; do x=$x$x; done' || code=$?
  equal "$code" 137
  wait_until grep -q '{"id":"box","type":"oom"}' "$work/events"
  creel-runtime kill box KILL
  wait $events
  creel-runtime delete box
}
runtime_by_files() { runtime_with "" /creel-box; }
runtime_by_systemd() { runtime_with --systemd-cgroup /creel-box.scope/container; }

test_case "creel-runtime: limits, pause, statistics; groups by files" runtime_by_files
test_case "creel-runtime: limits, pause, statistics; groups by systemd" runtime_by_systemd
test_case "creel-runtime: events tells of an OOM kill when it happens, and ends with the container" runtime_events
test_case "limits by the system's systemd" limits
test_case "limits by files" by_files
test_case "a user who lingers: the unit is started with the machine" boot
finish
