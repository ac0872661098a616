# --privileged, and the options that open or close parts of the box.
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

status_of() { engine run --rm "${@:2}" $BUSYBOX grep "^$1:" /proc/self/status | tr -d ' \t' | cut -d: -f2; }

@test "--privileged: every capability, no filter, nothing hidden, /sys can be written" {
  # Root has what it can give, which on a confined host is not all.
  all=$(printf %016x $(((1 << ($(cat /proc/sys/kernel/cap_last_cap) + 1)) - 1)))
  if as_root; then all=$(awk '$1 == "CapBnd:" {print $2}' /proc/self/status); fi
  assert_equal "$(status_of CapEff --privileged)" "$all"
  assert_equal "$(status_of Seccomp --privileged)" 0
  expect 0 run --rm --privileged $BUSYBOX sh -c 'awk "\$2 ~ /^\/(proc|sys)\//" /proc/mounts | grep -c -v /sys/fs/cgroup; awk "\$2 == \"/sys\" {print \$4}" /proc/mounts'
  assert_equal "${lines[0]}" 0
  assert_matches "${lines[1]}" "^rw"
  # It may mount: what an engine inside needs.
  expect 0 run --rm --privileged $BUSYBOX sh -c 'mount -t tmpfs none /home && echo mounted'
  assert_output mounted
}

@test "--privileged: another user than root has only the bounding set; inspect shows it" {
  assert_equal "$(status_of CapEff --privileged --user 1000)" 0000000000000000
  expect 0 create --name p --privileged $BUSYBOX true
  expect 0 inspect -f '{{.HostConfig.Privileged}} {{len .EffectiveCaps}}' p
  assert_matches "$output" "^true [34][0-9]$"
}

@test "--privileged keeps a seccomp profile that is asked for" {
  cat >"$BATS_TEST_TMPDIR/profile.json" <<'END'
{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}
END
  expect 1 run --rm --privileged --security-opt "seccomp=$BATS_TEST_TMPDIR/profile.json" $BUSYBOX mkdir /new
  assert_contains "$stderr" "not implemented"
}

@test "--privileged --cap-drop: what is dropped is dropped" {
  creel_only "Podman 4.3 keeps all"
  assert_equal "$(status_of CapEff --privileged --cap-drop ALL)" 0000000000000000
}

@test "exec --privileged: all capabilities in a container that has few" {
  expect 0 run -d --name e --cap-drop ALL $BUSYBOX sleep 100
  expect 0 exec e grep CapEff /proc/self/status
  assert_contains "$output" 0000000000000000
  # In a privileged container it has them without being asked.
  expect 0 run -d --name f --privileged $BUSYBOX sleep 100
  expect 0 exec --privileged e grep CapEff /proc/self/status
  refute_output_contains 0000000000000000
  assert_equal "$(engine exec f grep CapEff /proc/self/status)" "$output"
}

@test "--security-opt mask, unmask: paths are hidden and shown" {
  expect 0 run --rm --security-opt mask=/etc/passwd:/home $BUSYBOX sh -c 'wc -c </etc/passwd; touch /home/x 2>/dev/null || echo closed'
  assert_output $'0\nclosed'
  expect 0 run --rm --security-opt unmask=ALL $BUSYBOX sh -c 'awk "\$2 ~ /^\/proc\//" /proc/mounts | wc -l'
  assert_output 0
  expect 0 run --rm $BUSYBOX sh -c 'awk "\$2 == \"/proc/sys\"" /proc/mounts | wc -l'
  assert_output 1
  expect 0 run --rm --security-opt 'unmask=/proc/s*' $BUSYBOX sh -c 'awk "\$2 == \"/proc/sys\"" /proc/mounts | wc -l'
  assert_output 0
}

@test "--security-opt proc-opts: /proc shows only what is one's own" {
  expect 0 run --rm --security-opt proc-opts=hidepid=2 $BUSYBOX grep ' /proc ' /proc/mounts
  assert_matches "$output" "hidepid=(2|invisible)"
}

@test "--security-opt apparmor and label: off is accepted; what the host lacks is an error that says so" {
  expect 0 run --rm --security-opt apparmor=unconfined --security-opt label=disable $BUSYBOX echo ok
  assert_output ok
  if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" != Y ]; then
    expect_error 125 "Apparmor is not enabled on this system" run --rm --security-opt apparmor=some-profile $BUSYBOX true
  fi
  creel_only "Podman takes any label"
  if [ ! -e /sys/fs/selinux/enforce ]; then
    expect_error 125 "SELinux is not enabled on this system" run --rm --security-opt label=type:container_t $BUSYBOX true
  fi
  expect_error 125 "label=nonsense" run --rm --security-opt label=nonsense $BUSYBOX true
}

@test "--group-add: names and numbers; one that is absent is an error" {
  expect 0 run --rm --group-add 44 --group-add www-data $BUSYBOX sh -c 'id -G'
  assert_matches " $output " " 44 "
  assert_matches " $output " " 33 "
  expect 0 run --rm --user 1000:1000 --group-add 77 $BUSYBOX id -G
  assert_matches " $output " " 77 "
  expect '12[56]' run --rm --group-add no-such-group $BUSYBOX true
  assert_contains "$stderr" "no-such-group"
  expect_error 125 "keep-groups" run --rm --group-add keep-groups --group-add 1 $BUSYBOX true
  # exec has them too.
  expect 0 run -d --name g --group-add 77 $BUSYBOX sleep 100
  expect 0 exec g id -G
  assert_matches " $output " " 77 "
  expect 0 inspect -f '{{.HostConfig.GroupAdd}}' g
  assert_output "[77]"
}

@test "--group-add keep-groups: the caller's groups stay" {
  expect 0 run --rm --network none --group-add keep-groups $BUSYBOX grep Groups: /proc/self/status
  [ "$(id -G | wc -w)" -gt 1 ] || skip "this user has one group"
  # Those that are not mapped are the last but one ID of all.
  assert_output_contains 65534
}

@test "--oom-score-adj: set, and shown; nonsense is refused" {
  expect 0 run --rm --oom-score-adj 321 $BUSYBOX cat /proc/self/oom_score_adj
  assert_output 321
  expect 0 create --name o --oom-score-adj 321 $BUSYBOX true
  expect 0 inspect -f '{{.HostConfig.OomScoreAdj}}' o
  assert_output 321
  is_podman || expect_error 125 "between -1000 and 1000" create --oom-score-adj 2000 $BUSYBOX true
}

@test "--rdt-class is refused: nothing here manages it" {
  creel_only "Podman 4.3 has no such flag"
  expect_error 125 "resctrl" create --rdt-class gold $BUSYBOX true
}

@test "environment: --env-host, --unsetenv, --unsetenv-all, proxies" {
  export OF_THE_HOST=seen http_proxy=http://proxy.example:3128
  expect 0 run --rm $BUSYBOX env
  refute_output_contains OF_THE_HOST
  assert_output_contains http_proxy=http://proxy.example:3128
  expect 0 run --rm --http-proxy=false $BUSYBOX env
  refute_output_contains http_proxy
  expect 0 run --rm --env-host $BUSYBOX env
  assert_output_contains OF_THE_HOST=seen
  expect 0 run --rm --unsetenv container $BUSYBOX env
  refute_output_contains container=
  expect 0 run --rm --unsetenv-all -e ONLY=this $BUSYBOX /bin/busybox env
  assert_output_contains ONLY=this
  refute_output_contains container=
}

@test "--systemd: tmpfs where an init system writes, its stop signal, a cgroup of its own" {
  expect 0 run --rm --systemd always $BUSYBOX sh -c 'for d in /run /tmp /run/lock /var/log/journal; do awk -v d=$d "\$2 == d {print d, \$3}" /proc/mounts; done; echo $container_uuid | wc -c'
  assert_output $'/run tmpfs\n/tmp tmpfs\n/run/lock tmpfs\n/var/log/journal tmpfs\n33'
  expect 0 create --name s --systemd always $BUSYBOX true
  expect 0 inspect -f '{{.Config.SystemdMode}}' s
  assert_output true
  # By the command's name, unless that is switched off.
  expect 0 create --name t $BUSYBOX /sbin/init
  expect 0 inspect -f '{{.Config.SystemdMode}}' t
  assert_output true
  expect 0 create --name u --systemd=false $BUSYBOX /sbin/init
  expect 0 inspect -f '{{.Config.SystemdMode}}' u
  assert_output false
  expect_error 125 "true, false, always" create --systemd nonsense $BUSYBOX true
}

@test "--read-only-tmpfs=false: with --read-only nothing can be written" {
  expect 0 run --rm --read-only $BUSYBOX sh -c 'touch /tmp/x && echo written'
  assert_output written
  expect 1 run --rm --read-only --read-only-tmpfs=false $BUSYBOX touch /tmp/x
}

@test "--tz: the container's clock shows that zone" {
  [ -e /usr/share/zoneinfo/UTC ] || skip "no time zones here"
  expect 0 run --rm --tz UTC $BUSYBOX md5sum /etc/localtime
  assert_equal "${output%% *}" "$(md5sum </usr/share/zoneinfo/UTC | cut -d' ' -f1)"
  expect_error 125 "no-such-zone" create --tz no-such-zone $BUSYBOX true
}

@test "--passwd-entry, --group-entry, --hostuser: lines of /etc/passwd" {
  expect 0 run --rm --user 1234 --passwd-entry 'me:*:$UID:$GID::/mine:/bin/sh' $BUSYBOX sh -c 'id -un; grep ^me: /etc/passwd'
  assert_output $'me\nme:*:1234:0::/mine:/bin/sh'
  creel_only "Podman has --group-entry from version 5 on"
  expect 0 run --rm --user 1234:1234 --group-entry 'ours:x:$GID:' $BUSYBOX id -gn
  assert_output ours
  as_root || {
    expect 0 run --rm --hostuser "$(id -un)" $BUSYBOX grep "^$(id -un):" /etc/passwd
    assert_contains "$output" ":$(id -u):"
  }
  expect_error 125 "no-such-user-here" create --hostuser no-such-user-here $BUSYBOX true
}
