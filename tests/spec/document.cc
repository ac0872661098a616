// What tests/spec/check holds against the schema.
//   spec-document default|rootless|rich|seccomp    writes a config.json
//   spec-document read < config.json               reads one: silent, or one line on stderr and 1
//   spec-document again < config.json              reads one and writes it
#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>

#include "engine/runtime/spec_json.h"
#include "tests/unit/runtime/rich_spec.h"

using namespace creel;
using namespace creel::engine::runtime;

namespace {

int complain(const Error& error) {
  std::cerr << error.text << "\n";
  return 1;
}

int write(const Spec& spec) {
  auto text = to_json_text(spec);
  if (!text.ok()) return complain(text.error());
  std::cout << *text;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc == 2 ? argv[1] : "";
  if (what == "default" || what == "rootless") {
    std::cout << default_spec_json(what == "rootless");
    return 0;
  }
  if (what == "rich" || what == "seccomp") {
    Spec spec = tests::rich_spec();
    if (what == "seccomp") spec.seccomp.kind = SeccompKind::kDefault;
    return write(spec);
  }
  if (what != "read" && what != "again") return 2;
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  auto spec = spec_from_json(text);
  if (!spec.ok()) return complain(spec.error());
  return what == "read" ? 0 : write(*spec);
}
