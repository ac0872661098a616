# secret …, and what a container gets of one.
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() {
  clean_up
  engine secret rm -a >/dev/null 2>&1 || true
}
# secret NAME TEXT
secret() { printf %s "$2" | engine secret create "$1" - >/dev/null; }

@test "secret create, ls, inspect, exists, rm" {
  printf hidden >"$BATS_TEST_TMPDIR/f"
  expect 0 secret create --label a=b s1 "$BATS_TEST_TMPDIR/f"
  assert_matches "$output" '^[0-9a-f]{25}$'
  id=$output
  expect 0 secret ls -q
  assert_output "$id"
  expect 0 secret ls
  assert_matches "$output" $'^ID +NAME +DRIVER +CREATED +UPDATED\n'"$id +s1 +file "
  expect 0 secret ls --format '{{.Name}}:{{.Driver}}'
  assert_output s1:file
  expect 0 secret inspect -f '{{.ID}} {{.Spec.Name}} {{.Spec.Driver.Name}} {{.Spec.Labels}}' s1
  assert_output "$id s1 file map[a:b]"
  expect 0 secret inspect "$id"
  refute_output_contains hidden
  assert_equal "$(python3 -c 'import json,sys; s = json.load(sys.stdin)[0]; print(s["Spec"]["Name"], s["Spec"]["Labels"])' <<<"$output")" "s1 {'a': 'b'}"
  expect 0 secret rm s1
  assert_output "$id"
  expect 0 secret ls -q
  assert_output ""
}

@test "secret: what is refused" {
  secret s1 x
  : >"$BATS_TEST_TMPDIR/empty"
  expect_error 125 "s1: secret name in use" secret create s1 - <<<"y"
  expect_error 125 "invalid secret name" secret create a,b - <<<"y"
  expect_error 125 "larger than 0 and less than 512000 bytes" secret create s2 "$BATS_TEST_TMPDIR/empty"
  head -c 512000 /dev/zero >"$BATS_TEST_TMPDIR/big"
  expect_error 125 "" secret create s2 "$BATS_TEST_TMPDIR/big"
  expect_error 125 "/absent" secret create s2 /absent
  expect_error 125 "NOT_SET is not set" secret create --env s2 NOT_SET
  expect_error 125 "invalid driver" secret create -d nosuch s2 - <<<"y"
  expect_error 125 "missing config value" secret create -d shell --driver-opts list=true s2 - <<<"y"
  expect_error 125 'no secret with name or id "absent": no such secret' secret rm absent
  expect 125 secret inspect absent
  expect_error 125 "or the --all flag" secret rm
  assert_equal "$(engine secret ls --format '{{.Name}}')" s1
  expect_error 125 'no secret with name or id "absent"' run --rm --secret absent $BUSYBOX true
  words=$(is_podman && echo "parsing secret" || echo "could not parse secret")
  expect_error 125 "$words" run --rm --secret s1,type=nosuch $BUSYBOX true
  expect_error 125 "$words" run --rm --secret s1,nosuch=1 $BUSYBOX true
  expect_error 125 "$words" run --rm --secret s1,type=env,uid=5 $BUSYBOX true
}

@test "secret create --env: from a variable" {
  VALUE=from-env expect 0 secret create --env s1 VALUE
  expect 0 run --rm --secret s1 $BUSYBOX cat /run/secrets/s1
  assert_output from-env
}

@test "secret: --replace, --ignore, --showsecret, exists" {
  creel_only "Podman has these from version 4.4 on"
  secret s1 one
  expect 0 secret create --ignore s1 - <<<"two"
  assert_equal "$(engine secret inspect --showsecret -f '{{.SecretData}}' s1)" one
  printf three | engine secret create --replace s1 - >/dev/null
  assert_equal "$(engine secret inspect --showsecret -f '{{.SecretData}}' s1)" three
  assert_equal "$(engine secret ls -q | wc -l)" 1
  expect 0 secret exists s1
  expect 1 secret exists absent
  expect 0 secret rm --ignore absent
  expect 0 secret inspect --pretty s1
  assert_matches "$output" "Name: +s1"
  refute_output_contains three
  # Of the old one nothing is left on the disk.
  run ! grep -r -l one "$HOME/.local/share/creel/secrets"
}

@test "run --secret: a file in /run/secrets, with its owner and mode, whatever the user" {
  secret s1 "hidden text"
  # Podman keeps one file of each secret.
  secret s2 "hidden text"
  expect 0 run --rm --secret s1 --secret s2,target=other,uid=5,gid=6,mode=0400 --secret s1,target=/etc/deep/file $BUSYBOX \
    sh -c 'cat /run/secrets/s1 /etc/deep/file; echo; stat -c "%a %u:%g" /run/secrets/s1 /run/secrets/other'
  assert_output $'hidden texthidden text\n444 0:0\n400 5:6'
  expect 0 run --rm -u 1000 --secret s1 $BUSYBOX cat /run/secrets/s1
  assert_output "hidden text"
  expect '*' run --rm -u 1000 --secret s1,mode=0400 $BUSYBOX cat /run/secrets/s1
  [ "$status" -ne 0 ]
}

@test "run --secret: in memory, and read-only" {
  creel_only "Podman binds a file of the host's disk"
  secret s1 "hidden text"
  expect 0 run --rm --secret s1 $BUSYBOX sh -c 'stat -f -c %T /run/secrets/s1; (echo x >/run/secrets/s1) 2>/dev/null || echo read-only; ls /run/secrets'
  assert_output $'tmpfs\nread-only\ns1'
  expect 0 run --rm --userns keep-id --secret s1 $BUSYBOX cat /run/secrets/s1
  assert_output "hidden text"
  expect 0 run --rm --read-only --secret s1 $BUSYBOX cat /run/secrets/s1
  assert_output "hidden text"
}

@test "run --secret type=env: a variable, of exec too" {
  secret s1 "hidden text"
  expect 0 run --rm --secret s1,type=env --secret s1,type=env,target=OTHER $BUSYBOX sh -c 'echo "$s1 $OTHER"'
  assert_output "hidden text hidden text"
}

@test "a secret is in no record, inspect, argument or file of the host" {
  creel_only "looks into Creel's store"
  secret s1 "needle-in-haystack"
  expect 0 run -d --name c --secret s1 --secret s1,type=env,target=S $BUSYBOX sh -c 'echo ready; exec sleep 1000'
  wait_for_log c ready
  expect 0 inspect c
  refute_output_contains needle-in-haystack
  assert_output_contains '"Name": "s1"'
  expect 0 exec c sh -c 'echo "$S"'
  assert_output needle-in-haystack
  run ! grep -r -l needle-in-haystack "$XDG_RUNTIME_DIR"
  assert_equal "$(grep -r -l needle-in-haystack "$HOME/.local/share/creel")" "$(ls "$HOME"/.local/share/creel/secrets/*[0-9a-f][0-9a-f])"
  assert_equal "$(stat -c %a "$HOME"/.local/share/creel/secrets/*[0-9a-f][0-9a-f])" 600
  for p in /proc/[0-9]*; do
    ! tr '\0' ' ' <"$p/cmdline" 2>/dev/null | grep -v -e grep -e bats | grep -q needle-in-haystack || fail "in $p/cmdline"
  done
}

@test "a secret is looked up at each start; one that is gone is an error" {
  creel_only "Podman keeps a copy beside the container"
  secret s1 one
  expect 0 run --name c --secret s1 $BUSYBOX cat /run/secrets/s1
  assert_output one
  printf two | engine secret create --replace s1 - >/dev/null
  expect 0 start -a c
  assert_output two
  expect 0 secret rm s1
  expect_error 125 "no such secret" start -a c
}

@test "secret create -d shell: kept by commands" {
  dir=$BATS_TEST_TMPDIR
  expect 0 secret create -d shell --driver-opts "list=ls $dir" --driver-opts "lookup=cat $dir/\$SECRET_ID" \
    --driver-opts "store=cat >$dir/\$SECRET_ID" --driver-opts "delete=rm $dir/\$SECRET_ID" s1 - <<<"kept elsewhere"
  id=$output
  assert_equal "$(cat "$dir/$id")" "kept elsewhere"
  expect 0 run --rm --secret s1 $BUSYBOX cat /run/secrets/s1
  assert_output "kept elsewhere"
  expect 0 secret rm s1
  [ ! -e "$dir/$id" ]
}
