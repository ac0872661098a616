#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>

#include "base/signals.h"
#include "base/text.h"
#include "engine/container/container.h"
#include "engine/container/names.h"
#include "engine/container/passes.h"
#include "engine/container/spec_passes.h"
#include "engine/container/user_files.h"
#include "engine/time_filter.h"
#include "engine/volume/volume.h"

using namespace creel;
using namespace creel::engine;

TEST_CASE("environment entries") {
  const std::vector<std::string> host = {"HOME=/root", "LC_ALL=C", "LC_TIME=de", "LONG=a=b"};
  std::vector<std::string> env = {"PATH=/bin"};
  REQUIRE(add_env("A=1", host, env).ok());
  REQUIRE(add_env("A=2=3", host, env).ok());
  REQUIRE(add_env("PATH=", host, env).ok());
  REQUIRE(add_env("LC_*", host, env).ok());
  REQUIRE(add_env("LONG", host, env).ok());
  REQUIRE(add_env("ABSENT", host, env).ok());
  CHECK(env == std::vector<std::string>{"PATH=", "A=2=3", "LC_ALL=C", "LC_TIME=de", "LONG=a=b"});
  CHECK(!add_env("=x", host, env).ok());
  CHECK(!add_env("", host, env).ok());
}

TEST_CASE("environment files") {
  char path[] = "/tmp/creel-env-XXXXXX";
  REQUIRE(mkstemp(path) >= 0);
  std::ofstream(path) << "# comment\n\n  A=1\nB=x # not a comment\r\nHOST\nEMPTY=\n";
  std::vector<std::string> env;
  REQUIRE(add_env_file(path, {"HOST=here"}, env).ok());
  CHECK(env == std::vector<std::string>{"A=1", "B=x # not a comment", "HOST=here", "EMPTY="});
  std::ofstream(path) << "A B=1\n";
  CHECK(!add_env_file(path, {}, env).ok());
  std::remove(path);
  auto absent = add_env_file(path, {}, env);
  REQUIRE(!absent.ok());
  CHECK(absent.error().text == std::string("open ") + path + ": No such file or directory");
}

TEST_CASE("-v") {
  auto bind = parse_volume("/src:/dst:ro,z");
  REQUIRE(bind.ok());
  CHECK(bind->type == VolumeMount::Type::kBind);
  CHECK(bind->source == "/src");
  CHECK(bind->destination == "/dst");
  CHECK(bind->options == std::vector<std::string>{"ro", "z"});
  auto named = parse_volume("data:/var//lib/./x/");
  REQUIRE(named.ok());
  CHECK(named->type == VolumeMount::Type::kVolume);
  CHECK(named->name == "data");
  CHECK(named->destination == "/var/lib/x");
  auto anonymous = parse_volume("/data");
  REQUIRE(anonymous.ok());
  CHECK(anonymous->anonymous);
  CHECK(parse_volume("./here:/x")->type == VolumeMount::Type::kBind);
  for (const char* text : {"", "a:b", "/a:/b:/c:d", "/a:/b:bogus", ":/b", "/a:", "/a:/", "/a:/b:ro,rw", "/a:/b:z,Z",
                           "/a:/..", "/a:/b:shared,private", "/a:/proc", "/a:/x/../proc/sys"}) {
    CAPTURE(text);
    CHECK(!parse_volume(text).ok());
  }
  CHECK(parse_volume("/a:/b:O").value().options == std::vector<std::string>{"O"});
  CHECK(parse_volume("/a:/b:O,upperdir=/u,workdir=/w").ok());
  CHECK(parse_volume("/a:/b:upperdir=/u").error().code == Code::kInvalid);
  CHECK(parse_volume("/a:/b:O,upperdir=u").error().code == Code::kInvalid);
  CHECK(parse_volume("/a:/b:O,z").error().code == Code::kInvalid);
}

TEST_CASE("--mount and --tmpfs") {
  auto bind = parse_mount("type=bind,src=/a,target=/b,readonly,bind-propagation=rslave");
  REQUIRE(bind.ok());
  CHECK(bind->source == "/a");
  CHECK(bind->options == std::vector<std::string>{"ro", "rslave"});
  auto volume = parse_mount("source=data,dst=/b,ro=false");
  REQUIRE(volume.ok());
  CHECK(volume->name == "data");
  CHECK(volume->options == std::vector<std::string>{"rw"});
  auto tmpfs = parse_mount("type=tmpfs,destination=/t,tmpfs-size=1m,tmpfs-mode=1777,notmpcopyup");
  REQUIRE(tmpfs.ok());
  CHECK(tmpfs->options == std::vector<std::string>{"size=1m", "mode=1777", "notmpcopyup"});
  CHECK(parse_mount("type=bind,\"src=/a,b\",dst=/c")->source == "/a,b");
  for (const char* text :
       {"", "type=bind,src=/a", "type=bind,dst=/b", "type=nope,dst=/b", "type=bind,src=/a,dst=b",
        "type=tmpfs,src=/a,dst=/b", "type=bind,src=/a,dst=/b,ro=maybe", "type=bind,src=/a,dst=/b,bogus=1"}) {
    CAPTURE(text);
    CHECK(!parse_mount(text).ok());
  }
  CHECK(parse_mount("type=image,src=x,dst=/b").value().name == "x");
  CHECK(parse_mount("type=image,dst=/b").error().code == Code::kInvalid);
  CHECK(parse_mount("type=glob,src=x,dst=/b").error().code == Code::kUnsupported);
  const VolumeMount made = parse_mount("type=volume,src=v,dst=/b,volume-opt=type=tmpfs,volume-label=a=b,volume-subpath=x/y").value();
  CHECK(made.driver_options == std::map<std::string, std::string>{{"type", "tmpfs"}});
  CHECK(made.labels == std::map<std::string, std::string>{{"a", "b"}});
  CHECK(made.options == std::vector<std::string>{"subpath=x/y"});
  CHECK(parse_mount("type=bind,src=/a,dst=/b,volume-opt=type=tmpfs").error().code == Code::kInvalid);
  auto plain = parse_tmpfs("/run:rw,size=64m,mode=755");
  REQUIRE(plain.ok());
  CHECK(plain->options == std::vector<std::string>{"rw", "size=64m", "mode=755"});
  CHECK(!parse_tmpfs("run").ok());
  CHECK(!parse_tmpfs("/run:bogus").ok());
}

TEST_CASE("a configuration survives its record") {
  ContainerConfig config;
  config.id = "abc";
  config.entrypoint = {"/bin/sh", "-c"};
  config.env = {"A=\xc3\xa4"};
  config.labels = {{"a", "b"}};
  config.mounts = {{VolumeMount::Type::kVolume, "data", "/s", "/d", {"ro"}, true}};
  config.ports = {{"127.0.0.1", 8080, 80, "udp"}};
  config.umask = 027;
  config.stop_timeout = 3;
  config.shm_size = 1;
  config.tty = true;
  auto back = config_from_json_text(to_json_text(config));
  REQUIRE(back.ok());
  CHECK(to_json_text(*back) == to_json_text(config));
  CHECK(back->mounts.at(0).anonymous);
  CHECK(back->ports.at(0).host_port == 8080);
  CHECK(back->umask == 027);
  CHECK(back->tty);
  CHECK(!config_from_json_text("{").ok());
  CHECK(!config_from_json_text("[]").ok());
  CHECK(config_from_json_text(R"({"env": 3, "mounts": "x", "tty": "yes"})").ok());
}

TEST_CASE("signals") {
  CHECK(*parse_signal("9") == SIGKILL);
  CHECK(*parse_signal("kill") == SIGKILL);
  CHECK(*parse_signal("SIGTERM") == SIGTERM);
  CHECK(*parse_signal("rtmin+1") == 35);
  CHECK(*parse_signal("SIGRTMAX-1") == 63);
  CHECK(*parse_signal("RTMIN") == 34);
  for (const char* text : {"", "0", "65", "-1", "SIG", "NOPE", "RTMIN-1", "RTMIN+31", "RTMAX+1", "9x"}) {
    CAPTURE(text);
    CHECK(!parse_signal(text).ok());
  }
  CHECK(signal_name(SIGINT) == "SIGINT");
  CHECK(signal_name(35) == "SIGRTMIN+1");
}

TEST_CASE("entry points, limits, keep-id, users, volume names") {
  CHECK(parse_entrypoint("").empty());
  CHECK(parse_entrypoint("/bin/x -y") == std::vector<std::string>{"/bin/x -y"});
  CHECK(parse_entrypoint(R"(["a", "b c"])") == std::vector<std::string>{"a", "b c"});
  CHECK(parse_entrypoint("[a") == std::vector<std::string>{"[a"});
  CHECK(check_ulimit("nofile=10:20").ok());
  CHECK(check_ulimit("core=-1").ok());
  CHECK(check_ulimit("host").ok());
  for (const char* text : {"nofile", "nofile=20:10", "bogus=1", "nofile=x", "nofile=-1:5"})
    CHECK(!check_ulimit(text).ok());
  CHECK(parse_keep_id("keep-id:uid=5,gid=6")->gid == 6u);
  CHECK(!parse_keep_id("keep-id").value().uid.has_value());
  CHECK(!parse_keep_id("keep-id:size=5").ok());
  CHECK(is_root_user(""));
  CHECK(is_root_user("0:5"));
  CHECK(!is_root_user("10"));
  CHECK(!is_root_user("postgres"));
  CHECK(check_volume_name("a.b-c_1").ok());
  for (const char* text : {"", ".a", "-a", "a/b", "a b"}) CHECK(!check_volume_name(text).ok());
}

TEST_CASE("made-up names are two words") {
  for (int i = 0; i < 100; ++i) {
    const std::string name = made_up_name();
    CHECK(std::count(name.begin(), name.end(), '_') == 1);
    CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos);
  }
}

TEST_CASE("durations and points in time") {
  CHECK(*parse_duration("1h30m") == 5400000000000);
  CHECK(*parse_duration("1.5s") == 1500000000);
  CHECK(*parse_time_filter("1700000000") == 1700000000000000000);
  CHECK(*parse_time_filter("1700000000.5") == 1700000000500000000);
  CHECK(*parse_time_filter("2026-11-23T21:11:46Z") == *parse_rfc3339("2026-11-23T21:11:46Z"));
  const std::int64_t then = *parse_time_filter("10m");
  const std::int64_t ago = now_ns() - then;
  CHECK(ago >= 600000000000);
  CHECK(ago < 660000000000);
  for (const char* text : {"", "x", "10", "1x", "h"}) CHECK(!parse_duration(text).ok());
  CHECK(!parse_time_filter("yesterday").ok());
}

TEST_CASE("IDs in passwd and group files") {
  CHECK(has_id("root:x:0:0:root:/root:/bin/sh\nu:x:10:10::/:/bin/sh\n", "10"));
  CHECK(has_id("g:x:7:", "7"));
  CHECK(!has_id("root:x:0:0\n10:10\n", "10"));
  CHECK(!has_id("", "0"));
}
