# Units of `generate systemd` under the user's own systemd, and the journal; sourced by user.bash.

units=${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user
# A container's life: it says what it does, and ends at once when it is asked to.
LIFE='trap "echo stopping; exit 0" TERM; echo started; while :; do sleep 0.1; done'

# install_unit NAME FLAGS...: of the container NAME.
install_unit() {
  mkdir -p "$units"
  (cd "$units" && creel generate systemd --name --files "${@:2}" "$1" >/dev/null)
  local said
  said=$(SYSTEMD_LOG_LEVEL=warning systemd-analyze --user --man=no verify "$units/container-$1.service" 2>&1) || fail "$said"
  systemctl --user daemon-reload
}
property() { systemctl --user show -P "$2" "container-$1"; }
is_active() { systemctl --user is-active --quiet "container-$1"; }
# Whatever became of the test.
remove_units() {
  systemctl --user stop 'container-*' 2>/dev/null
  rm -f "$units"/container-*
  systemctl --user daemon-reload
  systemctl --user reset-failed
}
with_units() {
  trap remove_units EXIT
  "$1"
}

made_anew() {
  creel create --name web $BUSYBOX sh -c "$LIFE"
  install_unit web --new
  creel rm web
  systemctl --user start container-web
  equal "$(property web ActiveState)" active
  equal "$(shown web State.Status)" running
  equal "$(property web MainPID)" "$(shown web State.ConmonPid)"
  systemctl --user stop container-web
  equal "$(property web ActiveState)/$(property web Result)" inactive/success
  ! creel container exists web
  # And again.
  systemctl --user start container-web
  is_active web
}

the_one_there_is() {
  creel create --name old $BUSYBOX sh -c "$LIFE"
  install_unit old
  systemctl --user start container-old
  equal "$(property old ActiveState)" active
  equal "$(property old MainPID)" "$(shown old State.ConmonPid)"
  systemctl --user stop container-old
  equal "$(property old ActiveState)/$(property old Result)" inactive/success
  equal "$(shown old State.Status)" exited
}

# By SIGTERM, which a command that does not heed it dies of only as PID 1 of nobody.
killed_by_term() {
  creel create --name plain --init $BUSYBOX sleep 1000
  install_unit plain --new
  systemctl --user start container-plain
  systemctl --user stop container-plain
  equal "$(property plain ActiveState)/$(property plain Result)" inactive/success
}

started_again() {
  creel create --name flaky $BUSYBOX sh -c 'sleep 0.2; exit 3'
  install_unit flaky --new --restart-policy on-failure
  creel rm flaky
  systemctl --user start container-flaky
  wait_until eval '[ "$(property flaky NRestarts)" -ge 2 ]'
  # The end of the monitor is one of the service, too.
  creel create --name hit $BUSYBOX sh -c "$LIFE"
  install_unit hit --new --restart-policy on-failure
  creel rm hit
  systemctl --user start container-hit
  kill -9 "$(property hit MainPID)"
  wait_until eval '[ "$(property hit NRestarts)" -ge 1 ] && is_active hit'
  equal "$(creel exec hit echo alive)" alive
  # A good end is none to be mended.
  creel create --name done $BUSYBOX true
  install_unit done --new --restart-policy on-failure
  creel rm done
  systemctl --user start container-done || true
  wait_until eval '[ "$(property done ActiveState)" = inactive ]'
  equal "$(property done NRestarts)" 0
}

in_order() {
  creel create --name base $BUSYBOX sh -c "$LIFE"
  creel create --name app $BUSYBOX sh -c "$LIFE"
  install_unit base --new
  install_unit app --new --requires container-base.service --after container-base.service
  creel rm base app
  systemctl --user start container-app
  is_active base
  between "$(property base ActiveEnterTimestampMonotonic)" 1 "$(property app ActiveEnterTimestampMonotonic)"
  systemctl --user stop container-base
  equal "$(property app ActiveState) $(property base ActiveState)" "inactive inactive"
  # systemd forgets the times of units that are not loaded any more; the journal does not.
  equal "$(journalctl --user -q -o cat | sed -n 's/^Stopped container-\(app\|base\)[. ].*/\1/p' | tail -n 2 | tr '\n' ' ')" "app base "
}

# Type=notify, and the service speaks for itself: systemctl start comes back only then.
speaks_for_itself() {
  creel create --name speaker --sdnotify container -v /usr:/usr:ro -v /lib:/lib:ro -v /lib64:/lib64:ro $BUSYBOX \
    /usr/bin/perl -MSocket -e 'sleep 1; socket(my $s, PF_UNIX, SOCK_DGRAM, 0) or die;
      send($s, "STATUS=counting\nREADY=1", 0, sockaddr_un($ENV{NOTIFY_SOCKET})) or die; sleep 1000'
  install_unit speaker --new
  creel rm speaker
  local before=${EPOCHREALTIME/./}
  systemctl --user start container-speaker
  [ $((${EPOCHREALTIME/./} - before)) -ge 1000000 ]
  equal "$(property speaker StatusText)" counting
}

journal_entries() { journalctl --user --quiet -o cat "$@"; }
into_the_journal() {
  creel run --log-driver journald --name talk $BUSYBOX sh -c 'echo one; echo two >&2; printf "no end"'
  equal "$(creel logs talk 2>/dev/null)" $'one\nno end'
  equal "$(creel logs talk 2>&1 >/dev/null)" two
  equal "$(creel inspect -f '{{.HostConfig.LogConfig.Type}}' talk)" journald
  local id
  id=$(creel inspect -f '{{.Id}}' talk)
  contains "$(journal_entries CONTAINER_NAME=talk CONTAINER_ID_FULL="$id" PRIORITY=3)" two
  equal "$(journalctl --user -q -o json CONTAINER_ID_FULL="$id" | grep -c '"SYSLOG_IDENTIFIER":"talk"')" 4
  creel run --log-driver journald --name lines $BUSYBOX printf '1\n2\n3\n' >/dev/null
  equal "$(creel logs --tail 2 lines)" $'2\n3'
  # More than one run, and a line longer than an entry.
  creel start -a talk >/dev/null 2>&1
  equal "$(creel logs talk 2>/dev/null | grep -c one)" 2
  creel run --log-driver journald --name long $BUSYBOX sh -c 'head -c 30000 /dev/zero | tr "\0" x; echo; echo after'
  equal "$(creel logs long | wc -c)" 30007
  # Bytes are bytes.
  creel run --log-driver journald --name bytes $BUSYBOX printf 'a\001\377=b\n\nlast\n'
  equal "$(creel logs bytes | od -An -tx1 | tr -d ' \n')" "6101ff3d620a0a6c6173740a"
}
follows_the_journal() {
  creel run -d --log-driver journald --log-opt tag=tagged --name talk $BUSYBOX sh -c 'echo first; while ! [ -e /go ]; do sleep 0.1; done; echo last'
  creel logs -f talk >"$work/followed" &
  wait_until grep -q first "$work/followed"
  creel exec talk touch /go
  wait $!
  equal "$(cat "$work/followed")" $'first\nlast'
  contains "$(journalctl --user -q -o json CONTAINER_NAME=talk)" '"CONTAINER_TAG":"tagged"'
}
# A unit's own output is the journal's: passthrough needs nobody in between. The journal knows the container's process, which
# is in a scope of its own, not in the unit.
passes_through() {
  creel create --log-driver passthrough --name direct $BUSYBOX sh -c 'echo directly; sleep 1000' </dev/null
  install_unit direct --new
  creel rm direct
  systemctl --user start container-direct
  wait_until eval 'journalctl --user -q -o cat | grep -q -x directly'
}

unit_made_anew() { with_units made_anew; }
unit_the_one_there_is() { with_units the_one_there_is; }
unit_killed_by_term() { with_units killed_by_term; }
unit_started_again() { with_units started_again; }
unit_in_order() { with_units in_order; }
unit_speaks_for_itself() { with_units speaks_for_itself; }
unit_passes_through() { with_units passes_through; }

test_case "a unit that makes its container anew starts, tells its main process, stops, and leaves nothing" unit_made_anew
test_case "a unit of a container that there is" unit_the_one_there_is
test_case "ended by SIGTERM is stopped, not failed" unit_killed_by_term
test_case "it is started again after a failure, of the container or its monitor, and not after success" unit_started_again
test_case "units start and stop in their order" unit_in_order
test_case "a container that speaks for itself is started when it says so" unit_speaks_for_itself
test_case "what a container writes is in the user's journal, and logs gives it back" into_the_journal
test_case "logs -f follows the journal, and ends with the container" follows_the_journal
test_case "passthrough: a unit's container writes to its journal itself" unit_passes_through
