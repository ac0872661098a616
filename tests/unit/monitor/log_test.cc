// What the log's writer writes, its reader gives back: byte for byte.
#include "engine/monitor/log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "base/file.h"
#include "base/text.h"
#include "engine/monitor/process/log_writer.h"
#include "engine/monitor/shared/liveness.h"
#include "tests/unit/monitor/temporary_dir.h"

using namespace creel;
using namespace creel::engine::monitor;

namespace {

struct Streams {
  std::string out, err;
  std::size_t records = 0;
};

Streams read_back(const LogQuery& query) {
  Streams streams;
  auto done = read_log(query, [&](const LogLine& line) {
    std::string& to = line.is_stderr ? streams.err : streams.out;
    to += line.text;
    if (!line.partial) to += '\n';
    ++streams.records;
    return true;
  });
  if (!done.ok()) FAIL(done.error().text);
  return streams;
}

struct Log : TemporaryDir {
  LogQuery query;
  explicit Log(LogDriver driver) {
    query.driver = driver;
    query.path = path + "/log";
    query.running_dir = path;
  }
  [[nodiscard]] LogWriter writer(std::int64_t max_size = 0, int max_files = 1) const {
    auto opened = LogWriter::open(query.driver, query.path, max_size, max_files);
    REQUIRE(opened.ok());
    return std::move(*opened);
  }
  [[nodiscard]] std::string tail(std::int64_t lines) const {
    LogQuery wanted = query;
    wanted.tail = lines;
    return read_back(wanted).out;
  }
};

// Bytes of every kind, lines of every length.
std::string random_output(std::mt19937& random, std::size_t size) {
  std::string out(size, '\0');
  for (char& c : out) {
    const unsigned kind = random() % 20;
    c = kind == 0 ? '\n' : kind < 8 ? static_cast<char>(random() % 256) : static_cast<char>('a' + random() % 26);
  }
  return out;
}

constexpr LogDriver kDrivers[] = {LogDriver::kK8sFile, LogDriver::kJsonFile};

}  // namespace

TEST_CASE("log: random bytes on both streams in random pieces") {
  std::mt19937 random(1);
  for (LogDriver driver : kDrivers) {
    for (std::int64_t max_size : {0, 100000}) {
      Log log(driver);
      LogWriter writer = log.writer(max_size, 1000);
      std::string out, err;
      for (int i = 0; i < 300; ++i) {
        const bool is_stderr = random() % 3 == 0;
        const std::string piece = random_output(random, 1 + random() % 4000);
        (is_stderr ? err : out) += piece;
        writer.write(is_stderr, piece);
      }
      const Streams back = read_back(log.query);
      CHECK(back.out == out);
      CHECK(back.err == err);
      CHECK(path_exists(log.query.path + ".2") == (max_size != 0));
    }
  }
}

TEST_CASE("log: a line longer than a record, one without end, empty ones") {
  for (LogDriver driver : kDrivers) {
    Log log(driver);
    LogWriter writer = log.writer();
    const std::string text = "\n\n" + std::string(100000, 'x') + "\n" + std::string(32768, '\n') + "no end";
    for (std::size_t at = 0; at < text.size(); at += 32768)
      writer.write(false, std::string_view(text).substr(at, 32768));
    CHECK(read_back(log.query).out == text);
    std::vector<bool> partial;
    REQUIRE(read_log(log.query, [&](const LogLine& line) {
              partial.push_back(line.partial);
              return true;
            }).ok());
    CHECK(partial.back());
    CHECK(!partial.front());
  }
}

TEST_CASE("log: the drivers' formats on disk, mode 0600") {
  Log k8s(LogDriver::kK8sFile);
  k8s.writer().write(true, "whole\npart");
  const auto lines = split(read_file(k8s.query.path).value(), '\n');
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].size() == std::string("2026-11-24T15:04:05.123456789+00:00 stderr F whole").size());
  CHECK(lines[0].ends_with("+00:00 stderr F whole"));
  CHECK(lines[1].ends_with("+00:00 stderr P part"));
  struct stat info {};
  REQUIRE(stat(k8s.query.path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);

  Log json(LogDriver::kJsonFile);
  json.writer().write(false, "a \"quote\"\\\x01\n");
  const std::string text = read_file(json.query.path).value();
  CHECK(text.starts_with(R"({"log":"a \"quote\"\\\u0001\n","stream":"stdout","time":"2)"));
  CHECK(text.ends_with("Z\"}\n"));
}

TEST_CASE("log: json records as other programs write them") {
  Log log(LogDriver::kJsonFile);
  REQUIRE(write_atomic(log.query.path,
                       "{\"time\":\"2026-01-02T03:04:05.5Z\", \"attrs\":{\"a\":[1,\"}\"]}, \"stream\":\"stdout\" , "
                       "\"log\":\"\\u003cb\\u003e \\u00e9 \\ud83d\\ude00 \\/\\n\"}\n"
                       "not json at all\n"
                       "{\"log\":\"no time\\n\",\"stream\":\"stdout\"}\n"
                       "{\"log\":\"bad escape \\x\\n\",\"stream\":\"stdout\",\"time\":\"2026-01-02T03:04:05Z\"}\n"
                       "{\"log\":\"last\",\"stream\":\"stderr\",\"time\":\"2026-01-02T03:04:05Z\"}\n")
              .ok());
  const Streams back = read_back(log.query);
  CHECK(back.out == "<b> \xc3\xa9 \xf0\x9f\x98\x80 /\n");
  CHECK(back.err == "last");
}

TEST_CASE("log: rotation keeps as many files as it is told, each beginning with a line's beginning") {
  for (int files : {1, 3}) {
    Log log(LogDriver::kK8sFile);
    LogWriter writer = log.writer(10000, files);
    std::string all;
    for (int i = 0; i < 5000; ++i) {
      const std::string line = "line " + std::to_string(i) + "\n";
      all += line;
      // In two pieces: what a file begins with is a line all the same.
      writer.write(false, std::string_view(line).substr(0, 3));
      writer.write(false, std::string_view(line).substr(3));
    }
    const std::string kept = read_back(log.query).out;
    REQUIRE(kept.size() > 100);
    CHECK(all.ends_with("\n" + kept));
    CHECK(kept.starts_with("line "));
    CHECK(path_exists(log.query.path + ".2") == (files == 3));
    CHECK(!path_exists(log.query.path + "." + std::to_string(files)));
    struct stat info {};
    REQUIRE(stat(log.query.path.c_str(), &info) == 0);
    CHECK(info.st_size < 11000);
  }
}

TEST_CASE("log: a line without end does not grow a file without end") {
  Log log(LogDriver::kK8sFile);
  LogWriter writer = log.writer(20000, 3);
  const std::string piece(1000, 'e');
  for (int i = 0; i < 500; ++i) writer.write(false, piece);
  struct stat info {};
  REQUIRE(stat((log.query.path + ".1").c_str(), &info) == 0);
  CHECK(info.st_size < 42000);
}

TEST_CASE("log: the tail, also across files, also of pieces") {
  for (LogDriver driver : kDrivers) {
    Log log(driver);
    LogWriter writer = log.writer(3000, 100);
    std::vector<std::string> lines;
    for (int i = 0; i < 400; ++i) {
      std::string line = "line " + std::to_string(i) + std::string(static_cast<std::size_t>(i % 7) * 20, '.') + "\n";
      for (std::size_t at = 0; at < line.size(); at += 30) writer.write(false, std::string_view(line).substr(at, 30));
      lines.push_back(std::move(line));
    }
    REQUIRE(path_exists(log.query.path + ".5"));
    for (std::size_t count : {0u, 1u, 2u, 10u, 57u, 399u, 400u, 1000u}) {
      std::string expected;
      for (std::size_t i = lines.size() - std::min<std::size_t>(count, lines.size()); i < lines.size(); ++i)
        expected += lines[i];
      CAPTURE(count);
      CHECK(log.tail(static_cast<std::int64_t>(count)) == expected);
    }
    writer.write(false, "unfinished");
    CHECK(log.tail(1) == "unfinished");
    CHECK(log.tail(2) == lines.back() + "unfinished");
  }
}

TEST_CASE("log: the tail of two streams counts lines of both and takes them whole") {
  Log log(LogDriver::kK8sFile);
  LogWriter writer = log.writer();
  writer.write(true, "old error\n");
  writer.write(false, "be");
  writer.write(true, "error\n");
  writer.write(false, "gin\n");
  LogQuery query = log.query;
  query.tail = 1;
  CHECK(read_back(query).out == "begin\n");
  CHECK(read_back(query).err.empty());
  query.tail = 2;
  CHECK(read_back(query).out == "begin\n");
  CHECK(read_back(query).err == "error\n");
}

TEST_CASE("log: the tail of a large file reads little of it") {
  Log log(LogDriver::kK8sFile);
  // A hole where old records would be: were it read, it would be one line of many megabytes.
  REQUIRE(write_atomic(log.query.path, "").ok());
  REQUIRE(truncate(log.query.path.c_str(), std::int64_t{1} << 40) == 0);
  Fd fd = open_file(log.query.path, O_WRONLY | O_APPEND).value();
  REQUIRE(write_all(fd.get(),
                    "\n2026-01-01T00:00:00Z stdout F one\n2026-01-01T00:00:00Z stdout F two\n2026-01-01T00:00:00Z "
                    "stdout F three\n")
              .ok());
  CHECK(log.tail(2) == "two\nthree\n");
}

TEST_CASE("log: a torn last record") {
  for (LogDriver driver : kDrivers) {
    Log log(driver);
    log.writer().write(false, "one\ntwo\n");
    const std::string whole = read_file(log.query.path).value();
    for (std::size_t size = whole.find('\n') + 1; size < whole.size(); ++size) {
      REQUIRE(write_atomic(log.query.path, std::string_view(whole).substr(0, size)).ok());
      REQUIRE(read_back(log.query).out == "one\n");
      REQUIRE(log.tail(1) == "one\n");
    }
    // The next writer begins a record of its own.
    log.writer().write(false, "three\n");
    CHECK(read_back(log.query).out == "one\nthree\n");
  }
}

TEST_CASE("log: since and until") {
  Log log(LogDriver::kK8sFile);
  REQUIRE(write_atomic(log.query.path,
                       "2026-01-01T00:00:01Z stdout F one\n2026-01-01T00:00:02.5+00:00 stdout F "
                       "two\n2026-01-01T02:00:03+02:00 stdout F three\n")
              .ok());
  const std::int64_t base = parse_rfc3339("2026-01-01T00:00:00Z").value();
  LogQuery query = log.query;
  query.since_ns = base + 2'000'000'000;
  CHECK(read_back(query).out == "two\nthree\n");
  query.until_ns = base + 2'500'000'000;
  CHECK(read_back(query).out == "two\n");
  query.since_ns.reset();
  CHECK(read_back(query).out == "one\ntwo\n");
}

TEST_CASE("log: an absent one is empty, a reader can stop, none is an error") {
  Log log(LogDriver::kK8sFile);
  CHECK(read_back(log.query).records == 0);
  log.writer().write(false, "1\n2\n3\n");
  int seen = 0;
  REQUIRE(read_log(log.query, [&](const LogLine&) { return ++seen < 2; }).ok());
  CHECK(seen == 2);
  LogQuery none = log.query;
  none.driver = LogDriver::kNone;
  CHECK(!read_log(none, [](const LogLine&) { return true; }).ok());
}

TEST_CASE("log: following across rotations until the writer's end") {
  for (int files : {1000, 1}) {
    Log log(LogDriver::kK8sFile);
    int go[2], ready[2];
    REQUIRE(pipe(go) == 0);
    REQUIRE(pipe(ready) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      // Holds the monitor's lock, writes when it is told to, and is gone without a word.
      auto lock = take_monitor_lock(log.path);
      auto writer = LogWriter::open(LogDriver::kK8sFile, log.query.path, 5000, files);
      char byte = 0;
      if (!lock.ok() || !writer.ok()) _exit(1);
      writer->write(false, "first\n");
      if (write(ready[1], &byte, 1) != 1) _exit(1);
      while (read(go[0], &byte, 1) == 1 && byte != 'q') {
        for (int i = 0; i < 20; ++i) writer->write(false, "a line of some length that fills the file\n");
      }
      writer->write(false, "last");
      _exit(0);
    }
    char byte = 0;
    REQUIRE(read(ready[0], &byte, 1) == 1);
    LogQuery query = log.query;
    query.follow = true;
    std::string text;
    int rounds = 0;
    std::size_t lines = 0;
    // The next round is asked for when the last has arrived: the follower misses none, however few files are kept.
    auto done = read_log(query, [&](const LogLine& line) {
      text += line.text;
      if (!line.partial) text += '\n';
      if (lines++ % 20 == 0 && !line.partial) {
        const char next = rounds++ < 50 ? 'n' : 'q';
        if (write(go[1], &next, 1) != 1) return false;
      }
      return true;
    });
    REQUIRE(done.ok());
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    std::string expected = "first\n";
    for (int i = 0; i < 50 * 20; ++i) expected += "a line of some length that fills the file\n";
    CHECK(text == expected + "last");
    for (int fd : {go[0], go[1], ready[0], ready[1]}) close(fd);
  }
}

TEST_CASE("log: following with a tail of none; following what is over") {
  Log log(LogDriver::kK8sFile);
  log.writer().write(false, "old\n");
  LogQuery query = log.query;
  query.follow = true;
  CHECK(read_back(query).out == "old\n");
  query.tail = 0;
  CHECK(read_back(query).out.empty());
}
