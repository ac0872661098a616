#include "engine/copy/copy.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>

#include "base/file.h"
#include "base/text.h"
#include "engine/copy/inside.h"
#include "engine/copy/tar_reader.h"
#include "engine/copy/tar_writer.h"
#include "engine/volume/volume.h"

namespace creel::engine::copy {

namespace {

struct Pipe {
  Fd read_end, write_end;
};
Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno_error("making a pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

enum class Kind : char { kAbsent = '-', kDirectory = 'd', kFile = 'f', kOther = 'o' };

// What is at a path, links followed, and whether its parent is a directory.
struct Look {
  Kind kind = Kind::kAbsent;
  bool parent = false;
};

Kind kind_of(const struct stat& info) {
  if (S_ISDIR(info.st_mode)) return Kind::kDirectory;
  return S_ISREG(info.st_mode) ? Kind::kFile : Kind::kOther;
}

std::string without_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}
std::string parent_of(const std::string& path) {
  const std::string clean = without_slashes(path);
  const std::size_t slash = clean.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : clean.substr(0, slash);
}
std::string base_of(const std::string& path) {
  const std::string clean = without_slashes(path);
  return clean.substr(clean.rfind('/') + 1);
}

// "DIR/.": what is in it.
bool means_content(const std::string& path) {
  return path == "." || (path.size() >= 2 && path.compare(path.size() - 2, 2, "/.") == 0);
}

Look look(int root, const std::string& path) {
  Look out;
  struct stat info {};
  auto found = open_in_root(root, path, O_PATH);
  if (found.ok() && fstat(found->get(), &info) == 0) out.kind = kind_of(info);
  auto parent = open_in_root(root, parent_of(path), O_PATH | O_DIRECTORY);
  out.parent = parent.ok();
  return out;
}

// One side of a copy. The host's is beneath no root of its own: the caller's links lead where they lead.
class Side {
 public:
  Side(Engine& engine, Place place) : engine_(engine), place_(std::move(place)) {}

  [[nodiscard]] bool stream() const { return place_.path == "-" && place_.container.empty(); }
  [[nodiscard]] const std::string& path() const { return place_.path; }
  [[nodiscard]] std::string shown() const {
    return place_.container.empty() ? "\"" + place_.path + "\" could not be found on the host"
                                    : "\"" + place_.path + "\" could not be found on container " + place_.container;
  }

  Result<Look> look_at() {
    if (place_.container.empty()) return look_at_host();
    TRY_SET(Pipe pipe, make_pipe());
    const std::string& path = place_.path;
    TRY_SET(Inside inside, Inside::start(engine_, place_.container, [&](const ContainerRoot& root) -> Result<void> {
              const Look seen = look(root.root, path);
              const char text[2] = {static_cast<char>(seen.kind), seen.parent ? 'p' : '-'};
              return write_all(pipe.write_end.get(), std::string_view(text, 2));
            }));
    pipe.write_end.reset();
    TRY_SET(const std::string text, read_all(pipe.read_end.get(), 16));
    TRY(inside.finish());
    if (text.size() != 2) return fail(Code::kFailed, "looking at " + path + ": no answer");
    return Look{static_cast<Kind>(text[0]), text[1] == 'p'};
  }

  // A tar stream of what is there: named `name`, or its content for an empty one. Goes on beside this process for a
  // container. `close`: the stream's other end, which its writer must not hold itself.
  Result<std::optional<Inside>> send(const std::string& name, const Fd& to, const Fd* close) {
    const std::string path = place_.path;
    const auto write = [&](int object) -> Result<void> {
      TarWriter tar(to.get());
      TRY(name.empty() ? tar.add_content(object) : tar.add(object, name));
      return tar.finish();
    };
    if (place_.container.empty()) {
      TRY_SET(const Fd object, open_file(path, O_PATH));
      TRY(write(object.get()));
      return std::optional<Inside>();
    }
    TRY_SET(Inside inside, Inside::start(engine_, place_.container, [&](const ContainerRoot& root) -> Result<void> {
              if (close != nullptr) ::close(close->get());
              TRY_SET(const Fd object, open_in_root(root.root, path, O_PATH));
              return write(object.get());
            }));
    return std::optional<Inside>(std::move(inside));
  }

  Result<std::optional<Inside>> receive(const Fd& from, const Fd* close, ExtractOptions options, bool archive) {
    if (place_.container.empty()) {
      // The directory itself is the root: nothing that came along leads out of it.
      if (options.into.empty()) {
        TRY_SET(const Fd root, open_file(options.base, O_RDONLY | O_DIRECTORY));
        options.base = "/";
        options.chown = false;
        TRY(extract(from.get(), root.get(), options));
        return std::optional<Inside>();
      }
      TRY_SET(const Fd root, open_file("/", O_RDONLY | O_DIRECTORY));
      options.chown = false;
      TRY_SET(options.into, absolute(options.into));
      TRY(extract(from.get(), root.get(), options));
      return std::optional<Inside>();
    }
    TRY_SET(Inside inside, Inside::start(engine_, place_.container, [&](const ContainerRoot& root) -> Result<void> {
              // The other end, which would keep this one from seeing the end.
              if (close != nullptr) ::close(close->get());
              if (archive) options.owner = Ownership{root.uid, root.gid};
              return extract(from.get(), root.root, options);
            }));
    return std::optional<Inside>(std::move(inside));
  }

 private:
  static Result<std::string> absolute(const std::string& path) {
    char* real = realpath(path.c_str(), nullptr);
    if (real == nullptr) return errno_error("resolving " + path);
    std::string out(real);
    free(real);
    return out;
  }

  Result<Look> look_at_host() const {
    Look out;
    struct stat info {};
    if (stat(place_.path.c_str(), &info) == 0) {
      out.kind = kind_of(info);
    } else if (errno != ENOENT && errno != ENOTDIR) {
      return errno_error("stat " + place_.path);
    }
    out.parent = stat(parent_of(place_.path).c_str(), &info) == 0 && S_ISDIR(info.st_mode);
    return out;
  }

  Engine& engine_;
  Place place_;
};

// What the stream's entry is called, and where it goes.
struct Target {
  std::string name;  // empty: the content alone
  ExtractOptions options;
};

Result<Target> plan(const Look& source, Side& from, const Look& target, Side& to, const CopyOptions& options) {
  Target out;
  out.options.overwrite = options.overwrite;
  const bool content = source.kind == Kind::kDirectory && means_content(from.path());
  if (target.kind == Kind::kDirectory) {
    out.options.base = to.path();
    std::string name = base_of(from.path());
    // "/" and ".." have no name of their own.
    if (content || name.empty() || name == "." || name == "..") return out;
    out.name = std::move(name);
    return out;
  }
  const bool wants_directory = to.path().back() == '/' || means_content(to.path());
  if (target.kind == Kind::kAbsent) {
    if (!target.parent) return fail(Code::kNotFound, to.shown() + ": no such file or directory");
    if (wants_directory && source.kind != Kind::kDirectory) {
      return fail(Code::kNotFound, to.shown() + ": the directory to copy a file to does not exist");
    }
    out.options.base = parent_of(to.path());
    out.name = base_of(to.path());
    return out;
  }
  if (source.kind == Kind::kDirectory) {
    if (!options.overwrite) return fail(Code::kInvalid, "destination must be a directory when copying a directory");
    out.options.base = parent_of(to.path());
    out.name = base_of(to.path());
    return out;
  }
  if (wants_directory) return fail(Code::kInvalid, to.path() + ": it is no directory");
  out.name = base_of(to.path());
  if (source.kind == Kind::kFile && target.kind == Kind::kFile) {
    out.options.into = to.path();
  } else {
    out.options.base = parent_of(to.path());
  }
  return out;
}

Result<Fd> copy_of(int fd) {
  Fd out(fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!out.valid()) return errno_error("standard input or output");
  return out;
}

Result<void> from_stream(Side& to, const CopyOptions& options) {
  TRY_SET(const Look target, to.look_at());
  if (target.kind == Kind::kAbsent) return fail(Code::kNotFound, to.shown() + ": no such file or directory");
  if (target.kind != Kind::kDirectory)
    return fail(Code::kInvalid, "destination must be a directory when copying from stdin");
  ExtractOptions extraction;
  extraction.base = to.path();
  extraction.overwrite = options.overwrite;
  TRY_SET(const Fd input, copy_of(STDIN_FILENO));
  TRY_SET(auto inside, to.receive(input, nullptr, extraction, options.archive));
  return inside ? inside->finish() : Result<void>();
}

Result<void> to_stream(Side& from) {
  if (isatty(STDOUT_FILENO) != 0)
    return fail(Code::kInvalid, "refusing to copy to a terminal: redirect standard output");
  TRY_SET(const Look source, from.look_at());
  if (source.kind == Kind::kAbsent) return fail(Code::kNotFound, from.shown() + ": no such file or directory");
  std::string name = base_of(from.path());
  if (means_content(from.path()) || name == "." || name == "..") name.clear();
  TRY_SET(const Fd out, copy_of(STDOUT_FILENO));
  TRY_SET(auto inside, from.send(name, out, nullptr));
  return inside ? inside->finish() : Result<void>();
}

// Whose error it was: the reader's says more than the writer's broken pipe.
Result<void> worse(Result<void> sent, Result<void> received) {
  if (!received.ok() && (sent.ok() || sent.error().err == EPIPE)) return received;
  return sent.ok() ? std::move(received) : std::move(sent);
}

}  // namespace

Place parse_place(const std::string& text) {
  if (text.empty() || text.front() == '/' || text.front() == '.' || text == "-") return {"", text};
  const Cut parts = cut(text, ':');
  if (!parts.found || parts.before.find('/') != std::string::npos) return {"", text};
  return {parts.before, parts.after};
}

Result<void> copy(Engine& engine, const Place& source, const Place& target, const CopyOptions& options) {
  // A reader that gives up is an error with a text, not a signal.
  signal(SIGPIPE, SIG_IGN);
  if (source.container.empty() && target.container.empty()) {
    return fail(Code::kInvalid, "invalid arguments \"" + source.path + "\", \"" + target.path +
                                    "\": one of them must be in a container: CONTAINER:PATH");
  }
  if (source.path.empty() || target.path.empty())
    return fail(Code::kInvalid, "invalid arguments: a path cannot be empty");
  Side from(engine, source), to(engine, target);
  if (from.stream()) return from_stream(to, options);
  if (to.stream()) return to_stream(from);
  TRY_SET(const Look have, from.look_at());
  if (have.kind == Kind::kAbsent) return fail(Code::kNotFound, from.shown() + ": no such file or directory");
  if (have.kind != Kind::kDirectory && from.path().back() == '/')
    return fail(Code::kInvalid, from.path() + ": it is no directory");
  TRY_SET(const Look there, to.look_at());
  TRY_SET(Target plan_of, plan(have, from, there, to, options));
  TRY_SET(Pipe pipe, make_pipe());
  // Whoever is on the host's side does it in this process, the container's goes first and beside it.
  if (source.container.empty()) {
    TRY_SET(auto receiver, to.receive(pipe.read_end, &pipe.write_end, plan_of.options, options.archive));
    pipe.read_end.reset();
    auto sent = from.send(plan_of.name, pipe.write_end, nullptr);
    pipe.write_end.reset();
    auto received = receiver->finish();
    return worse(sent.ok() ? Result<void>() : Result<void>(std::move(sent).error()), std::move(received));
  }
  TRY_SET(auto sender, from.send(plan_of.name, pipe.write_end, &pipe.read_end));
  pipe.write_end.reset();
  auto started = to.receive(pipe.read_end, nullptr, plan_of.options, options.archive);
  pipe.read_end.reset();
  Result<void> received;
  if (!started.ok()) {
    received = std::move(started).error();
  } else if (*started) {
    received = (*started)->finish();
  }
  return worse(sender->finish(), std::move(received));
}

Result<void> export_volume(Engine& engine, const std::string& name, int to) {
  TRY_SET(const storage::VolumeRecord volume, find_volume(engine, name));
  TRY_SET(const std::string data, ensure_volume_directory(engine, volume.name));
  TRY_SET(Inside inside, Inside::start_beneath(engine, data, [&](const ContainerRoot& root) -> Result<void> {
            TarWriter tar(to);
            TRY(tar.add_content(root.root));
            return tar.finish();
          }));
  return inside.finish();
}

Result<void> import_volume(Engine& engine, const std::string& name, int from) {
  TRY_SET(const storage::VolumeRecord volume, find_volume(engine, name));
  TRY_SET(const std::string data, ensure_volume_directory(engine, volume.name));
  TRY_SET(Inside inside, Inside::start_beneath(engine, data, [&](const ContainerRoot& root) -> Result<void> {
            ExtractOptions options;
            options.base = "/";
            options.overwrite = true;
            return extract(from, root.root, options);
          }));
  return inside.finish();
}

}  // namespace creel::engine::copy
