# volume …, and what volumes and mounts take beyond a name.
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() {
  clean_up
  engine volume rm -a >/dev/null 2>&1 || true
}

@test "volume create, ls, inspect, exists, rm" {
  expect 0 volume create --label a=b --label c v1
  assert_output v1
  expect 0 volume create
  assert_matches "$output" '^[0-9a-f]{64}$'
  made=$output
  expect 0 volume ls -q
  assert_equal "$(sort <<<"$output")" "$(printf '%s\n' v1 "$made" | sort)"
  expect 0 volume ls --filter name=v1
  assert_matches "$output" $'^DRIVER +VOLUME NAME\nlocal +v1$'
  expect 0 volume inspect -f '{{.Name}} {{.Driver}} {{.Scope}} {{.Labels}} {{.Options}} {{.MountCount}}' v1
  assert_output 'v1 local local map[a:b c:] map[] 0'
  path=$(engine volume inspect -f '{{.Mountpoint}}' v1)
  [ -d "$path" ]
  expect 0 volume exists v1
  expect 1 volume exists absent
  expect 0 volume rm v1 "$made"
  assert_output "v1"$'\n'"$made"
  [ ! -e "$path" ]
  expect 1 volume exists v1
}

@test "inspect: volumes too" {
  expect 0 volume create v1
  expect 0 inspect -f '{{.Name}} {{.Driver}}' v1
  assert_output 'v1 local'
  expect 0 inspect --type volume -f '{{.Name}}' v1
  assert_output v1
  expect 125 inspect --type volume absent
}

@test "volume: what is refused, and with which exit code" {
  expect 0 volume create v1
  expect_error 125 "already exists" volume create v1
  expect_error 125 "names must match" volume create 'bad*name'
  expect_error 125 "invalid mount option nosuch" volume create --opt nosuch=1
  expect_error 125 "" volume create --driver nosuch v2
  expect 1 volume rm absent v1
  assert_output v1
  assert_contains "$stderr" 'no volume with name "absent" found: no such volume'
  expect 0 volume rm -f absent
  expect_error 125 "choose either one or more volumes or all" volume rm
  expect 125 volume inspect absent
  assert_contains "$stderr" "no such volume absent"
  expect_error 125 "provide one or more volume names" volume inspect
  expect_error 125 '"nosuch" is an invalid volume filter' volume ls --filter nosuch=1
  expect_error 125 "must be true or false" volume ls --filter dangling=maybe
}

@test "volume create --ignore: one that is there is no error" {
  creel_only "Podman 4.3 has none of these"
  expect 0 volume create --label first=1 v1
  expect 0 volume create --ignore --label second=1 v1
  assert_output v1
  assert_equal "$(engine volume inspect -f '{{.Labels}}' v1)" "map[first:1]"
}

@test "volume ls: filters, formats" {
  expect 0 volume create --label one=1 --label two=2 a1
  expect 0 volume create --label one=1 a2
  expect 0 volume create b1
  expect 0 create --name user -v b1:/b $BUSYBOX true
  q() { engine volume ls -q "$@" | sort | tr '\n' ' '; }
  assert_equal "$(q --filter label=one)" "a1 a2 "
  assert_equal "$(q --filter name=^a --filter dangling=true)" "a1 a2 "
  assert_equal "$(q --filter dangling=false)" "b1 "
  assert_equal "$(q --filter name=a1 --filter name=b1)" "a1 b1 "
  assert_equal "$(q --filter driver=local --filter scope=local)" "a1 a2 b1 "
  assert_equal "$(q --filter until=2000-01-01)" ""
  expect 0 volume ls --filter name=a1 --format '{{.Name}}:{{.Driver}}:{{.Labels}}'
  assert_output 'a1:local:map[one:1 two:2]'
  expect 0 volume ls --filter name=a1 --format json
  assert_equal "$(python3 -c 'import json,sys; v = json.load(sys.stdin)[0]; print(v["Name"], v["Labels"]["two"], v["Scope"], v["Mountpoint"].endswith("/volumes/a1/_data"))' <<<"$output")" "a1 2 local True"
  creel_only "Podman 4.3 has none of these"
  assert_equal "$(q --filter label=one=1 --filter label=two)" "a1 "
  assert_equal "$(q --filter since=a1)" "a2 b1 "
  assert_equal "$(q --filter 'label!=one')" "b1 "
}

@test "volume rm: not while a container uses it; --force takes the container, too" {
  expect 0 create --name user -v used:/data $BUSYBOX true
  expect 2 volume rm used
  assert_contains "$stderr" "is being used by the following container(s)"
  expect 0 volume rm --force used
  assert_output used
  expect 1 container exists user
}

@test "volume rm, inspect: by the beginning of a name" {
  expect 0 volume create abcdef
  expect 0 volume create abcxyz
  assert_equal "$(engine volume inspect -f '{{.Name}}' abcd)" abcdef
  expect_error 125 "" volume rm abc
  expect 0 volume rm abcd
  expect 1 volume exists abcdef
}

@test "volume create --opt o=uid=,gid=: the directory belongs to them, as containers see it" {
  expect 0 volume create --opt o=uid=7,gid=9 owned
  assert_equal "$(engine volume inspect -f '{{.UID}}:{{.GID}} {{.Options}}' owned)" "7:9 map[GID:9 UID:7 o:uid=7,gid=9]"
  expect 0 run --rm -v owned:/data $BUSYBOX stat -c %u:%g /data
  assert_output 7:9
  # What the image has there comes into it, and it stays theirs.
  expect 0 run --rm -v owned:/etc $BUSYBOX sh -c 'stat -c %u:%g /etc; ls /etc/passwd'
  assert_output $'7:9\n/etc/passwd'
}

@test "volume create --uid --gid" {
  creel_only "Podman 4.3 has none of these"
  expect 0 volume create --uid 7 --gid 9 owned
  expect 0 run --rm -v owned:/data $BUSYBOX stat -c %u:%g /data
  assert_output 7:9
}

@test "a new volume with nothing in the image for it is its container's user's" {
  expect 0 run --rm -u 12:34 -v fresh:/no/such/dir $BUSYBOX sh -c 'touch /no/such/dir/x && stat -c %u:%g /no/such/dir'
  assert_output 12:34
  # Once: the next user finds it as it is.
  expect 0 run --rm -u 56:78 -v fresh:/no/such/dir $BUSYBOX stat -c %u:%g /no/such/dir
  assert_output 12:34
}

@test "volume create --opt type=none,o=bind: a directory of the host" {
  mkdir "$BATS_TEST_TMPDIR/d"
  echo outside >"$BATS_TEST_TMPDIR/d/in"
  expect 0 volume create --opt type=none --opt device="$BATS_TEST_TMPDIR/d" --opt o=bind b1
  expect 0 run --rm -v b1:/b $BUSYBOX sh -c 'cat /b/in; echo inside >/b/out'
  assert_output outside
  assert_equal "$(cat "$BATS_TEST_TMPDIR/d/out")" inside
  expect 0 volume create --opt type=none --opt device="$BATS_TEST_TMPDIR/absent" --opt o=bind b3
  expect '12[567]' run --rm -v b3:/b $BUSYBOX true
  # The volume goes, what it names stays.
  expect 0 volume rm b1
  assert_equal "$(cat "$BATS_TEST_TMPDIR/d/in")" outside
  creel_only "Podman gives even that to the container's user, and fails"
  expect 0 volume create --opt type=none --opt device="$BATS_TEST_TMPDIR/d" --opt o=bind,ro b2
  expect 0 run --rm -v b2:/b $BUSYBOX sh -c 'touch /b/x 2>/dev/null || echo read-only'
  assert_output read-only
}

@test "volume create --opt type=tmpfs: in memory, shared while somebody runs" {
  creel_only "Podman's kernel and quota checks refuse size here"
  expect 0 volume create --opt type=tmpfs --opt device=tmpfs --opt o=size=1m,mode=0750,noexec t1
  expect 0 run -d --name first -v t1:/t $BUSYBOX sh -c 'echo shared >/t/f; echo ready; exec sleep 100'
  wait_for_log first ready
  expect 0 run --rm -v t1:/u $BUSYBOX sh -c 'cat /u/f; stat -f -c %T /u; stat -c %a /u; df -k /u | tail -n 1 | { read a b c; echo $b; }; grep " /u " /proc/self/mountinfo | grep -c noexec'
  assert_output $'shared\ntmpfs\n750\n1024\n1'
  expect 0 rm -f -t 0 first
  expect 0 run --rm -v t1:/u $BUSYBOX ls /u
  assert_output ""
}

@test "--volumes-from: all that another container has mounted, ro where asked" {
  mkdir "$BATS_TEST_TMPDIR/d"
  expect 0 create --name lender -v "$BATS_TEST_TMPDIR/d:/bound" -v named:/named -v /anonymous $BUSYBOX true
  expect 0 run --rm --volumes-from lender $BUSYBOX sh -c 'touch /bound/a /named/b /anonymous/c && echo written'
  assert_output written
  [ -e "$BATS_TEST_TMPDIR/d/a" ]
  expect 0 run --rm --volumes-from lender:ro $BUSYBOX sh -c 'ls /named /anonymous; touch /bound/x 2>/dev/null || touch /named/x 2>/dev/null || echo read-only'
  assert_output $'/anonymous:\nc\n\n/named:\nb\nread-only'
  # What is asked for here wins.
  expect 0 run --rm --volumes-from lender -v other:/named $BUSYBOX ls /named
  assert_output ""
  # The lender's anonymous volume outlives who borrowed it.
  expect 0 run --rm --volumes-from lender $BUSYBOX ls /anonymous
  assert_output c
  expect_error 125 "no-such" run --rm --volumes-from no-such $BUSYBOX true
  expect_error 125 "" run --rm --volumes-from lender:nosuch $BUSYBOX true
}

@test "-v :O: written over, and gone with the run" {
  mkdir "$BATS_TEST_TMPDIR/d"
  echo below >"$BATS_TEST_TMPDIR/d/f"
  expect 0 run --name o1 -v "$BATS_TEST_TMPDIR/d:/o:O" $BUSYBOX sh -c 'cat /o/f; ls /o; echo above >/o/f; touch /o/new; cat /o/f'
  assert_output $'below\nf\nabove'
  assert_equal "$(cat "$BATS_TEST_TMPDIR/d/f") $(ls "$BATS_TEST_TMPDIR/d")" "below f"
  expect 0 start -a o1
  assert_output $'below\nf\nabove'
  expect 0 run --rm -v named:/v $BUSYBOX sh -c 'echo kept >/v/f'
  expect 0 run --rm -v named:/v:O $BUSYBOX sh -c 'cat /v/f; rm /v/f'
  assert_output kept
  expect 0 run --rm -v named:/v $BUSYBOX cat /v/f
  assert_output kept
}

@test "-v :O,upperdir=,workdir=: what is written stays there" {
  mkdir "$BATS_TEST_TMPDIR"/{d,u,w}
  expect 0 run --rm -v "$BATS_TEST_TMPDIR/d:/o:O,upperdir=$BATS_TEST_TMPDIR/u,workdir=$BATS_TEST_TMPDIR/w" $BUSYBOX touch /o/x
  [ -e "$BATS_TEST_TMPDIR/u/x" ]
  expect 125 run --rm -v "$BATS_TEST_TMPDIR/d:/o:upperdir=/tmp" $BUSYBOX true
}

@test "--mount volume-subpath: a part of a volume, whose links lead nowhere" {
  creel_only "Podman 4.3 has none of these"
  expect 0 run --rm -v named:/v $BUSYBOX sh -c 'mkdir -p /v/a/b; echo part >/v/a/b/f; ln -s /etc /v/out; ln -s ../../../../../etc /v/up; ln -s a/b /v/short'
  expect 0 run --rm --mount type=volume,src=named,dst=/p,volume-subpath=a/b $BUSYBOX cat /p/f
  assert_output part
  expect 0 run --rm --mount type=volume,src=named,dst=/p,subpath=short $BUSYBOX cat /p/f
  assert_output part
  for link in out up; do
    expect '12[567]' run --rm --mount type=volume,src=named,dst=/p,subpath=$link $BUSYBOX ls /p
    assert_output ""
  done
  expect '12[567]' run --rm --mount type=volume,src=named,dst=/p,subpath=absent $BUSYBOX true
}

@test "--mount type=volume,volume-opt=,volume-label=" {
  creel_only "Podman has no such keys; Docker has"
  mkdir "$BATS_TEST_TMPDIR/d"
  echo bound >"$BATS_TEST_TMPDIR/d/f"
  expect 0 run --rm --mount "type=volume,src=made,dst=/m,volume-label=a=b,volume-opt=type=none,volume-opt=device=$BATS_TEST_TMPDIR/d,volume-opt=o=bind" $BUSYBOX cat /m/f
  assert_output bound
  assert_equal "$(engine volume inspect -f '{{.Labels.a}} {{.Options.o}}' made)" "b bind"
}

@test "--mount type=image: another image's files" {
  expect 0 run --rm --mount type=image,source=$BUSYBOX,destination=/i $BUSYBOX sh -c 'ls -d /i/bin; touch /i/x 2>/dev/null || echo read-only'
  assert_output $'/i/bin\nread-only'
  expect 0 run --rm --mount type=image,source=$BUSYBOX,destination=/i,rw=true $BUSYBOX sh -c 'touch /i/x && echo written'
  assert_output written
  expect_error '12[56]' "no-such-image" run --rm --mount type=image,source=localhost/no-such-image,destination=/i $BUSYBOX true
}


@test "volume mount, unmount: where it is on the host" {
  as_root || creel_only "Podman wants unshare"
  expect 0 volume create v1
  expect 0 volume mount v1
  [ -d "$output" ]
  expect 0 volume unmount v1
  assert_output v1
  expect 0 volume reload
}
